using Touchmark.GCode;

namespace Touchmark.Streaming;

/// <summary>What the certificate says about the run beside the segments: temperatures, changes made at the printer, alerts. Bounded.</summary>
internal sealed class Observations
{
    /// <summary>More entries of a kind than this tell nobody more.</summary>
    private const int MaxEntries = 256;

    /// <summary>How long a heater's target may differ from the toolpath's before somebody changed it, s of the printer's clock: the queue and the wait for a heater.</summary>
    private const double TargetGrace = 5;

    private readonly List<Adjustment> _adjustments = [];
    private readonly List<Alert> _alerts = [];
    private double _speed = 1;
    private readonly Target _nozzle = new("nozzle_target_c");
    private readonly Target _bed = new("bed_target_c");
    private readonly Target _chamber = new("chamber_target_c");

    public PrinterSample? Last { get; private set; }

    public TemperatureRange? Nozzle { get; private set; }

    public TemperatureRange? Bed { get; private set; }

    public TemperatureRange? Chamber { get; private set; }

    public IReadOnlyList<Adjustment> Adjustments => [.. _adjustments];

    public IReadOnlyList<Alert> Alerts => [.. _alerts];

    public int AlertCount => _alerts.Count;

    /// <summary>A segment with these targets has left: from now on the printer may show them. A wait is confirmed only once its heater is there, minutes later.</summary>
    public void Announce(SegmentPlan plan)
    {
        _nozzle.Announce(plan.NozzleTargetC);
        _bed.Announce(plan.BedTargetC);
        _chamber.Announce(plan.ChamberTargetC);
    }

    /// <summary>A segment with these targets was taken over by the printer.</summary>
    public void Expect(SegmentPlan plan)
    {
        if (plan.Kind == SegmentKind.Macro)
        {
            Forget();
        }
        _nozzle.Expect(plan.NozzleTargetC);
        _bed.Expect(plan.BedTargetC);
        _chamber.Expect(plan.ChamberTargetC);
    }

    /// <summary>The engine itself has ordered a change.</summary>
    public void Adjust(string what, double from, double to, string why, DateTimeOffset now) => Note(new Adjustment(now, what, from, to) { By = "engine", Why = why });

    /// <summary>The toolpath has set a target where the engine had trimmed one: without this nobody could tell from the record how far a later trim goes.</summary>
    public void Retarget(string what, double from, double to, DateTimeOffset now) =>
        Note(new Adjustment(now, what, from, to) { By = "toolpath", Why = "The toolpath sets a target of its own." });

    /// <param name="sample">The sample.</param>
    /// <param name="speedOrdered">Whether its speed factor is one that the engine or the toolpath has ordered.</param>
    /// <param name="hasChamber">Whether there is a chamber heater.</param>
    /// <param name="now">Engine's clock.</param>
    public void Observe(in PrinterSample sample, bool speedOrdered, bool hasChamber, DateTimeOffset now)
    {
        Nozzle = (Nozzle ?? new(sample.NozzleC, sample.NozzleC)).With(sample.NozzleC);
        Bed = (Bed ?? new(sample.BedC, sample.BedC)).With(sample.BedC);
        if (hasChamber)
        {
            Chamber = (Chamber ?? new(sample.ChamberC, sample.ChamberC)).With(sample.ChamberC);
        }
        if (!speedOrdered)
        {
            Note("speed_factor", _speed, sample.SpeedFactor, now);
        }
        _speed = sample.SpeedFactor;
        Note("extrude_factor", Last?.ExtrudeFactor ?? 1, sample.ExtrudeFactor, now);
        _nozzle.Observe(sample.NozzleTargetC, sample.EventTime, this, now);
        _bed.Observe(sample.BedTargetC, sample.EventTime, this, now);
        _chamber.Observe(sample.ChamberTargetC, sample.EventTime, this, now);
        Last = sample;
    }

    /// <summary>What an earlier process of the engine saw.</summary>
    public void Restore(SavedSession saved)
    {
        (Nozzle, Bed, Chamber) = (saved.Nozzle, saved.Bed, saved.Chamber);
        _alerts.AddRange(saved.Alerts);
        _adjustments.AddRange(saved.Adjustments);
    }

    public void Raise(string code, string text, DateTimeOffset now)
    {
        if (_alerts.Count < MaxEntries)
        {
            _alerts.Add(new Alert(now, code, text));
        }
    }

    /// <summary>A macro may set what it likes.</summary>
    private void Forget()
    {
        _nozzle.Forget();
        _bed.Forget();
        _chamber.Forget();
    }

    private void Note(string what, double from, double to, DateTimeOffset now)
    {
        if (from != to)
        {
            Note(new Adjustment(now, what, from, to));
        }
    }

    private void Note(Adjustment change)
    {
        if (_adjustments.Count < MaxEntries)
        {
            _adjustments.Add(change);
        }
    }

    /// <summary>A heater's target as the toolpath has it, and since when the printer shows another.</summary>
    private sealed class Target(string name)
    {
        private double? _expected;
        private double? _announced;
        private double _noted;
        private double _since = double.NaN;

        public void Announce(double? target) => _announced = target ?? _announced;

        public void Expect(double? target)
        {
            if (target is { } celsius)
            {
                _expected = celsius;
                _noted = celsius;
                _since = double.NaN;
            }
        }

        public void Forget() => _expected = _announced = null;

        public void Observe(double reported, double eventTime, Observations observations, DateTimeOffset now)
        {
            if (_expected is null || Near(reported, _noted) || (_announced is { } coming && Near(reported, coming)))
            {
                _since = double.NaN;
                return;
            }
            if (double.IsNaN(_since))
            {
                _since = eventTime;
            }
            else if (eventTime - _since > TargetGrace)
            {
                observations.Note(name, _noted, reported, now);
                _noted = reported;
                _since = double.NaN;
            }
        }

        private static bool Near(double one, double other) => Math.Abs(one - other) <= GateLimits.TargetBand;
    }
}
