using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Touchmark.GCode;
using Touchmark.Gateway.DeadMan;
using Touchmark.Moonraker;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Machine;

/// <summary>Everything that enrolment and pre-flight need to know of a printer, read in one go.</summary>
internal sealed record MachineReading
{
    /// <summary>Macros that a slicer's start and end G-code may call; which of them exist is the printer's configuration's say.</summary>
    private static readonly string[] StartAndEndMacros = ["START_PRINT", "PRINT_START", "END_PRINT", "PRINT_END"];

    private const int MostMcus = 32;

    private const string SerialFolder = "/dev/serial/by-id/";

    public required KlipperInfo Klipper { get; init; }

    public required MachineProfile Profile { get; init; }

    /// <summary>Whether every axis has an endstop, a probe or a homing procedure of the owner's.</summary>
    public required bool CanHome { get; init; }

    /// <summary>Whether <c>[homing_override]</c> homes: then a macro says what homing is.</summary>
    public required bool HomesByMacro { get; init; }

    /// <summary>Whether the bed can be probed without a person.</summary>
    public required bool HasMesh { get; init; }

    /// <summary>Whether virtual_sdcard runs a file.</summary>
    public required bool RunsFile { get; init; }

    /// <summary><c>print_stats.state</c>.</summary>
    public required string PrintState { get; init; }

    /// <summary><c>idle_timeout.state</c>; <c>Printing</c> means moving.</summary>
    public required string IdleState { get; init; }

    /// <summary>Time without motion after which Klipper switches heaters and motors off, s.</summary>
    public required double IdleTimeout { get; init; }

    /// <summary>Entries that Moonraker's script store keeps; null when it does not say.</summary>
    public required int? ScriptStoreSize { get; init; }

    public required MoonrakerTransport Transport { get; init; }

    /// <summary>Whether Klipper has loaded Touchmark's extra, connected to this gateway or not.</summary>
    public required bool HasExtra { get; init; }

    /// <summary>Version of the dead-man timer in the printer's configuration; null when there is none.</summary>
    public required int? DeadMan { get; init; }

    /// <summary>Reads a printer whose Klipper is ready; otherwise gives back what Klipper says of itself and no reading.</summary>
    /// <exception cref="MoonrakerException">The connection failed, or the other side is no Moonraker.</exception>
    public static async Task<(KlipperInfo Klipper, MachineReading? Reading)> ReadAsync(MoonrakerClient printer, string model, CancellationToken cancellationToken)
    {
        var klipper = await printer.GetKlipperInfoAsync(cancellationToken);
        if (klipper.State != KlippyState.Ready)
        {
            return (klipper, null);
        }

        var host = await printer.GetHostInfoAsync(cancellationToken);
        var settings = await printer.GetSettingsAsync(cancellationToken);
        var objects = await printer.GetObjectsAsync(cancellationToken);
        var mcu = Child(Child(await printer.QueryAsync("mcu", "mcu_constants", cancellationToken), "mcu"), "mcu_constants");
        var toolhead = Child(await printer.QueryAsync("toolhead", null, cancellationToken), "toolhead");
        return (klipper, new MachineReading
        {
            Klipper = klipper,
            Profile = new MachineProfile
            {
                CpuSerial = host.CpuSerial,
                McuId = McuId(settings, "mcu"),
                Board = Text(mcu, "MCU") ?? "",
                FurtherMcus = [.. settings.Sections.Where(IsFurtherMcu).Select(section => $"{section["mcu ".Length..]} {McuId(settings, section)}").Where(IsRealMcu).Order(StringComparer.Ordinal).Take(MostMcus)],
                Model = model,
                Firmware = klipper.Version,
                Kinematics = settings.Text("printer", "kinematics") ?? "",
                Limits = Limits(settings, toolhead),
            },
            CanHome = HasHoming(settings),
            HomesByMacro = settings.Has("homing_override"),
            HasMesh = objects.Contains("bed_mesh") && objects.Contains("probe"),
            RunsFile = objects.Contains("virtual_sdcard")
                && Child(Child(await printer.QueryAsync("virtual_sdcard", "is_active", cancellationToken), "virtual_sdcard"), "is_active").ValueKind == JsonValueKind.True,
            PrintState = await StateAsync("print_stats", "standby"),
            IdleState = await StateAsync("idle_timeout", "Idle"),
            // Klipper has it whether or not printer.cfg has the section (idle_timeout.py).
            IdleTimeout = settings.Number("idle_timeout", "timeout") ?? 600,
            ScriptStoreSize = await printer.GetScriptStoreSizeAsync(cancellationToken),
            Transport = printer.Address.Transport,
            HasExtra = objects.Contains("touchmark"),
            DeadMan = await DeadManFile.InstalledVersionAsync(printer, objects, cancellationToken),
        });

        async Task<string> StateAsync(string name, string otherwise) => objects.Contains(name)
            ? Text(Child(await printer.QueryAsync(name, "state", cancellationToken), name), "state") ?? otherwise
            : otherwise;
    }

