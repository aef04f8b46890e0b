using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Vault.Review.Learning;
using Touchmark.Vault.Review.Sensors;

namespace Touchmark.Vault.Review;

/// <summary>
/// What is looked at of one job and is not in its bundle: features of the samples and of the toolpath. Kept beside the index, so that models can be trained anew. Where it is lost, the bundle's own
/// envelope and slicer stand in (<see cref="Of(EvidenceBundle)"/>).
/// </summary>
internal sealed record Observation
{
    private const int MostNumbers = 16;

    public required IReadOnlyList<ChannelFeatures> Channels { get; init; }

    /// <summary>The profile's name and the hash of its settings, where the toolpath has them.</summary>
    public string? Profile { get; init; }

    /// <summary>Features of the toolpath by name, such as the layer's height.</summary>
    public IReadOnlyDictionary<string, double> Toolpath { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);

    public static Observation Of(Reviewed reviewed)
    {
        var draft = reviewed.Draft;
        var sampled = reviewed.Series.Where(series => series.Value.Values.Count > 0 && series.Value.Values.All(double.IsFinite) && series.Value.PeriodSeconds > 0)
            .OrderBy(series => series.Key, StringComparer.Ordinal)
            .Select(series => ChannelFeatures.Of(new ChannelSeries(
                series.Key,
                draft.SensorEnvelope.GetValueOrDefault(series.Key)?.Unit ?? "",
                [.. Enumerable.Range(0, series.Value.Values.Count).Select(i => i * series.Value.PeriodSeconds)],
                series.Value.Values))).ToList();
        var known = sampled.Select(channel => channel.Channel).ToHashSet(StringComparer.Ordinal);
        return Of(draft) with
        {
            Channels = [.. sampled.Concat(Envelopes(draft).Where(channel => !known.Contains(channel.Channel)))],
            Profile = reviewed.Toolpath is { } toolpath ? ToolpathFeatures.Profile(toolpath) : null,
            Toolpath = reviewed.Toolpath is { } path ? ToolpathFeatures.Numbers(path) : new Dictionary<string, double>(StringComparer.Ordinal),
        };
    }

    public static Observation Of(EvidenceBundle bundle) => new() { Channels = [.. Envelopes(bundle)] };

    public CborMap ToCbor() => CborMap.Of(
        ("channels", new CborArray([.. Channels.Select(Write)])),
        ("profile", Profile is null ? null : new CborText(Profile)),
        ("toolpath", new CborMap([.. Toolpath.OrderBy(feature => feature.Key, StringComparer.Ordinal).Select(feature => new KeyValuePair<CborValue, CborValue>(feature.Key, feature.Value))])));

    public static Observation Read(CborFields fields) => new()
    {
        Channels = fields.Maps("channels", EvidenceBundle.MaxChannels, ReadChannel),
        Profile = fields.OptionalText("profile", 512),
        Toolpath = fields.Map("toolpath", numbers => ToolpathFeatures.Names.Where(numbers.Has).Take(MostNumbers).ToDictionary(name => name, name => numbers.Number(name), StringComparer.Ordinal)),
    };

    private static IEnumerable<ChannelFeatures> Envelopes(EvidenceBundle bundle) => bundle.SensorEnvelope.OrderBy(channel => channel.Key, StringComparer.Ordinal)
        .Select(channel => new ChannelFeatures { Channel = channel.Key, Unit = channel.Value.Unit, Min = channel.Value.Min, Max = channel.Value.Max, Mean = channel.Value.Mean });

    private static CborMap Write(ChannelFeatures channel) => CborMap.Of(
        ("channel", channel.Channel),
        ("unit", channel.Unit),
        ("state", PackedNumbers.Of(state =>
        {
            foreach (var number in new[] { channel.Min, channel.Max, channel.Mean, channel.Noise, channel.Jump, channel.JumpAt, channel.Run, channel.RunAt, channel.Profile.Count })
            {
                state.Put(number);
            }

            foreach (var (phase, median) in channel.Profile)
            {
                state.Put(phase);
                state.Put(median);
            }
        })));

    private static ChannelFeatures ReadChannel(CborFields fields)
    {
        var state = new PackedNumbers(fields.Bytes("state", 0, 8 << 10).Span);
        var channel = new ChannelFeatures
        {
            Channel = fields.Text("channel", 64), Unit = fields.Text("unit", 16),
            Min = state.Take(), Max = state.Take(), Mean = state.Take(), Noise = state.Take(), Jump = state.Take(), JumpAt = state.Take(), Run = state.TakeCount(int.MaxValue), RunAt = state.Take(),
            Profile = [.. Enumerable.Range(0, state.TakeCount(ChannelFeatures.MaxPhases)).Select(_ => (state.TakeCount(ChannelFeatures.MaxPhases - 1), state.Take()))],
        };
        if (!state.IsWhole)
        {
            fields.Refuse("state", "not a channel's features");
        }

        return channel;
    }
}
