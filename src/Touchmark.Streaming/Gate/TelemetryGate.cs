using Touchmark.GCode;

namespace Touchmark.Streaming;

/// <summary>
/// Decides from telemetry which segments the printer has physically executed. Motion is aligned with the planned path; waits are over when their cause is
/// seen to be over. While pace, filament or heat are in doubt nothing is confirmed, so that whoever feigns them gets no more than was out already; the verdict
/// falls when the doubt is beyond what honest machines show, or when the head goes another way.
/// </summary>
internal sealed class TelemetryGate
{
    private readonly PlanTimeline _timeline = new();
    private readonly PathAligner _aligner;
    private readonly FilamentCheck _filament;
    private readonly PaceCheck _pace = new();
    private readonly HeatCheck _heat = new();
    private readonly StandingCheck _standing = new();
    private readonly Excursion _excursion = new();
    private readonly Knob _feedRate = new();
    private readonly Queue<OutsideSegment> _outside = new();
    private readonly Queue<SampleResidual> _evidence = new(GateLimits.EvidenceSamples);
    private readonly bool _followsFilament;
    private OutsideSegment _confirmed;
    private Barrier? _barrier;
    private RaisedHead? _raised;
    private bool _atBarrier;
    private ulong _sent;
    private ulong _answered;
    private ulong _answeredBefore;
    private ulong _answeredAtSample;
    private double _time = double.NaN;
    private Moment _heard;
    private Waited _doubt;

    /// <param name="extruders">How many the job uses: with more than one, the filament position belongs now to this and now to that one, and is not judged.</param>
    public TelemetryGate(int extruders)
    {
        _aligner = new PathAligner(_timeline);
        _filament = new FilamentCheck(_timeline);
        _followsFilament = extruders <= 1;
    }

    /// <summary>Segments from the first on whose execution is confirmed.</summary>
    public ulong VerifiedThrough => _confirmed.Number;

    /// <summary>Motion that has left the engine, plan seconds.</summary>
    public double SentSeconds => _timeline.End;

    /// <summary>Motion that was seen executed beyond doubt, plan seconds.</summary>
    public double ExecutedSeconds { get; private set; }

    /// <summary>Whether a wait was sent that is not over: what comes after it is not needed yet.</summary>
    public bool IsWaiting => _barrier is not null;

    public GateVerdict? Verdict { get; private set; }

    /// <summary>The latest samples and how they compare, oldest first.</summary>
    public IReadOnlyList<SampleResidual> Evidence => [.. _evidence];

    private bool InDoubt => _pace.InDoubt || _heat.InDoubt || _filament.InDoubt || _excursion.InDoubt;

    /// <summary>The next segment has left the engine. Nothing is sent after a barrier until it is verified.</summary>
    public void Add(SegmentPlan plan)
    {
        _sent++;
        _timeline.Append(plan);
        _heat.Announce(plan);
        _outside.Enqueue(new OutsideSegment(_sent, _timeline.End, plan));
        if (plan.Kind != SegmentKind.Motion)
        {
            _barrier = new Barrier(plan);
            _atBarrier = false;
        }
    }

    /// <summary>What an earlier process of the engine has seen.</summary>
    public void Restore(ulong verified, double executed)
    {
        _confirmed = _confirmed with { Number = verified };
        ExecutedSeconds = executed;
    }

    /// <summary>A segment that the printer has already: the plan goes on behind it.</summary>
    public void Skip(SegmentPlan plan)
    {
        _sent++;
        _timeline.Append(plan);
        _heat.Announce(plan);
        if (plan.Kind is SegmentKind.Home or SegmentKind.Macro)
        {
            _timeline.ForgetPosition();
        }
        _timeline.Trim(_timeline.End);
        _aligner.MoveToEnd(double.NaN);
        ExecutedSeconds = Math.Max(ExecutedSeconds, _aligner.Progress);
    }

    /// <summary>All that the printer has is skipped: the head is to come to rest at the end of it, or the wait there to be over, before anything follows.</summary>
    /// <param name="last">The last of them.</param>
    /// <param name="raised">How far above the end of it the gateway may have raised the head, mm.</param>
    public void Rejoin(SegmentPlan last, double raised)
    {
        _confirmed = _confirmed with { End = _timeline.End };
        if (VerifiedThrough < _sent)
        {
            _confirmed = _confirmed with { Number = _sent - 1 };
            _outside.Enqueue(new OutsideSegment(_sent, _timeline.End, last));
        }
        _barrier = new Barrier(last, _timeline.Rest, raised);
        _atBarrier = true;
    }

