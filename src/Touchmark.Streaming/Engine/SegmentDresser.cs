using Touchmark.GCode;

namespace Touchmark.Streaming;

/// <summary>
/// Adds the engine's own lines to segments before they are sealed: challenges, and adjustments within what the licence allows. Numbering and the toolpath's own
/// lines stay as they are. Nothing here must survive a restart of the engine: <see cref="Skip"/> what has left, and say that the session <see cref="Resume"/>d.
/// </summary>
internal sealed class SegmentDresser
{
    private readonly EngineSessionOptions _options;
    private readonly TelemetryGate _gate;
    private readonly Observations _observations;
    private readonly ToolpathModes _modes = new();
    private readonly OrderedValue _speed = new(initial: 1, tolerance: 0.002);
    private readonly Challenger _challenger;
    private readonly Adjuster _adjuster;
    private readonly double _leastNozzleC;
    private double _slowed = 1;
    private readonly Held _nozzle = new("nozzle");
    private readonly Held _bed = new("bed");
    private string _why = "";
    private PrinterSample? _last;
    private bool _assert;

    public SegmentDresser(EngineSessionOptions options, TelemetryGate gate, Observations observations)
    {
        (_options, _gate, _observations) = (options, gate, observations);
        var limits = options.Profile.ToLimits();
        _leastNozzleC = limits.MinExtrudeC;
        _challenger = new Challenger(options.Settings, limits, _modes, _speed, options.Draw);
        _adjuster = new Adjuster(options.Settings);
    }

    public ChallengeTally Tally => _challenger.Tally;

    public GateVerdict? Verdict => _challenger.Verdict;

    /// <summary>What is adjusted now; null when nothing is.</summary>
    public LiveAdjustment? Adjusted
    {
        get
        {
            double factor = _speed.IsForeign ? 1 : _slowed;
            return factor == 1 && _nozzle.TrimC == 0 && _bed.TrimC == 0 ? null : new LiveAdjustment(factor, _nozzle.TrimC, _bed.TrimC, _why);
        }
    }

    /// <summary>A segment that has left before (in an earlier process): only what it set is noted.</summary>
    public void Skip(Segment segment) => _modes.Pass(segment);

    /// <summary>An earlier process may have left a step or an adjustment behind that this one does not know: the next segment sets the toolpath's own values anew.</summary>
    public void Resume()
    {
        _challenger.Forget();
        _speed.Forget();
        _assert = true;
    }

    /// <summary>Whether a printer that reports this speed factor follows orders.</summary>
    public bool Ordered(double speedFactor) => _speed.Explains(speedFactor) || (_assert && IsLeftBehind(speedFactor));

    /// <summary>Takes a sample that the gate has taken.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="executed">Motion that was seen done, plan seconds.</param>
    public void Observe(in PrinterSample sample, double executed)
    {
        _last = sample;
        _challenger.Observe(sample, executed, _gate.SentSeconds);
        _adjuster.Observe(sample, executed, busy: !_gate.IsWaiting && _gate.SentSeconds > executed);
    }

    /// <summary>The segment that leaves next, once all before it have. With lines added, the one that was given is disposed of.</summary>
    public Segment Dress(Segment segment, DateTimeOffset now)
    {
        if (segment.Plan.Kind != SegmentKind.Motion)
        {
            _modes.Pass(segment);
            if (segment.Plan.Kind == SegmentKind.Macro)
            {
                _challenger.Overrule(ChallengeKind.FanStep, _gate.SentSeconds);
            }
            Retarget(segment.Plan, now);
            return segment;
        }
        double start = _gate.SentSeconds;
        ulong behind = _options.Facts.Segments > segment.Index ? _options.Facts.Segments - segment.Index - 1 : 0;
        var sheet = new Sheet(segment);
        var (nozzle, bed) = Adjust(sheet, start, ends: behind < ChallengeLimits.PutBack, now);
        for (int line = 0; line < sheet.Lines; line++)
        {
            double place = start + sheet.TimeBefore(line);
            _challenger.Visit(sheet, line, place, behind, Factor);
            _modes.Apply(sheet.Line(line), sheet.MovesOf(line));
            Heed(sheet, line, place);
        }
        Retarget(segment.Plan, now);
        return sheet.IsChanged ? sheet.Build(nozzle, bed) : segment;
    }

    /// <summary>The speed factor without a challenge. A toolpath that sets one of its own keeps it.</summary>
    private double Factor => _modes.Speed == 1 ? _slowed : _modes.Speed;

