using System.Globalization;
using Touchmark.Gateway.Running;
using Touchmark.Moonraker;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Machine;

/// <summary>After a print: what Moonraker's console history (<c>server.gcode_store</c>) holds, which every client on the printer's network can read.</summary>
internal static class ScriptStoreProof
{
    /// <summary>Nothing when the store was asked and is empty.</summary>
    public static async Task<IReadOnlyList<PreflightWarning>> TakeAsync(PrinterPort port, CancellationToken cancellationToken)
    {
        try
        {
            return port.Client is { } printer ? Judge(await printer.CountStoredScriptsAsync(cancellationToken)) : [Unasked];
        }
        catch (MoonrakerException)
        {
            return [Unasked];
        }
    }

    private static PreflightWarning Unasked => new("GCODE_STORE_UNCHECKED", "Moonraker could not be asked after the print whether its gcode_store holds any of it.");

    private static IReadOnlyList<PreflightWarning> Judge(int commands) => commands == 0 ? [] :
    [
        new("GCODE_STORE_NOT_EMPTY", string.Create(CultureInfo.InvariantCulture,
            $"After the print Moonraker's gcode_store holds {commands} commands, which any client on the printer's network can read until Moonraker restarts.")),
    ];
}
