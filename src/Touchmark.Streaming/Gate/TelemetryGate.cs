using System.Globalization;
using Touchmark.GCode;

namespace Touchmark.Streaming;

/// <summary>Why the gate no longer believes what telemetry shows.</summary>
internal sealed record GateVerdict(EndReason Reason, string Text);

/// <summary>
/// Decides from telemetry which segments the printer has physically executed. Motion is aligned with the planned path; waits are over when their cause is
/// seen to be over. The verdict falls when samples leave the path, stand still, run ahead of time, or the filament does not follow.
/// </summary>
/// <remarks>This is where challenges will be judged as well: a challenge is a segment like any other, with a plan of its own.</remarks>
internal sealed class TelemetryGate
{
    private readonly PlanTimeline _timeline = new();
    private readonly PathAligner _aligner;
    private readonly ExtrusionCheck _extrusion;
    private readonly Queue<Outside> _outside = new();
    private readonly Queue<SampleResidual> _evidence = new(GateLimits.EvidenceSamples);
    private readonly bool _followsFilament;
    private Barrier? _barrier;
    private RaisedHead? _raised;
    private bool _atBarrier;
    private ulong _sent;
    private ulong _answered;
    private double _time = double.NaN;
    private Moment _heard;
    private Waited _still;
    private Waited _unanswered;
    private Waited _inSegment;
    private double _offPath;
    private int _offPathSamples;
    private double _lead;
    private double _verifiedEnd;
    private double _executedBefore;

    /// <param name="extruders">How many the job uses: with more than one, the filament position belongs now to this and now to that one, and is not judged.</param>
    public TelemetryGate(int extruders)
    {
        _aligner = new PathAligner(_timeline);
        _extrusion = new ExtrusionCheck(_timeline);
        _followsFilament = extruders <= 1;
    }

    /// <summary>Segments from the first on whose execution is confirmed.</summary>
    public ulong VerifiedThrough { get; private set; }

    /// <summary>Motion that has left the engine, plan seconds.</summary>
    public double SentSeconds => _timeline.End;

    /// <summary>Motion that was seen executed, plan seconds.</summary>
    public double ExecutedSeconds => Math.Max(_aligner.Progress, _executedBefore);

    /// <summary>Whether a wait was sent that is not over: what comes after it is not needed yet.</summary>
    public bool IsWaiting => _barrier is not null;

    public GateVerdict? Verdict { get; private set; }

    /// <summary>The latest samples and how they compare, oldest first.</summary>
    public IReadOnlyList<SampleResidual> Evidence => [.. _evidence];

    /// <summary>The next segment has left the engine. Nothing is sent after a barrier until it is verified.</summary>
    public void Add(SegmentPlan plan)
    {
        _sent++;
        _timeline.Append(plan);
        _outside.Enqueue(new Outside(_sent, _timeline.End, plan));
        if (plan.Kind != SegmentKind.Motion)
        {
            _barrier = new Barrier(plan);
            _atBarrier = false;
        }
    }

    /// <summary>What an earlier process of the engine has seen.</summary>
    public void Restore(ulong verified, double executed) => (VerifiedThrough, _executedBefore) = (verified, executed);

    /// <summary>A segment that the printer has already: the plan goes on behind it.</summary>
    public void Skip(SegmentPlan plan)
    {
        _sent++;
        _timeline.Append(plan);
        if (plan.Kind is SegmentKind.Home or SegmentKind.Macro)
        {
            _timeline.ForgetPosition();
        }
        _timeline.Trim(_timeline.End);
        _aligner.MoveToEnd(double.NaN);
    }

    /// <summary>All that the printer has is skipped: the head is to come to rest at the end of it, or the wait there to be over, before anything follows.</summary>
    public void Rejoin(SegmentPlan last)
    {
        _verifiedEnd = _timeline.End;
        if (VerifiedThrough < _sent)
        {
            VerifiedThrough = _sent - 1;
            _outside.Enqueue(new Outside(_sent, _timeline.End, last));
        }
        _barrier = new Barrier(last);
        _atBarrier = true;
    }

