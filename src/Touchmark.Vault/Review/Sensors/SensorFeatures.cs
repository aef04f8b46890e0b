using Touchmark.Vault.Review.Learning;

namespace Touchmark.Vault.Review.Sensors;

/// <summary>Samples of one channel over one job.</summary>
/// <param name="Channel">For example <c>chamber</c>.</param>
/// <param name="Unit">For example <c>degC</c>.</param>
/// <param name="Seconds">Since the job's start, ascending, s.</param>
/// <param name="Values">One for each time.</param>
internal sealed record ChannelSeries(string Channel, string Unit, IReadOnlyList<double> Seconds, IReadOnlyList<double> Values);

/// <summary>What a phase of a job is: the time since its start in steps that grow with it (what warms up changes fast at first), or, for what follows the day, the half hour of the day.</summary>
internal enum Phases
{
    SinceStart = 0,
    TimeOfDay = 1,
}

/// <summary>What is looked at of one channel of one job. It needs no model, so it is kept and learned from again when a model is trained anew.</summary>
internal sealed record ChannelFeatures
{
    public const int MaxPhases = 64;

    public required string Channel { get; init; }

    public required string Unit { get; init; }

    public required double Min { get; init; }

    public required double Max { get; init; }

    public required double Mean { get; init; }

    /// <summary>The median of each phase that has samples; empty where only the envelope is known.</summary>
    public IReadOnlyList<(int Phase, double Median)> Profile { get; init; } = [];

    /// <summary>Scale of what is left of a sample when its neighbours' median is taken away, in the channel's unit; the sensor's resolution where that is larger.</summary>
    public double Noise { get; init; }

    /// <summary>The farthest that one sample lies from its neighbours' median.</summary>
    public double Jump { get; init; }

    /// <summary>When, s since the start.</summary>
    public double JumpAt { get; init; }

    /// <summary>Most samples in a row that hardly differ (by less than a tenth of the noise).</summary>
    public int Run { get; init; }

    public double RunAt { get; init; }

    public static ChannelFeatures Of(ChannelSeries series, Phases phases = Phases.SinceStart)
    {
        var values = series.Values;
        var residuals = Residuals(values);
        var resolution = values.Zip(values.Skip(1), (a, b) => Math.Abs(b - a)).Where(step => step > 0).DefaultIfEmpty(0).Min();
        var noise = Math.Max(Statistics.Scale(residuals, 0), resolution / 2);
        var jump = residuals.Length == 0 ? 0 : Enumerable.Range(0, residuals.Length).MaxBy(i => Math.Abs(residuals[i]));
        var (run, runAt) = LongestRun(values, noise / 10);
        return new ChannelFeatures
        {
            Channel = series.Channel,
            Unit = series.Unit,
            Min = values.DefaultIfEmpty(0).Min(),
            Max = values.DefaultIfEmpty(0).Max(),
            Mean = values.DefaultIfEmpty(0).Average(),
            Profile = [.. series.Seconds.Zip(values).GroupBy(sample => Phase(sample.First, phases)).OrderBy(phase => phase.Key)
                .Select(phase => (phase.Key, Statistics.Median(phase.Select(sample => sample.Second))))],
            Noise = noise,
            Jump = residuals.Length == 0 ? 0 : Math.Abs(residuals[jump]),
            JumpAt = residuals.Length == 0 ? 0 : series.Seconds[jump],
            Run = run,
            RunAt = values.Count == 0 ? 0 : series.Seconds[runAt],
        };
    }

    /// <summary>Six phases to a doubling of the time since the start, from a minute on; the last begins after a day.</summary>
    private static int Phase(double seconds, Phases phases) => phases == Phases.TimeOfDay
        ? (int)(seconds / 1800) % 48
        : Math.Clamp((int)(6 * Math.Log2(1 + (Math.Max(seconds, 0) / 60))), 0, MaxPhases - 1);

    /// <summary>Each sample less the median of itself and its three neighbours on either side: a step or a slope leaves nothing, a spike all of itself.</summary>
    private static double[] Residuals(IReadOnlyList<double> values)
    {
        const int Reach = 3;
        if (values.Count < (2 * Reach) + 1)
        {
            return [];
        }

        var residuals = new double[values.Count];
        var window = new double[(2 * Reach) + 1];
        for (var i = Reach; i < values.Count - Reach; i++)
        {
            for (var k = 0; k < window.Length; k++)
            {
                window[k] = values[i - Reach + k];
            }

            Array.Sort(window);
            residuals[i] = values[i] - window[Reach];
        }

        return residuals;
    }

    private static (int Length, int At) LongestRun(IReadOnlyList<double> values, double tolerance)
    {
        int longest = 0, at = 0, start = 0;
        for (var i = 0; i < values.Count; i++)
        {
            if (Math.Abs(values[i] - values[start]) > tolerance)
            {
                start = i;
            }

            if (i - start + 1 > longest)
            {
                (longest, at) = (i - start + 1, start);
            }
        }

        return (longest, at);
    }
}