    /// <summary>Orders what ought to be adjusted, at the beginning of a segment.</summary>
    private (double? NozzleC, double? BedC) Adjust(Sheet sheet, double start, bool ends, DateTimeOffset now)
    {
        double factor = ends ? 1 : _adjuster.SpeedFactor;
        bool assert = _assert && IsLeftBehind(_last?.SpeedFactor ?? 0);
        if (_assert)
        {
            Restore(sheet, now);
        }
        if (_modes.Speed == 1 && (assert || ((factor != _slowed || _speed.WasMissed) && !_challenger.HoldsSpeed && !_speed.IsForeign)) && sheet.TryAdd(0, EngineLines.Speed(factor)))
        {
            if (factor != _slowed)
            {
                _why = ends ? "The print ends." : _adjuster.WhyFeed;
                _observations.Adjust("speed_factor", _slowed, factor, _why, now);
                _slowed = factor;
            }
            _speed.Order(factor, start);
        }
        if (ends)
        {
            return (null, null);
        }
        return (Trim(sheet, _nozzle, _adjuster.Nozzle, _modes.NozzleC, EngineLines.Nozzle, now), Trim(sheet, _bed, _adjuster.Bed, _modes.BedC, EngineLines.Bed, now));
    }

    /// <summary>Whether a speed factor may be a step or an adjustment of an earlier process, and not a person's faster pace.</summary>
    private static bool IsLeftBehind(double speedFactor) => speedFactor < 1;

    /// <summary>Fan and heaters as the toolpath has set them; a heater only where its target is by no more below than we may have trimmed it.</summary>
    private void Restore(Sheet sheet, DateTimeOffset now)
    {
        _assert = false;
        if (_modes.Fan is { } fan)
        {
            sheet.TryAdd(0, EngineLines.Fan(fan));
        }
        Restore(sheet, _nozzle, _modes.NozzleC, _last?.NozzleTargetC, EngineLines.Nozzle, now);
        Restore(sheet, _bed, _modes.BedC, _last?.BedTargetC, EngineLines.Bed, now);
    }

    private void Restore(Sheet sheet, Held held, double? target, double? reported, Func<double, byte[]> line, DateTimeOffset now)
    {
        if (target is > 0 and { } own && reported is { } trimmed && trimmed < own && trimmed >= own - _options.Settings.MaxTrimC && sheet.TryAdd(0, line(own)))
        {
            _observations.Adjust(held.What, trimmed, own, "The engine was restarted.", now);
        }
    }

    private double? Trim(Sheet sheet, Held held, HeaterWatch heater, double? own, Func<double, byte[]> line, DateTimeOffset now)
    {
        // Only what the toolpath itself has set, and the printer has: a person's target stays.
        if (own is not > 0 || Math.Abs(heater.TargetC - own.Value) > 0.02 || heater.TrimC == held.TrimC || (held == _nozzle && own - heater.TrimC < _leastNozzleC)
            || !sheet.TryAdd(0, line(own.Value - heater.TrimC)))
        {
            return null;
        }
        _why = Adjuster.WhyTrim(held.Name, heater);
        _observations.Adjust(held.What, own.Value - held.TrimC, own.Value - heater.TrimC, _why, now);
        heater.Ordered(heater.TrimC);
        held.TrimC = heater.TrimC;
        held.TargetC = own.Value - heater.TrimC;
        return held.TargetC;
    }

    /// <summary>The toolpath's own line may have set what the engine holds.</summary>
    private void Heed(Sheet sheet, int line, double place)
    {
        var own = sheet.Line(line);
        if (own.Is('M', 106) || own.Is('M', 107))
        {
            _challenger.Overrule(ChallengeKind.FanStep, place);
        }
        else if (own.Is('M', 220))
        {
            _challenger.Overrule(ChallengeKind.SpeedStep, place);
            _speed.Order(_modes.Speed, place);
            if (Factor != _modes.Speed && sheet.TryAdd(line + 1, EngineLines.Speed(Factor)))
            {
                _speed.Order(Factor, place);
            }
        }
    }

    /// <summary>A target that the toolpath sets is its own: what was trimmed is over.</summary>
    private void Retarget(SegmentPlan plan, DateTimeOffset now)
    {
        Retarget(_nozzle, plan.NozzleTargetC, now);
        Retarget(_bed, plan.BedTargetC, now);
    }

    private void Retarget(Held held, double? target, DateTimeOffset now)
    {
        if (target is > 0 and { } own && held.TrimC > 0)
        {
            _observations.Retarget(held.What, held.TargetC, own, now);
        }
        held.TrimC = target is null ? held.TrimC : 0;
    }

    /// <summary>What the engine has ordered of one heater.</summary>
    private sealed class Held(string name)
    {
        public string Name => name;

        public string What { get; } = $"{name}_target_c";

        /// <summary>How far below the toolpath's target it is held, °C.</summary>
        public double TrimC { get; set; }

        /// <summary>The target that it was trimmed to, °C.</summary>
        public double TargetC { get; set; }
    }
}
