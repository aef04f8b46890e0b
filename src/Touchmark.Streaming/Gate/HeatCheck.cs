using Touchmark.GCode;

namespace Touchmark.Streaming;

/// <summary>
/// Whether the heaters are as hot as the segments ordered while filament is fed. A target that was only set, and not waited for, binds once it was reached;
/// one that the owner turned down at the printer binds as far as he turned it, and stands on the certificate.
/// </summary>
internal sealed class HeatCheck
{
    private readonly HeaterFloor _nozzle = new(GateLimits.MaxNozzleSag, GateLimits.MaxTurnedDown);
    private readonly HeaterFloor _bed = new(GateLimits.MaxBedSag, double.PositiveInfinity);
    private Waited _cold;

    /// <summary>Enough to let nothing more out, not enough for a verdict.</summary>
    public bool InDoubt => Doubt is not null;

    /// <summary>What to say of a doubt that lasts; null when there is none.</summary>
    public GateVerdict? Doubt { get; private set; }

    /// <summary>Why the heat is not what was ordered; null while it is.</summary>
    public GateVerdict? Verdict => _cold.Printer > GateLimits.MaxCold ? Doubt : null;

    /// <summary>A segment with these targets has left: from now on they may be in force.</summary>
    public void Announce(SegmentPlan plan)
    {
        if (plan.Kind == SegmentKind.Macro)
        {
            // It may set what it likes.
            _nozzle.Forget();
            _bed.Forget();
        }
        _nozzle.Announce(plan.NozzleTargetC);
        _bed.Announce(plan.BedTargetC);
    }

    /// <summary>A wait for heaters is over.</summary>
    public void Reached(SegmentPlan wait)
    {
        if (wait.Kind != SegmentKind.WaitForHeater)
        {
            return;
        }
        if (wait.NozzleTargetC is not null)
        {
            _nozzle.Reach();
        }
        if (wait.BedTargetC is not null)
        {
            _bed.Reach();
        }
    }

    /// <param name="sample">A sample on the path.</param>
    /// <param name="extrudes">Whether filament was planned since the last one.</param>
    /// <param name="waited">Time since the last one.</param>
    public void Observe(in PrinterSample sample, bool extrudes, Waited waited)
    {
        Doubt = _nozzle.IsCold(sample.NozzleC, sample.NozzleTargetC) ? Suspect("nozzle", sample.NozzleC, _nozzle.Ordered)
            : _bed.IsCold(sample.BedC, sample.BedTargetC) ? Suspect("bed", sample.BedC, _bed.Ordered)
            : null;
        _cold = !InDoubt ? default : extrudes ? _cold + waited : _cold;
    }

    private static GateVerdict Suspect(string heater, double reading, double ordered) =>
        GateVerdict.Suspicion(FormattableString.Invariant($"filament is fed while the {heater} is at {reading:F0} °C instead of {ordered:F0} °C"));

    /// <summary>The temperature that a heater has once reached by order, or will not fall below on the way to a lower one.</summary>
    private sealed class HeaterFloor(double sag, double turnedDown)
    {
        private double _floor;

        public double Ordered { get; private set; }

        public void Forget() => _floor = Ordered = 0;

        public void Announce(double? target)
        {
            Ordered = target ?? Ordered;
            _floor = Math.Min(_floor, Ordered);
        }

        public void Reach() => _floor = Ordered;

        public bool IsCold(double reading, double reportedTarget)
        {
            if (reading >= Ordered - GateLimits.HeaterBand)
            {
                Reach();
            }
            double bound = Math.Min(_floor, Math.Max(reportedTarget, _floor - turnedDown));
            return reading < bound - sag;
        }
    }
}
