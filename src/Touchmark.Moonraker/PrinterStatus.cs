using System.Collections.Immutable;

namespace Touchmark.Moonraker;

/// <summary>Positions of X, Y, Z and the extruder, mm.</summary>
public readonly record struct Axes(double X, double Y, double Z, double E);

/// <summary>State of Klipper's host process as Moonraker tells it (<c>webhooks.state</c>, <c>notify_klippy_*</c>).</summary>
public enum KlippyState
{
    /// <summary>Moonraker has no connection to Klipper.</summary>
    Disconnected,
    Startup,
    Ready,

    /// <summary>Emergency stop or fault; only a firmware restart helps.</summary>
    Shutdown,
    Error,
}

/// <summary>Klipper's <c>toolhead</c>. Times are seconds of the micro-controller's clock.</summary>
public sealed record ToolheadState(
    string HomedAxes, Axes Position, double PrintTime, double EstimatedPrintTime, double MaxVelocity, double MaxAcceleration, string Extruder)
{
    internal static readonly ToolheadState Unknown = new("", default, 0, 0, 0, 0, "");

    public bool IsHomed => HomedAxes.Contains('x') && HomedAxes.Contains('y') && HomedAxes.Contains('z');
}

/// <summary>Klipper's <c>motion_report</c>: where the motors are now, mm and mm/s.</summary>
public sealed record MotionState(Axes LivePosition, double LiveVelocity, double LiveExtruderVelocity)
{
    internal static readonly MotionState Unknown = new(default, 0, 0);
}

/// <summary>Klipper's <c>gcode_move</c>: factors that an operator can turn (1 = unchanged), and the offset of the origin in mm.</summary>
public sealed record GCodeMoveState(double SpeedFactor, double ExtrudeFactor, Axes HomingOrigin, Axes Position, bool AbsoluteCoordinates, bool AbsoluteExtrude)
{
    internal static readonly GCodeMoveState Unknown = new(1, 1, default, default, true, true);
}

/// <summary>One heater; °C, power 0 to 1.</summary>
public sealed record HeaterState(double Temperature, double Target, double Power)
{
    internal static readonly HeaterState Unknown = new(0, 0, 0);
}

/// <summary>
/// What the printer last said of itself, merged from notifications that carry changed fields only. Immutable: each notification makes a new one.
/// </summary>
public sealed record PrinterStatus
{
    internal static readonly PrinterStatus Unknown = new();

    /// <summary>Klipper's host clock at the last notification, seconds; monotonic, its zero is the host's boot.</summary>
    public double EventTime { get; init; }

    public KlippyState Klippy { get; init; } = KlippyState.Disconnected;

    /// <summary>Klipper's own words for a state other than ready; at most 1,000 characters.</summary>
    public string KlippyMessage { get; init; } = "";

    public ToolheadState Toolhead { get; init; } = ToolheadState.Unknown;

    public MotionState Motion { get; init; } = MotionState.Unknown;

    public GCodeMoveState GCodeMove { get; init; } = GCodeMoveState.Unknown;

    /// <summary>By Klipper object name: <c>extruder</c>, <c>extruder1</c>, <c>heater_bed</c>, <c>heater_generic chamber</c>.</summary>
    public ImmutableSortedDictionary<string, HeaterState> Heaters { get; init; } = ImmutableSortedDictionary.Create<string, HeaterState>(StringComparer.Ordinal);

    /// <summary>The part fan's speed, 0 to 1.</summary>
    public double FanSpeed { get; init; }

    /// <summary><c>print_stats.state</c>: standby, printing, paused, complete, cancelled, error. It is about virtual_sdcard only.</summary>
    public string PrintState { get; init; } = "standby";

    /// <summary><c>idle_timeout.state</c>: Idle, Ready, Printing; the last means <i>moving</i>.</summary>
    public string IdleState { get; init; } = "Idle";
}
