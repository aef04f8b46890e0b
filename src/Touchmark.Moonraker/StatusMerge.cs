using System.Text.Json;

namespace Touchmark.Moonraker;

/// <summary>
/// Merges one status object (object name to changed fields) into a <see cref="PrinterStatus"/>. A field of an unexpected type keeps
/// its former value: a hostile or newer printer cannot make this throw or grow beyond the objects that were subscribed to.
/// </summary>
internal static class StatusMerge
{
    private const int LongestText = 1000;

    public static PrinterStatus Apply(PrinterStatus state, JsonElement status, double eventTime, IReadOnlySet<string> subscribed)
    {
        if (double.IsFinite(eventTime) && eventTime >= state.EventTime)
        {
            state = state with { EventTime = eventTime };
        }

        if (status.ValueKind != JsonValueKind.Object)
        {
            return state;
        }

        foreach (var entry in status.EnumerateObject())
        {
            if (entry.Value.ValueKind == JsonValueKind.Object && TryName(entry) is { } name && subscribed.Contains(name))
            {
                state = ApplyObject(state, name, entry.Value);
            }
        }

        return state;
    }

    public static bool IsHeater(string objectName) =>
        objectName == "heater_bed"
        || objectName.StartsWith("heater_generic ", StringComparison.Ordinal)
        || (objectName.StartsWith("extruder", StringComparison.Ordinal) && objectName.AsSpan("extruder".Length).IndexOfAnyExceptInRange('0', '9') < 0);

    private static PrinterStatus ApplyObject(PrinterStatus state, string name, JsonElement fields) => name switch
    {
        "toolhead" => state with
        {
            Toolhead = new ToolheadState(
                fields.Text("homed_axes", state.Toolhead.HomedAxes),
                fields.Axes("position", state.Toolhead.Position),
                fields.Number("print_time", state.Toolhead.PrintTime),
                fields.Number("estimated_print_time", state.Toolhead.EstimatedPrintTime),
                fields.Number("max_velocity", state.Toolhead.MaxVelocity),
                fields.Number("max_accel", state.Toolhead.MaxAcceleration),
                fields.Text("extruder", state.Toolhead.Extruder)),
        },
        "motion_report" => state with
        {
            Motion = new MotionState(
                fields.Axes("live_position", state.Motion.LivePosition),
                fields.Number("live_velocity", state.Motion.LiveVelocity),
                fields.Number("live_extruder_velocity", state.Motion.LiveExtruderVelocity)),
        },
        "gcode_move" => state with
        {
            GCodeMove = new GCodeMoveState(
                fields.Number("speed_factor", state.GCodeMove.SpeedFactor),
                fields.Number("extrude_factor", state.GCodeMove.ExtrudeFactor),
                fields.Axes("homing_origin", state.GCodeMove.HomingOrigin),
                fields.Axes("position", state.GCodeMove.Position),
                fields.Flag("absolute_coordinates", state.GCodeMove.AbsoluteCoordinates),
                fields.Flag("absolute_extrude", state.GCodeMove.AbsoluteExtrude)),
        },
        "fan" => state with { FanSpeed = fields.Number("speed", state.FanSpeed) },
        "print_stats" => state with { PrintState = fields.Text("state", state.PrintState) },
        "idle_timeout" => state with { IdleState = fields.Text("state", state.IdleState) },
        "webhooks" => state with
        {
            Klippy = ParseKlippy(fields.Text("state", "")) ?? state.Klippy,
            KlippyMessage = fields.Text("state_message", state.KlippyMessage),
        },
        _ when IsHeater(name) => state with { Heaters = state.Heaters.SetItem(name, MergeHeater(state.Heaters.GetValueOrDefault(name, HeaterState.Unknown), fields)) },
        _ => state,
    };

    private static HeaterState MergeHeater(HeaterState before, JsonElement fields) => new(
        fields.Number("temperature", before.Temperature),
        fields.Number("target", before.Target),
        fields.Number("power", before.Power));

    public static KlippyState? ParseKlippy(string state) => state switch
    {
        "ready" => KlippyState.Ready,
        "startup" => KlippyState.Startup,
        "shutdown" => KlippyState.Shutdown,
        "error" => KlippyState.Error,
        "disconnected" => KlippyState.Disconnected,
        _ => null,
    };

    /// <summary>A finite number, else <paramref name="otherwise"/>.</summary>
    public static double Number(this JsonElement fields, string name, double otherwise) =>
        fields.TryGetNumber(name) ?? otherwise;

    public static double? TryGetNumber(this JsonElement fields, string name) =>
        fields.ValueKind == JsonValueKind.Object && fields.TryGetProperty(name, out var value) && TryNumber(value, out var number) ? number : null;

    /// <summary>Text cut to a fixed length, else <paramref name="otherwise"/>.</summary>
    public static string Text(this JsonElement fields, string name, string otherwise)
    {
        if (fields.ValueKind != JsonValueKind.Object || !fields.TryGetProperty(name, out var value) || TryText(value) is not { } text)
        {
            return otherwise;
        }

        return text.Length <= LongestText ? text : text[..LongestText];
    }

    public static string? TryText(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // An escaped lone surrogate is valid JSON grammar but no text.
            return null;
        }
    }

    public static string? TryName(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static bool Flag(this JsonElement fields, string name, bool otherwise) =>
        fields.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : otherwise;

    private static Axes Axes(this JsonElement fields, string name, Axes otherwise)
    {
        if (!fields.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.Array || value.GetArrayLength() < 4)
        {
            return otherwise;
        }

        // Klipper appends extra axes after these four (toolhead.extra_axes).
        return TryNumber(value[0], out var x) && TryNumber(value[1], out var y) && TryNumber(value[2], out var z) && TryNumber(value[3], out var e)
            ? new Axes(x, y, z, e)
            : otherwise;
    }

    public static bool TryNumber(JsonElement value, out double number)
    {
        number = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out number) && double.IsFinite(number);
    }
}