    /// <summary>The gateway has raised the head by so much (mm; 0: not) behind this segment, at or after this time of the printer's clock (s).</summary>
    public void Excuse(ulong segment, double raised, double since)
    {
        double end = EndOf(segment);
        _raised = raised > 0 ? new RaisedHead(segment, PlaceBehind(segment, end), end, raised, since) : null;
    }

    /// <summary>Where the head is behind a segment. Behind homing or a macro nobody knows, and neither before any motion.</summary>
    private PlanPoint PlaceBehind(ulong segment, double end)
    {
        if (segment >= _sent)
        {
            return _barrier is { MovesHead: true } ? default : _timeline.Rest ?? default;
        }
        int index = _timeline.Find(end);
        return _timeline.IsEmpty ? default : _timeline.At(end, ref index);
    }

    /// <summary>The printer has taken over the segments up to this one. To be told before the samples that came with it.</summary>
    public void Answered(ulong through)
    {
        _answeredBefore = _answered;
        _answered = Math.Clamp(through, _answered, _sent);
    }

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
        _feedRate.Observe(sample.SpeedFactor, sample.EventTime);
        if (_atBarrier)
        {
            if (_answered < _sent && !_barrier!.MovesHead)
            {
                Judge(_standing.Unanswered(_sent, waited));
            }
            Wait(sample, elapsed);
        }
        else
        {
            Follow(sample, elapsed, waited);
        }
        // What came with this sample may be newer than it.
        _answeredAtSample = _answeredBefore;
        Confirm();
    }

    private void Follow(in PrinterSample sample, double elapsed, Waited waited)
    {
        double before = _aligner.Progress;
        // A feed rate changes the moves that speed limits, and not those that acceleration does.
        double slowest = Math.Min(1, _feedRate.Least);
        double fastest = Math.Max(1, _feedRate.Most);
        double reach = _aligner.Reach(sample.EventTime, fastest);
        bool mayBeRaised = _raised?.Explains(sample) == true && _raised.PlanSeconds - before <= reach;
        // Once the printer has lines from behind the place the head may be on its way on them, straight up as well.
        bool onPath = !(mayBeRaised && _answeredAtSample <= _raised!.Segment) && _aligner.Advance(sample, _filament.OnPlan(sample, before), slowest, fastest);
        if (mayBeRaised && !onPath)
        {
            StandRaised(sample, before, waited);
            return;
        }
        Remember(sample);
        if (EndedUnseen(sample, before, onPath && !_aligner.IsLost, reach))
        {
            _aligner.MoveToEnd(sample.EventTime);
            onPath = true;
        }
        if (onPath)
        {
            GoOn(sample, before, elapsed * slowest, elapsed * fastest, waited);
        }
        else
        {
            _pace.Pass(elapsed * fastest);
            Judge(_excursion.Observe(sample, EndOf(_answeredAtSample) - before, _aligner.Distance, waited));
        }
        _timeline.Trim(_aligner.Earliest - 1);
        if (_barrier is not null && ExecutedSeconds >= _timeline.End)
        {
            _atBarrier = true;
            Wait(sample, 0);
        }
    }

    /// <summary>Whether homing or a macro has begun, or is over, and no sample showed the end of the motion before it.</summary>
    private bool EndedUnseen(in PrinterSample sample, double before, bool onPath, double reach)
    {
        if (_barrier is not { MovesHead: true } || (onPath && _aligner.IsPlanned))
        {
            return false;
        }
        // Who is on a move from an unknown place may still be on it, unless the lines behind it are done.
        bool isDone = _answeredAtSample >= _sent && sample.Velocity <= GateLimits.RestingVelocity;
        double unseen = _timeline.End - before - _timeline.UncertainSeconds(before, _timeline.End);
        return unseen <= GateLimits.UnseenTail && (isDone || (!onPath && unseen <= reach));
    }

    private void StandRaised(in PrinterSample sample, double before, Waited waited)
    {
        _aligner.StandAt(_raised!.PlanSeconds, sample.EventTime);
        // It drew filament back and will feed it again; nothing leaves meanwhile.
        _pace.Pass(0);
        _filament.Release();
        _excursion.Rest();
        ExecutedSeconds = _aligner.Progress;
        _atBarrier = _barrier is not null && ExecutedSeconds >= _timeline.End;
        Remember(sample);
        JudgeStanding(sample, before, waited);
    }

    private void JudgeStanding(in PrinterSample sample, double before, Waited waited)
    {
        // A slower printer is still on its way on a move from an unknown place when the alignment has reached the end of it.
        bool moves = _aligner.Progress > before || (!_aligner.IsPlanned && sample.Velocity > GateLimits.RestingVelocity);
        Judge(_standing.OnPath(_aligner.Progress, moves, _outside.TryPeek(out var current) ? current : null, _answered, waited));
    }

    /// <summary>The head is on the path: does it keep the pace, does the filament follow, are the heaters hot?</summary>
    private void GoOn(in PrinterSample sample, double before, double slowest, double fastest, Waited waited)
    {
        double after = _aligner.Progress;
        double uncertain = after > before ? _timeline.UncertainSeconds(before, after) : 0;
        bool wasAway = _excursion.End();
        // How long a move from an unknown place takes is not known, nor for how long the head stands at its planned beginning meanwhile.
        bool isTimed = _timeline.UncertainSeconds(before, after + GateLimits.AtSegmentEnd) <= 0 && _aligner.Spread <= GateLimits.MaxSpread;
        _pace.Observe(after - before - uncertain, fastest, slowest, mayStarve: wasAway || !isTimed || MayStarve(before, after));
        _heat.Observe(sample, _timeline.ExtrudedAt(after) > _timeline.ExtrudedAt(before), waited);
        if (_followsFilament)
        {
            _filament.Observe(sample, after, wasAway);
        }
        Judge(_pace.Verdict ?? _heat.Verdict ?? _filament.Verdict);
        if (InDoubt)
        {
            // Whoever stands now stands because nothing more is let out.
            _standing.Rest();
            _doubt += waited;
            if (_doubt.Seconds > (_heat.InDoubt ? GateLimits.MaxHeatDoubt : GateLimits.MaxDoubt) && !_pace.InDoubt)
            {
                Judge(_heat.Doubt ?? _filament.Doubt);
            }
            return;
        }
        _doubt = default;
        ExecutedSeconds = after;
        JudgeStanding(sample, before, waited);
    }

    /// <summary>Whether between two places is the end of a segment after which the printer, when it was there, may not have had the next one: it may have stood.</summary>
    private bool MayStarve(double before, double after)
    {
        if (IsOpenEnd(_confirmed))
        {
            return true;
        }
        foreach (var segment in _outside)
        {
            if (IsOpenEnd(segment))
            {
                return true;
            }
        }
        return false;

        bool IsOpenEnd(in OutsideSegment segment) =>
            segment.Number >= _answeredAtSample && segment.End >= before - GateLimits.AtSegmentEnd && segment.End <= after + GateLimits.AtSegmentEnd;
    }

    private double EndOf(ulong number)
    {
        foreach (var segment in _outside)
        {
            if (segment.Number == number)
            {
                return segment.End;
            }
        }
        return _confirmed.End;
    }

    private void Wait(in PrinterSample sample, double elapsed)
    {
        var barrier = _barrier!;
        barrier.Observe(sample, elapsed, _answered >= _sent);
        Judge(barrier.Verdict);
        if (!barrier.IsOver)
        {
            return;
        }
        if (barrier.MovesHead)
        {
            _timeline.ForgetPosition();
        }
        _aligner.MoveToEnd(sample.EventTime);
        ExecutedSeconds = _timeline.End;
        _filament.Release();
        if (_raised?.Explains(sample) != true)
        {
            _ = _filament.OnPlan(sample, _timeline.End);
        }
        _heat.Reached(barrier.Plan);
        _pace.Rest();
        _standing.Rest();
        _excursion.Rest();
        _barrier = null;
        _atBarrier = false;
    }

    private void Confirm()
    {
        while (Verdict is null && _outside.TryPeek(out var next) && next.Number <= _answered && next.End <= ExecutedSeconds
            && !(next.Number == _sent && _barrier is not null))
        {
            _confirmed = _outside.Dequeue();
            _standing.Confirmed();
            // Back on the path for good: what is above the place is printed later.
            _raised = _confirmed.End > _raised?.PlanSeconds ? null : _raised;
        }
    }

    private void Judge(GateVerdict? verdict) => Verdict ??= verdict;

    private void Remember(in PrinterSample sample)
    {
        if (_evidence.Count == GateLimits.EvidenceSamples)
        {
            _evidence.Dequeue();
        }
        _evidence.Enqueue(new SampleResidual(sample.EventTime, sample.X, sample.Y, sample.Z, sample.E, _aligner.Progress, _aligner.Distance));
    }
}
