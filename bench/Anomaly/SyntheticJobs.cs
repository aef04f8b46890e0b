using Touchmark.Bench.Attacks;
using Touchmark.Vault.Review.Sensors;

namespace Touchmark.Bench.Anomaly;

/// <summary>What was done to a job's sensors.</summary>
internal enum Fault
{
    None,
    Drift,
    Spike,
    Stuck,
    Swapped,
}

/// <summary>
/// Jobs of one printer in one hall, sampled every 5 s for 20 to 240 minutes: a bed, a nozzle and a chamber that warm up (the chamber from what the hall has at that hour), humidity that falls as
/// the chamber warms, and oxygen. Sensors have noise that hangs together in time, and a resolution; in one job of ten somebody opens the door.
/// </summary>
internal sealed class SyntheticJobs(SplitMix random, SyntheticJobs.Material material)
{
    private const double Interval = 5;

    private static readonly (string Name, string Unit, double Noise, double Resolution)[] Channels =
        [("bed", "degC", 0.15, 0.1), ("chamber", "degC", 0.25, 0.1), ("humidity", "percent", 0.4, 0.1), ("nozzle", "degC", 0.4, 0.1), ("oxygen", "percent", 0.03, 0.01)];

    // How far faults go: from what a person would just call wrong to what nobody overlooks.
    private static readonly Dictionary<string, ((double From, double To) Drift, (double From, double To) Spike)> Sizes = new(StringComparer.Ordinal)
    {
        ["bed"] = ((3, 12), (2, 15)),
        ["chamber"] = ((4, 14), (2, 15)),
        ["humidity"] = ((6, 20), (4, 25)),
        ["nozzle"] = ((4, 15), (4, 20)),
        ["oxygen"] = ((0.3, 1.5), (0.3, 3)),
    };

    internal sealed record Material(string Name, double Bed, double Nozzle, double Warms);

    public static IReadOnlyList<Material> Materials { get; } = [new("PLA", 60, 210, 8), new("PETG", 80, 240, 14), new("ABS", 100, 250, 28)];

    public IReadOnlyList<ChannelSeries> Next(Fault fault)
    {
        var seconds = Enumerable.Range(0, (int)(60 * Math.Exp(random.Between(Math.Log(20), Math.Log(240))) / Interval)).Select(i => i * Interval).ToArray();
        var hall = 21 + (2 * Math.Sin(random.Between(0, 2 * Math.PI))) + Normal(0.8);
        var outside = 45 + Normal(5);
        var warms = material.Warms * (1 + Normal(0.04));
        var opened = random.Between(0, 1) < 0.1 ? random.Between(0, seconds[^1]) : double.NaN;
        var (bedOff, nozzleOff, oxygenOff) = (Normal(0.2), Normal(0.4), Normal(0.02));
        var series = Channels.Select(channel => (channel.Name, channel.Unit, Values: Sampled(channel, seconds, at => channel.Name switch
        {
            "bed" => hall + ((material.Bed + bedOff - hall) * (1 - Math.Exp(-at / 70))),
            "nozzle" => hall + ((material.Nozzle + nozzleOff - hall) * (1 - Math.Exp(-at / 35))),
            "chamber" => Chamber(at),
            "humidity" => outside * Math.Exp(-0.055 * (Chamber(at) - hall)),
            _ => 20.9 + oxygenOff,
        }))).ToList();
        Spoil(fault, series);
        return [.. series.Select(channel => new ChannelSeries(channel.Name, channel.Unit, seconds, channel.Values))];

        double Chamber(double at) => hall + (warms * (1 - Math.Exp(-at / 1500))) - (at >= opened ? 3 * Math.Exp(-(at - opened) / 180) : 0);
    }

    private void Spoil(Fault fault, List<(string Name, string Unit, double[] Values)> series)
    {
        var chosen = (int)random.Between(0, series.Count);
        var (name, _, values) = series[chosen];
        var sign = random.Between(0, 1) < 0.5 ? -1 : 1;
        switch (fault)
        {
            case Fault.Drift:
                var begins = (int)(values.Length * random.Between(0.1, 0.5));
                var slope = sign * Between(Sizes[name].Drift) / (values.Length - begins);
                for (var i = begins; i < values.Length; i++)
                {
                    values[i] += slope * (i - begins);
                }

                break;
            case Fault.Spike:
                for (var count = (int)random.Between(1, 5); count > 0; count--)
                {
                    var at = (int)random.Between(4, values.Length - 6);
                    var size = sign * Between(Sizes[name].Spike);
                    for (var i = at; i < at + (int)random.Between(1, 3); i++)
                    {
                        values[i] += size;
                    }
                }

                break;
            case Fault.Stuck:
                var freezes = (int)(values.Length * random.Between(0.05, 0.6));
                var thaws = freezes + (int)((values.Length - freezes) * random.Between(0.4, 1));
                values.AsSpan(freezes, thaws - freezes).Fill(values[freezes]);
                break;
            case Fault.Swapped:
                var other = (chosen + 1 + (int)random.Between(0, series.Count - 1)) % series.Count;
                var from = random.Between(0, 1) < 0.5 ? 0 : (int)(values.Length * random.Between(0, 0.6));
                for (var i = from; i < values.Length; i++)
                {
                    (values[i], series[other].Values[i]) = (series[other].Values[i], values[i]);
                }

                break;
        }
    }

    private double[] Sampled((string Name, string Unit, double Noise, double Resolution) channel, double[] seconds, Func<double, double> truth)
    {
        var wander = 0.0;
        return [.. seconds.Select(at =>
        {
            wander = (0.97 * wander) + Normal(channel.Noise * 0.24);
            return Math.Round((truth(at) + wander + Normal(channel.Noise * 0.5)) / channel.Resolution) * channel.Resolution;
        })];
    }

    private double Between((double From, double To) range) => random.Between(range.From, range.To);

    /// <summary>By Box and Muller.</summary>
    private double Normal(double deviation) => deviation * Math.Sqrt(-2 * Math.Log(random.Between(1e-12, 1))) * Math.Cos(random.Between(0, 2 * Math.PI));
}