    /// <summary>The gateway has raised the head by so much (mm; 0: not) behind this segment, at or after this time of the printer's clock (s).</summary>
    public void Excuse(ulong segment, double raised, double since)
    {
        double end = _outside.Where(outside => outside.Number == segment).Select(static outside => outside.End).FirstOrDefault(_verifiedEnd);
        int index = _timeline.Find(end);
        _raised = raised > 0 && !_timeline.IsEmpty ? new RaisedHead(_timeline.At(end, ref index), end, raised, since) : null;
    }

    /// <summary>The printer has taken over the segments up to this one.</summary>
    public void Answered(ulong through) => _answered = Math.Clamp(through, _answered, _sent);

    /// <summary>Takes one sample that arrived <paramref name="now"/>; those that are not later than the last are ignored.</summary>
    public void Observe(in PrinterSample sample, Moment now)
    {
        if (Verdict is not null || sample.EventTime <= _time)
        {
            return;
        }
        double elapsed = double.IsNaN(_time) ? 0 : sample.EventTime - _time;
        var waited = Waited.Between(elapsed, double.IsNaN(_time) ? 0 : now.Since(_heard));
        (_time, _heard) = (sample.EventTime, now);
        if (_atBarrier)
        {
            JudgeBarrier(waited);
            Wait(sample, elapsed);
        }
        else
        {
            Follow(sample, elapsed, waited);
        }
        Confirm();
    }

    private void Follow(in PrinterSample sample, double elapsed, Waited waited)
    {
        double before = _aligner.Progress;
        double speedFactor = Math.Clamp(sample.SpeedFactor, 0.1, 10);
        if (_raised?.Explains(sample) == true && _raised.PlanSeconds - before <= _aligner.Reach(sample.EventTime, speedFactor))
        {
            _aligner.StandAt(_raised.PlanSeconds, sample.EventTime);
            _atBarrier = _barrier is not null && _aligner.Progress >= _timeline.End;
            Remember(sample);
            JudgeStanding(before, waited);
            return;
        }
        double filament = _extrusion.OnPlan(sample, before);
        bool onPath = _aligner.Advance(sample, filament, speedFactor);
        Remember(sample);
        if (!onPath && _barrier is { MovesHead: true } && _timeline.End - before <= Math.Min(GateLimits.UnseenTail, _aligner.Reach(sample.EventTime, speedFactor)))
        {
            _aligner.MoveToEnd(sample.EventTime);
            onPath = true;
        }
        JudgePlace(onPath, waited.Printer);
        JudgePace(before, elapsed * speedFactor);
        JudgeStanding(before, waited);
        if (onPath && _followsFilament && Verdict is null)
        {
            _extrusion.Compare(sample, _aligner.Progress);
            if (!_extrusion.Follows)
            {
                Suspect("the filament does not follow the plan");
            }
        }
        _timeline.Trim(_aligner.Earliest - 1);
        if (_barrier is not null && _aligner.Progress >= _timeline.End)
        {
            _atBarrier = true;
            Wait(sample, 0);
        }
    }

    private void Wait(in PrinterSample sample, double elapsed)
    {
        var barrier = _barrier!;
        barrier.Observe(sample, elapsed, _answered >= _sent);
        if (barrier.TookTooLong)
        {
            Verdict ??= new GateVerdict(EndReason.PrinterTooSlow, $"The printer took too long for {barrier.Description}.");
        }
        if (!barrier.IsOver)
        {
            return;
        }
        if (barrier.MovesHead)
        {
            _timeline.ForgetPosition();
        }
        _aligner.MoveToEnd(sample.EventTime);
        _extrusion.Release();
        _ = _extrusion.OnPlan(sample, _timeline.End);
        _barrier = null;
        _atBarrier = false;
        (_still, _unanswered, _offPath, _offPathSamples) = (default, default, 0, 0);
    }

