namespace Touchmark.Streaming;

/// <summary>Axes that the printer reports as homed.</summary>
[Flags]
public enum HomedAxes
{
    None = 0,
    X = 1,
    Y = 2,
    Z = 4,
    All = X | Y | Z,
}

/// <summary>The printer's own state (Klipper's <c>webhooks.state</c>).</summary>
public enum PrinterState
{
    Ready = 0,
    Startup = 1,
    Shutdown = 2,
    Error = 3,
    Disconnected = 4,
}

/// <summary>
/// What the printer reported at one instant of its own clock. Everything about motion is judged in that clock, which in a virtual printer may run faster
/// than ours. On the wire, and for the gate, lengths are rounded to µm and temperatures to 0.01 °C.
/// </summary>
public readonly record struct PrinterSample
{
    /// <summary>Printer clock, s (Moonraker's <c>eventtime</c>).</summary>
    public required double EventTime { get; init; }

    /// <summary>Where the head is, mm (<c>motion_report.live_position</c>).</summary>
    public required double X { get; init; }

    public required double Y { get; init; }

    public required double Z { get; init; }

    /// <summary>Filament position, mm, counted by the printer (fourth number of <c>live_position</c>); only differences mean anything.</summary>
    public required double E { get; init; }

    /// <summary>Speed of the head, mm/s (<c>motion_report.live_velocity</c>).</summary>
    public double Velocity { get; init; }

    public double NozzleC { get; init; }

    public double NozzleTargetC { get; init; }

    /// <summary>0 where there is no bed heater, as its target.</summary>
    public double BedC { get; init; }

    public double BedTargetC { get; init; }

    /// <summary>0 where there is no chamber heater, as its target.</summary>
    public double ChamberC { get; init; }

    public double ChamberTargetC { get; init; }

    /// <summary>Part cooling fan, 0 to 1.</summary>
    public double FanSpeed { get; init; }

    /// <summary>1 unless somebody changed it (M220, <c>gcode_move.speed_factor</c>).</summary>
    public double SpeedFactor { get; init; } = 1;

    /// <summary>1 unless somebody changed it (M221, <c>gcode_move.extrude_factor</c>).</summary>
    public double ExtrudeFactor { get; init; } = 1;

    public HomedAxes Homed { get; init; }

    public PrinterState State { get; init; }

    public PrinterSample()
    {
    }
}
