using System.Globalization;
using Touchmark.Vault.Review.Learning;

namespace Touchmark.Vault.Review.Sensors;

/// <summary>
/// One channel's normal at this site: its course over a job by phase, its noise, its envelope; and, of each statistic that is judged, how large it usually is here. A statistic is
/// never judged by a figure that was chosen for another sensor: it has to be far out among what it was in the jobs before, each taken before its job was learned.
/// </summary>
internal sealed class ChannelModel
{
    /// <summary>Jobs from which on the channel is judged.</summary>
    public const int Enough = 8;

    private const int FewestPhases = 6;
    private const double SlowAllowance = 0.5;
    private const double SlowAlarm = 12;
    private const double Farthest = 100;

    private readonly RobustMoments[] _course = [.. Enumerable.Range(0, ChannelFeatures.MaxPhases).Select(_ => new RobustMoments())];
    private readonly RobustMoments[] _envelope = [new(), new(), new()];
    private readonly RobustMoments _noise = new();
    private readonly Usual _level = new(0, 1.5, leastToTell: 3);
    private readonly Usual _drift = new(0, 1.5, leastToTell: 3);
    private readonly Usual _spike = new(5, 0.45, leastToTell: 7, ratio: true);
    private readonly Usual _stuck = new(4, 0.45, leastToTell: 10, ratio: true);
    private double _rising;
    private double _falling;

    public long Jobs { get; private set; }

    public bool IsJudged => Jobs >= Enough;

    /// <summary>The channel's unit in the job that was learned last.</summary>
    public string Unit { get; private set; } = "";

    /// <summary>How far each phase of <paramref name="profile"/> lies from this channel's course, in scales; phases that are hardly known are left out.</summary>
    public IEnumerable<(int Phase, double Distance)> Distances(IEnumerable<(int Phase, double Median)> profile) =>
        profile.Where(phase => _course[phase.Phase].Count >= Enough / 2).Select(phase => (phase.Phase, Distance(phase.Phase, phase.Median)));

    public bool Knows(int phase) => _course[phase].Count >= Enough / 2;

    public double Distance(int phase, double value) => _course[phase].Distance(value, Floor(_course[phase].Location));

    /// <summary>Where the job lies as a whole: the median of its phases' distances, or that of its mean where only the envelope is known.</summary>
    public double Offset(ChannelFeatures job) => job.Profile.Count > 0
        ? Statistics.Median(Distances(job.Profile).Select(phase => phase.Distance))
        : _envelope[1].Distance(job.Mean, Floor(_envelope[1].Location));

    /// <summary>What is unlike the jobs before. Empty until there are <see cref="Enough"/>.</summary>
    public IEnumerable<SensorFault> Judge(ChannelFeatures job)
    {
        if (!IsJudged)
        {
            yield break;
        }

        if (job.Profile.Count == 0)
        {
            if (EnvelopeFault(job) is { } outside)
            {
                yield return outside;
            }

            yield break;
        }

        var seen = Measure(job);
        if (_stuck.Distance(seen.Stuck) is > 0 and var stuck)
        {
            yield return new(SensorFaultKind.Stuck, job.Channel, stuck, Say(
                $"{job.Channel} did not move for {job.Run} samples from {job.RunAt:F0} s on; usually the longest stretch is about {_stuck.Typical:F0}"));
        }

        if (_spike.Distance(seen.Spike) is > 0 and var spike)
        {
            yield return new(SensorFaultKind.Spike, job.Channel, spike, Say(
                $"{job.Channel} jumped by {job.Jump:G4} {job.Unit} at {job.JumpAt:F0} s and back; its noise is {_noise.Location:G3} {job.Unit}"));
        }

        var (shift, drift) = (_level.Distance(seen.Offset), _drift.Distance(seen.Drift));
        if (Math.Max(shift, drift) > 0)
        {
            yield return new(SensorFaultKind.Drift, job.Channel, Math.Max(shift, drift), shift >= drift
                ? Say($"{job.Channel} was {Math.Abs(seen.Offset):F1} scales {(seen.Offset > 0 ? "above" : "below")} its usual course (mean {job.Mean:G4} {job.Unit}, usually {_envelope[1].Location:G4})")
                : Say($"{job.Channel} moved {Math.Abs(seen.Drift):F1} scales {(seen.Drift > 0 ? "up" : "down")} against its usual course while the job ran"));
        }

        var (rising, falling) = Slow(seen.Offset);
        if (Math.Max(rising, falling) >= SlowAlarm)
        {
            yield return new(SensorFaultKind.SlowDrift, job.Channel, 5 * Math.Max(rising, falling) / SlowAlarm, Say(
                $"{job.Channel} has been {(rising > falling ? "above" : "below")} its usual course in job after job"));
        }
    }

    /// <summary>Takes a job as normal.</summary>
    public void Learn(ChannelFeatures job)
    {
        Unit = job.Unit;
        if (job.Profile.Count > 0)
        {
            var seen = Measure(job);
            _noise.Learn(job.Noise);
            _spike.Learn(seen.Spike);
            _stuck.Learn(seen.Stuck);
            if (IsJudged)
            {
                _level.Learn(seen.Offset);
                _drift.Learn(seen.Drift);
                var slow = Slow(seen.Offset);
                (_rising, _falling) = Math.Max(slow.Rising, slow.Falling) < SlowAlarm ? slow : default;
            }

            foreach (var (phase, median) in job.Profile)
            {
                _course[phase].Learn(median);
            }
        }

        _envelope[0].Learn(job.Min);
        _envelope[1].Learn(job.Mean);
        _envelope[2].Learn(job.Max);
        Jobs++;
    }

