using Touchmark.Moonraker;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Running;

/// <summary>What Moonraker reports, as the session wants it.</summary>
internal static class SampleMapping
{
    public static PrinterSample ToSample(this PrinterStatus status)
    {
        var nozzle = status.Heaters.GetValueOrDefault(status.Toolhead.Extruder is { Length: > 0 } active ? active : "extruder");
        var bed = status.Heaters.GetValueOrDefault("heater_bed");
        var chamber = status.Heaters.GetValueOrDefault("heater_generic chamber");
        var position = status.Motion.LivePosition;
        return new PrinterSample
        {
            EventTime = status.EventTime,
            X = position.X,
            Y = position.Y,
            Z = position.Z,
            E = position.E,
            Velocity = status.Motion.LiveVelocity,
            NozzleC = nozzle?.Temperature ?? 0,
            NozzleTargetC = nozzle?.Target ?? 0,
            BedC = bed?.Temperature ?? 0,
            BedTargetC = bed?.Target ?? 0,
            ChamberC = chamber?.Temperature ?? 0,
            ChamberTargetC = chamber?.Target ?? 0,
            FanSpeed = status.FanSpeed,
            SpeedFactor = status.GCodeMove.SpeedFactor,
            ExtrudeFactor = status.GCodeMove.ExtrudeFactor,
            Homed = Homed(status.Toolhead.HomedAxes),
            State = status.Klippy.ToState(),
        };
    }

    public static PrinterState ToState(this KlippyState state) => state switch
    {
        KlippyState.Ready => PrinterState.Ready,
        KlippyState.Startup => PrinterState.Startup,
        KlippyState.Shutdown => PrinterState.Shutdown,
        KlippyState.Error => PrinterState.Error,
        _ => PrinterState.Disconnected,
    };

    private static HomedAxes Homed(string axes) =>
        (axes.Contains('x') ? HomedAxes.X : HomedAxes.None) | (axes.Contains('y') ? HomedAxes.Y : HomedAxes.None) | (axes.Contains('z') ? HomedAxes.Z : HomedAxes.None);
}
