using System.Collections.Frozen;

namespace Touchmark.GCode;

/// <summary>The commands that a protected print may hold (spec/gcode.md, "Allowed commands"), and why the best known others are refused.</summary>
internal static class CommandList
{
    /// <summary>Words of each allowed classic command; null where it is not allowed.</summary>
    public static string? Words(byte letter, int number) => ((char)letter, number) switch
    {
        ('G', 0 or 1) => "XYZEF",
        ('G', 2 or 3) => "XYZEFIJRP",
        ('G', 4) => "P",
        ('G', 17 or 21 or 90 or 91) => "",
        ('G', 28) => "XYZ",
        ('G', 92) => "XYZE",
        ('M', 18 or 84) => "XYZES",
        ('M', 73) => "PRQSLCDE",
        ('M', 82 or 83 or 105 or 400) => "",
        ('M', 104 or 109) => "ST",
        ('M', 106) => "SP",
        ('M', 107) => "P",
        ('M', 140 or 190 or 141 or 191) => "S",
        ('M', 204) => "SPTR",
        ('M', 220 or 221) => "S",
        ('T', >= 0) => "",
        _ => null,
    };

    /// <summary>Keys of each allowed extended command.</summary>
    public static FrozenDictionary<string, string[]> Keys { get; } = new Dictionary<string, string[]>
    {
        ["ACTIVATE_EXTRUDER"] = ["EXTRUDER"],
        ["EXCLUDE_OBJECT_DEFINE"] = ["NAME", "CENTER", "POLYGON"],
        ["EXCLUDE_OBJECT_START"] = ["NAME"],
        ["EXCLUDE_OBJECT_END"] = ["NAME"],
        ["RESPOND"] = ["MSG"],
        ["SET_DISPLAY_TEXT"] = ["MSG"],
        ["SET_FAN_SPEED"] = ["FAN", "SPEED"],
        ["SET_HEATER_TEMPERATURE"] = ["HEATER", "TARGET"],
        ["SET_PRESSURE_ADVANCE"] = ["EXTRUDER", "ADVANCE", "SMOOTH_TIME"],
        ["SET_PRINT_STATS_INFO"] = ["TOTAL_LAYER", "CURRENT_LAYER"],
        ["SET_VELOCITY_LIMIT"] = ["VELOCITY", "ACCEL", "SQUARE_CORNER_VELOCITY", "MINIMUM_CRUISE_RATIO", "ACCEL_TO_DECEL"],
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>What a command would do that no toolpath may do, whatever the profile allows; null for all others.</summary>
    public static string? Forbidden(string name)
    {
        if (name.Length > 1 && name[0] == 'M' && int.TryParse(name.AsSpan(1), out int number))
        {
            return number switch
            {
                112 => "stops the printer as in an emergency",
                >= 20 and <= 39 or 98 or 928 or 929 => "works on the printer's files",
                >= 500 and <= 504 => "changes the printer's configuration",
                >= 540 and <= 599 => "changes the printer's network or configuration",
                997 or 999 => "works on the printer's firmware",
                _ => null,
            };
        }

        if (name.Contains("SHELL", StringComparison.Ordinal) || name.Contains("PYTHON", StringComparison.Ordinal))
        {
            return "runs a program on the printer's host";
        }

        if (name.StartsWith("SDCARD_", StringComparison.Ordinal))
        {
            return "works on the printer's files";
        }

        return ForbiddenNames.GetValueOrDefault(name);
    }

    private static readonly FrozenDictionary<string, string> ForbiddenNames = new Dictionary<string, string>
    {
        ["RESTART"] = "restarts the printer",
        ["FIRMWARE_RESTART"] = "restarts the printer's firmware",
        ["SAVE_CONFIG"] = "changes the printer's configuration",
        ["SAVE_VARIABLE"] = "writes the printer's files",
        ["SET_GCODE_VARIABLE"] = "changes the printer's macros",
        ["UPDATE_DELAYED_GCODE"] = "changes the printer's timers",
        ["FORCE_MOVE"] = "moves a motor past the printer's limits",
        ["SET_KINEMATIC_POSITION"] = "moves the printer's limits",
        ["STEPPER_BUZZ"] = "moves a motor past the printer's limits",
        ["MANUAL_STEPPER"] = "moves a motor past the printer's limits",
        ["SET_STEPPER_ENABLE"] = "switches a motor past the printer's limits",
        ["SET_PIN"] = "switches an output of the printer",
        ["SET_IDLE_TIMEOUT"] = "changes the printer's safety timer",
        ["HOST_SHUTDOWN"] = "shuts the printer's host down",
        ["HOST_REBOOT"] = "restarts the printer's host",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>What helps against the usual commands of other firmwares.</summary>
    public static string FixFor(string name) => name switch
    {
        "M201" or "M203" or "M205" => "Set the slicer's G-code flavour to Klipper, or keep it from writing machine limits.",
        "M900" => "Use SET_PRESSURE_ADVANCE instead.",
        "G29" or "G32" or "G34" => "Level in the printer's start macro and allow that macro in its profile.",
        "M600" or "M601" or "PAUSE" => "A protected print does not pause for a person: take the pause out of the slicer's settings.",
        "G18" or "G19" => "Use arcs in the XY plane only.",
        "TEMPERATURE_WAIT" => "Use M109 or M190 instead.",
        "G10" or "G11" => "Switch firmware retraction off in the slicer.",
        _ => $"Take {name} out of the slicer's custom G-code, or allow it as a macro in the printer's profile.",
    };
}