    /// <summary>
    /// Limits as Klipper enforces them: the axis limits that its kinematics computed (<c>toolhead.axis_minimum</c>, the enclosing box on a delta), everything else
    /// as configured. Defaults are those of Klipper's Config_Reference for options that an older version does not report.
    /// </summary>
    internal static MachineLimits Limits(KlipperSettings settings, JsonElement toolhead)
    {
        var minimum = Child(toolhead, "axis_minimum");
        var maximum = Child(toolhead, "axis_maximum");
        var acceleration = settings.Number("printer", "max_accel") ?? 1;
        var safeHome = settings.Numbers("safe_z_home", "home_xy_position");
        var extruders = settings.Sections.Where(IsExtruder).ToList();
        return new MachineLimits
        {
            MinX = Axis(minimum, 0),
            MinY = Axis(minimum, 1),
            MinZ = Axis(minimum, 2),
            MaxX = Axis(maximum, 0),
            MaxY = Axis(maximum, 1),
            MaxZ = Axis(maximum, 2),
            HomeX = safeHome is [var x, _, ..] ? x : settings.Number("stepper_x", "position_endstop") ?? 0,
            HomeY = safeHome is [_, var y, ..] ? y : settings.Number("stepper_y", "position_endstop") ?? 0,
            HomeZ = settings.Number("safe_z_home", "z_hop") is > 0 and var hop ? hop : settings.Number("stepper_z", "position_endstop") ?? 0,
            MaxNozzleC = extruders.Select(e => settings.Number(e, "max_temp") ?? 0).DefaultIfEmpty(0).Min(),
            MaxBedC = settings.Number("heater_bed", "max_temp") ?? 0,
            MaxChamberC = settings.Number("heater_generic chamber", "max_temp") ?? 0,
            MinExtrudeC = settings.Number("extruder", "min_extrude_temp") ?? 170,
            MaxVelocity = settings.Number("printer", "max_velocity") ?? 1,
            MaxAcceleration = acceleration,
            SquareCornerVelocity = settings.Number("printer", "square_corner_velocity") ?? 5,
            MinimumCruiseRatio = settings.Number("printer", "minimum_cruise_ratio") ?? CruiseRatio(settings, acceleration),
            MaxZVelocity = settings.Number("printer", "max_z_velocity"),
            MaxZAcceleration = settings.Number("printer", "max_z_accel"),
            MaxExtrudeOnlyVelocity = settings.Number("extruder", "max_extrude_only_velocity"),
            MaxExtrudeOnlyAcceleration = settings.Number("extruder", "max_extrude_only_accel"),
            MaxExtrudeOnlyDistance = settings.Number("extruder", "max_extrude_only_distance") ?? 50,
            InstantaneousCornerVelocity = settings.Number("extruder", "instantaneous_corner_velocity") ?? 1,
            NozzleDiameter = settings.Number("extruder", "nozzle_diameter") ?? 0.4,
            FilamentDiameter = settings.Number("extruder", "filament_diameter") ?? 1.75,
            MaxExtrudeCrossSection = settings.Number("extruder", "max_extrude_cross_section"),
            Extruders = Math.Max(1, extruders.Count),
            Arcs = settings.Has("gcode_arcs"),
            ArcResolution = settings.Number("gcode_arcs", "resolution") ?? 1,
            AllowedMacros = StartAndEndMacros.Where(m => settings.Has("gcode_macro " + m.ToLowerInvariant())).ToImmutableHashSet(StringComparer.Ordinal),
        };
    }

    // Versions before March 2024 have max_accel_to_decel instead (klippy/toolhead.py).
    private static double CruiseRatio(KlipperSettings settings, double acceleration) =>
        settings.Number("printer", "max_accel_to_decel") is { } toDeceleration ? Math.Clamp(1 - (toDeceleration / acceleration), 0, 0.999) : 0.5;

    /// <summary>A micro-controller's own serial number, as its USB name or CAN id carries it. On a UART it has none: then it is the port's name.</summary>
    private static string McuId(KlipperSettings settings, string section)
    {
        var serial = settings.Text(section, "canbus_uuid") ?? settings.Text(section, "serial") ?? "";
        return serial.StartsWith(SerialFolder, StringComparison.Ordinal) ? serial[SerialFolder.Length..] : serial;
    }

    private static bool HasHoming(KlipperSettings settings)
    {
        if (settings.Has("homing_override"))
        {
            return true;
        }

        // One stepper per axis homes it: stepper_x/y/z, or a/b/c on a delta; stepper_z1 and the like follow the first.
        var axes = settings.Sections.Where(s => s.StartsWith("stepper_", StringComparison.Ordinal) && !char.IsAsciiDigit(s[^1])).ToList();
        return axes.Count >= 3 && axes.TrueForAll(a => settings.Text(a, "endstop_pin") is not null);
    }

    private static bool IsFurtherMcu(string section) => section.StartsWith("mcu ", StringComparison.Ordinal);

    /// <summary>The Linux process that plays a micro-controller on the host (Klipper's "Linux MCU") is no part of the machine.</summary>
    private static bool IsRealMcu(string mcu) => !mcu.Contains("klipper_host_mcu", StringComparison.Ordinal) && mcu.Length <= 256;

    private static bool IsExtruder(string section) =>
        section.StartsWith("extruder", StringComparison.Ordinal) && section.AsSpan("extruder".Length).IndexOfAnyExceptInRange('0', '9') < 0;

    private static double Axis(JsonElement axes, int index) =>
        axes.ValueKind == JsonValueKind.Array && axes.GetArrayLength() > index && axes[index].ValueKind == JsonValueKind.Number
        && axes[index].TryGetDouble(out var value) && double.IsFinite(value)
            ? value
            : 0;

    private static JsonElement Child(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var child) ? child : default;

    private static string? Text(JsonElement parent, string name)
    {
        try
        {
            return Child(parent, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // An escaped lone surrogate is valid JSON grammar but no text.
            return null;
        }
    }
}

/// <summary>Klipper's version text: <c>v0.13.0-730-g84104bbbd-dirty</c>.</summary>
internal static class KlipperVersion
{
    /// <summary>The oldest release that is driven: v0.12 brought the API that sessions rely on.</summary>
    public static readonly Version Oldest = new(0, 12);

    public static Version? Parse(string text)
    {
        var parts = text.TrimStart('v').Split('-')[0].Split('.');
        return parts.Length >= 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minor)
                ? new Version(major, minor)
                : null;
    }
}