    /// <summary>A reviewer has said that what moved slowly is normal.</summary>
    public void Settle() => (_rising, _falling) = (0, 0);

    public void Write(PackedNumbers state)
    {
        state.Put(Jobs);
        state.Put(_rising);
        state.Put(_falling);
        foreach (var moments in All())
        {
            moments.Write(state);
        }
    }

    public static ChannelModel Read(string unit, PackedNumbers state)
    {
        var model = new ChannelModel { Unit = unit, Jobs = state.TakeCount(int.MaxValue), _rising = state.Take(), _falling = state.Take() };
        foreach (var moments in model.All())
        {
            moments.Restore(state);
        }

        return model;
    }

    private IEnumerable<RobustMoments> All() => [_noise, .. _envelope, _level.Moments, _drift.Moments, _spike.Moments, _stuck.Moments, .. _course];

    private (double Rising, double Falling) Slow(double offset)
    {
        var step = Math.Clamp(offset, -3, 3);
        return (Math.Max(0, _rising + step - SlowAllowance), Math.Max(0, _falling - step - SlowAllowance));
    }

    private (double Offset, double Drift, double Spike, double Stuck) Measure(ChannelFeatures job)
    {
        var distances = Distances(job.Profile).Select(phase => Math.Clamp(phase.Distance, -Farthest, Farthest)).ToList();
        var noise = _noise.Count > 0 ? Math.Max(_noise.Location, Tiny(job.Mean)) : Math.Max(job.Noise, Tiny(job.Mean));
        return (Statistics.Median(distances), WithinJob(distances), job.Jump / noise, job.Run);
    }

    /// <summary>The farthest that the mean of four phases in a row moves away from where the job began.</summary>
    private static double WithinJob(List<double> distances)
    {
        const int Window = 4;
        if (distances.Count < FewestPhases)
        {
            return 0;
        }

        var began = Statistics.Median(distances.Take(Math.Max(3, distances.Count / 3)));
        return Enumerable.Range(0, distances.Count - Window + 1).Select(i => distances.Skip(i).Take(Window).Average() - began).MaxBy(Math.Abs);
    }

    private SensorFault? EnvelopeFault(ChannelFeatures job)
    {
        (string Name, double Value, double Distance)[] bounds =
        [
            .. new[] { ("minimum", job.Min), ("mean", job.Mean), ("maximum", job.Max) }
                .Select((bound, i) => (bound.Item1, bound.Item2, _envelope[i].Distance(bound.Item2, Floor(_envelope[i].Location)))),
        ];
        var worst = bounds.MaxBy(bound => Math.Abs(bound.Distance));
        var usual = _envelope[Array.IndexOf(bounds, worst)];
        return Math.Abs(worst.Distance) < 3 ? null : new(SensorFaultKind.Drift, job.Channel, Math.Abs(worst.Distance), Say(
            $"the {worst.Name} of {job.Channel} was {worst.Value:G4} {job.Unit}; usually it is {usual.Location:G4} ± {usual.Scale:G2}"));
    }

    /// <summary>No scale below the sensor's own noise is believed, nor below what rounding leaves of the value.</summary>
    private double Floor(double value) => Math.Max(_noise.Location, Tiny(value));

    private static string Say(FormattableString words) => words.ToString(CultureInfo.InvariantCulture);

    private static double Tiny(double value) => Math.Max(Math.Abs(value) * 1e-4, 1e-9);

    /// <summary>What a statistic usually is: by an assumption at first, then by what it was.</summary>
    /// <param name="typical">The location that is assumed.</param>
    /// <param name="spread">The scale that is assumed, and a third of it the least that is believed.</param>
    /// <param name="leastToTell">What is smaller is nothing to speak of.</param>
    /// <param name="ratio">Whether it is the largest of many, which is learned by its logarithm: a scale is then a factor.</param>
    private sealed class Usual(double typical, double spread, double leastToTell, bool ratio = false)
    {
        public RobustMoments Moments { get; } = new();

        public double Typical => Moments.Count < Enough ? typical : ratio ? Math.Exp(Moments.Location) - 1 : Moments.Location;

        public void Learn(double statistic) => Moments.Learn(Of(statistic));

        /// <summary>How many scales out, on either side, or above where it is a ratio; 0 where it is too small to be told from nothing.</summary>
        public double Distance(double statistic)
        {
            var (location, scale) = Moments.Count < Enough ? (Of(typical), spread) : (Moments.Location, Math.Max(Moments.Scale, spread / 3));
            var distance = (Of(statistic) - location) / scale;
            return Math.Abs(statistic) < leastToTell ? 0 : ratio ? Math.Max(distance, 0) : Math.Abs(distance);
        }

        private double Of(double statistic) => ratio ? Math.Log(1 + statistic) : statistic;
    }
}
