using System.Globalization;
using Touchmark.Evidence.Cbor;
using Touchmark.Vault.Review.Learning;

namespace Touchmark.Vault.Review.Sensors;

/// <summary>
/// The normal of all channels of a printer: each by itself (<see cref="ChannelModel"/>), and how they go together. Learned job by job, in bounded memory: at most
/// <see cref="MostChannels"/> channels of a fixed size each. Equal jobs in equal order make equal bytes of state.
/// </summary>
internal sealed class SensorModel
{
    public const int MostChannels = 64;

    /// <summary>Changes with every change of what is computed from the same jobs.</summary>
    public const string Version = "1";

    private readonly SortedDictionary<string, ChannelModel> _channels = new(StringComparer.Ordinal);
    private readonly JointModel _joint = new();

    public long Jobs { get; private set; }

    public IReadOnlyDictionary<string, ChannelModel> Channels => _channels;

    /// <summary>What is unlike this site's normal, the most unlike first; where several explain the same channel, the first kind of <see cref="SensorFaultKind"/> stands for them.</summary>
    public IReadOnlyList<SensorFault> Judge(IReadOnlyList<ChannelFeatures> job)
    {
        var swapped = Swaps(job).ToList();
        var taken = swapped.SelectMany(fault => new[] { fault.Channel, fault.Other! }).ToHashSet(StringComparer.Ordinal);
        var alone = job.Where(channel => !taken.Contains(channel.Channel) && _channels.ContainsKey(channel.Channel))
            .SelectMany(channel => Strongest(_channels[channel.Channel].Judge(channel))).ToList();
        var together = _joint.Judge(Offsets(job));
        return [.. swapped.Concat(alone).Concat(together is null ? [] : [together]).OrderByDescending(fault => fault.Distance)];
    }

    /// <summary>Takes a job as normal. Channels beyond <see cref="MostChannels"/> are not learned.</summary>
    public void Learn(IReadOnlyList<ChannelFeatures> job)
    {
        _joint.Learn(Offsets(job));
        foreach (var channel in job)
        {
            if (!_channels.TryGetValue(channel.Channel, out var model))
            {
                if (_channels.Count == MostChannels)
                {
                    continue;
                }

                _channels[channel.Channel] = model = new ChannelModel();
            }

            model.Learn(channel);
        }

        Jobs++;
    }

    /// <summary>A reviewer has said that what was found in these channels is normal here.</summary>
    public void Settle(IReadOnlyList<ChannelFeatures> job)
    {
        foreach (var channel in job)
        {
            _channels.GetValueOrDefault(channel.Channel)?.Settle();
        }
    }

    public CborMap ToCbor() => CborMap.Of(
        ("version", Version),
        ("jobs", Jobs),
        ("channels", new CborArray([.. _channels.Select(channel => CborMap.Of(("name", channel.Key), ("unit", channel.Value.Unit), ("state", PackedNumbers.Of(channel.Value.Write))))])),
        ("joint", _joint.ToCbor()));

    public static SensorModel Read(CborFields fields)
    {
        var model = new SensorModel { Jobs = fields.Integer("jobs") };
        if (fields.Text("version") != Version)
        {
            fields.Refuse("version", "of another version");
        }

        foreach (var (name, channel) in fields.Maps("channels", MostChannels, ReadChannel))
        {
            model._channels[name] = channel;
        }

        model._joint.Restore(fields);
        return model;
    }

    private static (string, ChannelModel) ReadChannel(CborFields fields)
    {
        var name = fields.Text("name");
        var state = new PackedNumbers(fields.Bytes("state", 0, 16 << 10).Span);
        var channel = ChannelModel.Read(fields.Text("unit"), state);
        if (!state.IsWhole)
        {
            fields.Refuse("state", "not a channel's state");
        }

        return (name, channel);
    }

    private List<(string Channel, double Offset)> Offsets(IReadOnlyList<ChannelFeatures> job) =>
        [.. job.Where(channel => _channels.GetValueOrDefault(channel.Channel) is { IsJudged: true }).Select(channel => (channel.Channel, Math.Clamp(_channels[channel.Channel].Offset(channel), -8, 8)))];

    /// <summary>One fault a channel: the first kind that is sure, or the farthest out.</summary>
    private static IEnumerable<SensorFault> Strongest(IEnumerable<SensorFault> faults)
    {
        var all = faults.OrderBy(fault => fault.Kind).ToList();
        var sure = all.FirstOrDefault(fault => Statistics.Score(fault.Distance) >= 0.5) ?? all.MaxBy(fault => fault.Distance);
        return sure is null ? [] : [sure];
    }

    /// <summary>Pairs of channels of which each fits the other's normal, and not its own, over a stretch of phases.</summary>
    private IEnumerable<SensorFault> Swaps(IReadOnlyList<ChannelFeatures> job)
    {
        var known = job.Where(channel => channel.Profile.Count > 0 && _channels.GetValueOrDefault(channel.Channel) is { IsJudged: true }).ToList();
        for (var i = 0; i < known.Count; i++)
        {
            for (var j = i + 1; j < known.Count; j++)
            {
                if (SwapGain(known[i], known[j]) is >= 12 and var gain)
                {
                    yield return new(SensorFaultKind.Swapped, known[i].Channel, gain / 3, string.Create(CultureInfo.InvariantCulture,
                        $"{known[i].Channel} reads like {known[j].Channel} and the other way round (means {known[i].Mean:G4} and {known[j].Mean:G4})"), known[j].Channel);
                }
            }
        }
    }

    /// <summary>By how many scales the other's normal fits better than the own, summed over the best stretch of phases. A phase counts for 12 at most, and less one for the doubt.</summary>
    private double SwapGain(ChannelFeatures first, ChannelFeatures second)
    {
        const double Clip = 6;
        var (a, b) = (_channels[first.Channel], _channels[second.Channel]);
        var others = second.Profile.ToDictionary(phase => phase.Phase, phase => phase.Median);
        double best = 0, sum = 0;
        foreach (var (phase, value) in first.Profile)
        {
            if (!others.TryGetValue(phase, out var other) || !a.Knows(phase) || !b.Knows(phase))
            {
                continue;
            }

            var own = Clipped(a.Distance(phase, value)) + Clipped(b.Distance(phase, other));
            var crossed = Clipped(a.Distance(phase, other)) + Clipped(b.Distance(phase, value));
            sum = Math.Max(0, sum + own - crossed - 1);
            best = Math.Max(best, sum);
        }

        return best;

        static double Clipped(double distance) => Math.Min(Math.Abs(distance), Clip);
    }
}