    private void JudgePlace(bool onPath, double counted)
    {
        if (onPath)
        {
            (_offPath, _offPathSamples) = (0, 0);
            return;
        }
        _offPath += counted;
        _offPathSamples++;
        if (_offPath > GateLimits.MaxOffPath && _offPathSamples >= GateLimits.MinOffPathSamples)
        {
            Suspect(FormattableString.Invariant($"the head was {_aligner.Distance:F1} mm or more from the planned path for {_offPath:F1} s"));
        }
    }

    /// <summary>A leaky bucket: plan seconds gained at more than the impossible pace, less what moves of unknown duration explain.</summary>
    private void JudgePace(double before, double available)
    {
        double gained = _aligner.Progress - before;
        if (gained > 0)
        {
            gained -= _timeline.UncertainSeconds(before, _aligner.Progress);
        }
        _lead = Math.Max(0, _lead + gained - (available * GateLimits.ImpossiblePace));
        if (_lead > GateLimits.MaxLead)
        {
            Suspect(FormattableString.Invariant($"motion was reported {_lead:F1} s sooner than the machine can do it"));
        }
    }

    private void JudgeStanding(double before, Waited waited)
    {
        if (_aligner.Progress > before || !_outside.TryPeek(out var current))
        {
            (_still, _unanswered) = (default, default);
        }
        else if (_answered >= current.Number)
        {
            _still += waited;
        }
        else
        {
            _unanswered += waited;
        }
        _inSegment = _outside.Count == 0 ? default : _inSegment + waited;
        if (_outside.TryPeek(out current))
        {
            double allowance = GateLimits.SegmentSlack + (GateLimits.MaxSlowness * current.Plan.DurationSeconds);
            if (_still.Seconds > GateLimits.MaxStill && _aligner.Progress < current.End)
            {
                Suspect(FormattableString.Invariant($"the printer took lines over but has not moved for {_still.Seconds:F1} s"));
            }
            else if (_inSegment.Seconds > allowance + GateLimits.MaxUnanswered && current.Plan.Kind == SegmentKind.Motion)
            {
                Suspect(FormattableString.Invariant($"segment {current.Number} took {_inSegment.Seconds:F0} s instead of {current.Plan.DurationSeconds:F1} s"));
            }
            else
            {
                JudgeAnswer(current.Number);
            }
        }
    }

    /// <summary>A wait begins when the printer has taken it over; only what moves the head is answered at its end, and has a limit of its own.</summary>
    private void JudgeBarrier(Waited waited)
    {
        if (_answered < _sent && !_barrier!.MovesHead)
        {
            _unanswered += waited;
            JudgeAnswer(_sent);
        }
    }

    private void JudgeAnswer(ulong segment)
    {
        if (_unanswered.Seconds > GateLimits.MaxUnanswered)
        {
            Suspect(FormattableString.Invariant($"the printer has not taken over segment {segment} for {_unanswered.Seconds:F0} s"));
        }
    }

    private void Confirm()
    {
        while (Verdict is null && _outside.TryPeek(out var next) && next.Number <= _answered && next.End <= _aligner.Progress
            && !(next.Number == _sent && _barrier is not null))
        {
            _outside.Dequeue();
            VerifiedThrough = next.Number;
            _verifiedEnd = next.End;
            _inSegment = default;
        }
    }

    private void Suspect(string what) =>
        Verdict ??= new GateVerdict(EndReason.ProxySuspected, string.Create(CultureInfo.InvariantCulture, $"Telemetry is not what the segments must cause: {what}."));

    private void Remember(in PrinterSample sample)
    {
        if (_evidence.Count == GateLimits.EvidenceSamples)
        {
            _evidence.Dequeue();
        }
        _evidence.Enqueue(new SampleResidual(sample.EventTime, sample.X, sample.Y, sample.Z, sample.E, _aligner.Progress, _aligner.Distance));
    }

    /// <summary>A segment that has left and is not confirmed.</summary>
    private readonly record struct Outside(ulong Number, double End, SegmentPlan Plan);
}
