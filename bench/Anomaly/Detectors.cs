using Touchmark.Vault.Review.Learning;
using Touchmark.Vault.Review.Sensors;

namespace Touchmark.Bench.Anomaly;

/// <summary>Says of a job whether it is unlike those before.</summary>
internal interface IDetector
{
    string Name { get; }

    /// <summary>Jobs that are taken as normal, before anything is judged.</summary>
    void Train(IReadOnlyList<IReadOnlyList<ChannelSeries>> jobs);

    bool Flags(IReadOnlyList<ChannelSeries> job);
}

/// <summary>The vault's own, as it is delivered: nothing is set for a series.</summary>
internal sealed class VaultDetector(Phases phases, bool learnsOn) : IDetector
{
    private readonly SensorModel _model = new();

    public string Name => "vault";

    /// <summary>What the job that was judged last was found to be.</summary>
    public SensorFault? Found { get; private set; }

    public void Train(IReadOnlyList<IReadOnlyList<ChannelSeries>> jobs)
    {
        foreach (var job in jobs)
        {
            _model.Learn(Features(job));
        }
    }

    public bool Flags(IReadOnlyList<ChannelSeries> job)
    {
        var features = Features(job);
        Found = _model.Judge(features).FirstOrDefault(fault => Statistics.Score(fault.Distance) >= 0.5);
        if (learnsOn)
        {
            _model.Learn(features);
        }

        return Found is not null;
    }

    private List<ChannelFeatures> Features(IReadOnlyList<ChannelSeries> job) => [.. job.Select(series => ChannelFeatures.Of(series, phases))];
}

/// <summary>Flags a job whose statistic is larger than that of 98 % of the jobs that it was trained with.</summary>
internal abstract class Calibrated : IDetector
{
    private double _limit;

    public abstract string Name { get; }

    public void Train(IReadOnlyList<IReadOnlyList<ChannelSeries>> jobs)
    {
        Fit(jobs);
        var sorted = jobs.Select(Statistic).Order().ToList();
        _limit = sorted[(int)(0.98 * (sorted.Count - 1))];
    }

    public bool Flags(IReadOnlyList<ChannelSeries> job) => Statistic(job) > _limit;

    protected abstract void Fit(IReadOnlyList<IReadOnlyList<ChannelSeries>> jobs);

    protected abstract double Statistic(IReadOnlyList<ChannelSeries> job);
}

/// <summary>How far a sample lies outside of what a channel's samples were while training, in parts of their range.</summary>
internal sealed class ThresholdDetector : Calibrated
{
    private readonly Dictionary<string, (double Low, double High)> _bounds = new(StringComparer.Ordinal);

    public override string Name => "threshold";

    protected override void Fit(IReadOnlyList<IReadOnlyList<ChannelSeries>> jobs)
    {
        foreach (var channel in jobs.SelectMany(job => job).GroupBy(series => series.Channel, StringComparer.Ordinal))
        {
            // A hundredth of a percent on either side is left out: one bad sample must not set the bounds.
            var sorted = channel.SelectMany(series => series.Values).Order().ToList();
            var spare = sorted.Count / 10_000;
            _bounds[channel.Key] = (sorted[spare], sorted[^(spare + 1)]);
        }
    }

    protected override double Statistic(IReadOnlyList<ChannelSeries> job) => job.Max(series =>
    {
        var (low, high) = _bounds[series.Channel];
        return Math.Max(low - series.Values.Min(), series.Values.Max() - high) / Math.Max(high - low, 1e-9);
    });
}

/// <summary>How far a sample lies from the mean of a sliding window before it, in the window's standard deviations: the windowed Gaussian that the Numenta benchmark has as its baseline.</summary>
internal sealed class WindowedGaussian(int window) : Calibrated
{
    public override string Name => "windowed Gaussian";

    protected override void Fit(IReadOnlyList<IReadOnlyList<ChannelSeries>> jobs)
    {
    }

    protected override double Statistic(IReadOnlyList<ChannelSeries> job) => job.Max(series => Farthest(series.Values));

    private double Farthest(IReadOnlyList<double> values)
    {
        double sum = 0, squares = 0, farthest = 0;
        for (var i = 0; i < values.Count; i++)
        {
            if (i >= window)
            {
                var mean = sum / window;
                var deviation = Math.Sqrt(Math.Max((squares / window) - (mean * mean), 0));
                farthest = Math.Max(farthest, Math.Abs(values[i] - mean) / Math.Max(deviation, 1e-3));
                sum -= values[i - window];
                squares -= values[i - window] * values[i - window];
            }

            sum += values[i];
            squares += values[i] * values[i];
        }

        return farthest;
    }
}
