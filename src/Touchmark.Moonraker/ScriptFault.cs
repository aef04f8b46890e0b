namespace Touchmark.Moonraker;

/// <summary>
/// Why Klipper refused a script whose lines must stay secret. Klipper quotes the offending line or its coordinates in its messages
/// (klippy/gcode.py, klippy/toolhead.py), so only the kind of refusal is kept and the text is wiped unread.
/// </summary>
public enum ScriptFault
{
    /// <summary>All lines are queued.</summary>
    None,

    /// <summary>"Move out of range".</summary>
    MoveOutOfRange,

    /// <summary>"Must home axis first".</summary>
    NotHomed,

    /// <summary>"Extrude below minimum temp".</summary>
    ExtruderTooCold,

    /// <summary>"Move exceeds maximum extrusion" or "Extrude only move too long".</summary>
    ExtrusionLimit,

    /// <summary>"Requested temperature … out of range".</summary>
    TemperatureOutOfRange,

    /// <summary>Klipper is in shutdown or not connected.</summary>
    NotReady,

    /// <summary>Any other refusal, among them malformed commands.</summary>
    Other,
}

internal static class ScriptFaults
{
    private static readonly (byte[] Prefix, ScriptFault Fault)[] Known =
    [
        ("Move out of range"u8.ToArray(), ScriptFault.MoveOutOfRange),
        ("Must home"u8.ToArray(), ScriptFault.NotHomed),
        ("Extrude below minimum temp"u8.ToArray(), ScriptFault.ExtruderTooCold),
        ("Extrude only move too long"u8.ToArray(), ScriptFault.ExtrusionLimit),
        ("Move exceeds maximum extrusion"u8.ToArray(), ScriptFault.ExtrusionLimit),
        ("Requested temperature"u8.ToArray(), ScriptFault.TemperatureOutOfRange),
        ("Shutdown"u8.ToArray(), ScriptFault.NotReady),
        ("MCU "u8.ToArray(), ScriptFault.NotReady),
        ("Lost communication"u8.ToArray(), ScriptFault.NotReady),
        ("Printer is "u8.ToArray(), ScriptFault.NotReady),
        ("Klippy "u8.ToArray(), ScriptFault.NotReady),
        ("Homing failed due to printer shutdown"u8.ToArray(), ScriptFault.NotReady),
    ];

    /// <param name="code">JSON-RPC error code; Moonraker uses 503 for "Klippy host not connected".</param>
    /// <param name="rawMessage">The message as it stands in the JSON text, quotes included, escapes untouched.</param>
    public static ScriptFault Classify(int code, ReadOnlySpan<byte> rawMessage)
    {
        if (code == 503)
        {
            return ScriptFault.NotReady;
        }

        var text = rawMessage.TrimStart((byte)'"');
        foreach (var (prefix, fault) in Known)
        {
            if (text.StartsWith(prefix))
            {
                return fault;
            }
        }

        return ScriptFault.Other;
    }
}
