using Touchmark.GCode;

namespace Touchmark.Streaming;

/// <summary>A segment that waits instead of moving along a known path: decides from telemetry when its wait is over, and when it has lasted too long.</summary>
/// <param name="plan">The segment.</param>
/// <param name="rest">For motion that is found under way: where it ends.</param>
/// <param name="raised">How far above that the gateway may have raised the head, mm.</param>
internal sealed class Barrier(SegmentPlan plan, PlanPoint? rest = null, double raised = 0)
{
    private double _waited;
    private double _rested;
    private int _onTarget;
    private double _bestGap = double.PositiveInfinity;
    private double _notRisen;
    private double _notHomed;

    /// <summary>Whether the head is somewhere else afterwards.</summary>
    public bool MovesHead => plan.Kind is SegmentKind.Home or SegmentKind.Macro;

    /// <summary>The wait is over.</summary>
    public bool IsOver { get; private set; }

    /// <summary>What it waits for.</summary>
    public SegmentPlan Plan => plan;

    /// <summary>Why the wait is not a machine's; null while it is. A heater that takes its target and stays cold, axes that were homed and are not, or no end.</summary>
    public GateVerdict? Verdict => IsOver ? null
        : _notRisen > GainSeconds ? GateVerdict.Suspicion(FormattableString.Invariant($"a heater took its target and has not warmed for {_notRisen:F0} s"))
        : _notHomed > GateLimits.MaxNotHomed ? GateVerdict.Suspicion("homing was reported done and no axis is homed")
        : _waited > Allowance ? new GateVerdict(EndReason.PrinterTooSlow, $"The printer took too long for {Description}.")
        : null;

    private string Description => plan.Kind switch
    {
        SegmentKind.WaitForHeater => "heating or cooling",
        SegmentKind.Home => "homing",
        SegmentKind.Macro => "a macro",
        _ => "a pause",
    };

    private double GainSeconds => plan.BedTargetC is null && plan.ChamberTargetC is null ? GateLimits.NozzleGainSeconds : GateLimits.BedGainSeconds;

    private double Allowance => plan.Kind switch
    {
        SegmentKind.WaitForHeater => plan.BedTargetC is null && plan.ChamberTargetC is null ? GateLimits.MaxNozzleWait : GateLimits.MaxBedWait,
        SegmentKind.Home => GateLimits.MaxHoming,
        SegmentKind.Macro => GateLimits.MaxMacro,
        _ => plan.DurationSeconds + GateLimits.MaxDwellOver,
    };

    /// <summary>Takes a sample after all motion before the barrier has ended.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="elapsed">Printer seconds since the sample before.</param>
    /// <param name="answered">Whether the printer has taken the segment over (for G28, whose answer comes at its end: whether it is done).</param>
    public void Observe(in PrinterSample sample, double elapsed, bool answered)
    {
        if (answered || MovesHead)
        {
            _waited += Math.Min(elapsed, GateLimits.MaxCountedGap);
        }
        if (!answered)
        {
            return;
        }
        double counted = Math.Min(elapsed, GateLimits.MaxCountedGap);
        _notHomed = plan.Kind == SegmentKind.Home && sample.Homed == HomedAxes.None ? _notHomed + counted : 0;
        WatchHeat(sample, counted);
        // What is found under way was sent before it was watched: nobody knows what the head did in a long gap.
        bool unseen = plan.Kind == SegmentKind.Motion && elapsed > GateLimits.ParkedSeconds;
        bool rests = sample.Velocity <= GateLimits.RestingVelocity;
        _rested = !rests || unseen ? 0 : _rested + elapsed;
        IsOver |= plan.Kind switch
        {
            SegmentKind.WaitForHeater => HeatersAreThere(sample) && rests,
            SegmentKind.Home => sample.Homed != HomedAxes.None && _rested > 0,
            // Motion that an engine finds under way when it was restarted.
            SegmentKind.Motion => _rested >= (IsAtRest(sample) ? GateLimits.MacroRest : GateLimits.ParkedSeconds),
            SegmentKind.Macro => _rested >= GateLimits.MacroRest,
            SegmentKind.Dwell => _rested >= plan.DurationSeconds,
            // A printer slower than its plan is still on its way there, if it came from an unknown place.
            _ => rests,
        };
    }

    /// <summary>Elsewhere it may not have begun yet, or its owner has parked it.</summary>
    private bool IsAtRest(in PrinterSample sample) => rest is not { } end || (end.IsInLineWith(sample)
        && (!end.KnownZ || (sample.Z >= end.Z - GateLimits.MaxDistanceZ && sample.Z <= end.Z + raised + GateLimits.MaxDistanceZ)));

    /// <summary>As Klipper's verify_heater does, which stops a machine whose heater stays behind: some degrees in a given time until it is near its target.</summary>
    private void WatchHeat(in PrinterSample sample, double counted)
    {
        double gap = Math.Max(Gap(plan.NozzleTargetC, sample.NozzleC), Math.Max(Gap(plan.BedTargetC, sample.BedC), Gap(plan.ChamberTargetC, sample.ChamberC)));
        if (gap <= GateLimits.NearTarget || gap <= _bestGap - GateLimits.HeatGain)
        {
            (_bestGap, _notRisen) = (gap, 0);
        }
        else
        {
            _notRisen += counted;
        }

        static double Gap(double? wanted, double reading) => wanted is > 0 ? wanted.Value - reading : 0;
    }

    private bool HeatersAreThere(in PrinterSample sample)
    {
        bool there = IsThere(plan.NozzleTargetC, sample.NozzleC, sample.NozzleTargetC)
            && IsThere(plan.BedTargetC, sample.BedC, sample.BedTargetC)
            && IsThere(plan.ChamberTargetC, sample.ChamberC, sample.ChamberTargetC);
        _onTarget = there ? _onTarget + 1 : 0;
        return _onTarget >= GateLimits.HeaterSamples;
    }

    /// <summary>A heater that is switched off is waited for by nobody (Klipper returns at once).</summary>
    private static bool IsThere(double? wanted, double actual, double reportedTarget) =>
        wanted is not > 0 || (Math.Abs(reportedTarget - wanted.Value) <= GateLimits.TargetBand && Math.Abs(actual - wanted.Value) <= GateLimits.HeaterBand);
}
