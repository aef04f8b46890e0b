using System.Threading.Channels;
using Touchmark.Cryptography;
using Touchmark.Moonraker;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Running;

/// <summary>
/// Sends a session's scripts from its locked memory to the printer, through locked scratch memory that is used again and again. The session never has more than
/// two unanswered, so there are never more than two of those.
/// </summary>
internal sealed class ScriptSender(ChannelWriter<HostEvent> events) : IDisposable
{
    private const int LongestScript = 8 * 1024;

    private readonly Stack<LockedBuffer> _scratch = new();

    /// <summary>
    /// Sends one script; <see cref="HostEvent.ScriptReturned"/> tells the outcome. The frame is built before this returns, so that a script which is wiped
    /// later goes out whole or not at all.
    /// </summary>
    public void Send(GatewaySession session, MoonrakerClient? printer, GatewayAction.SendScript script)
    {
        if (!_scratch.TryPop(out var scratch))
        {
            scratch = new LockedBuffer(SecretFrame.RequiredScratch(LongestScript));
        }

        _ = SendAsync(session, printer, script, scratch);
    }

    /// <summary>Takes back the scratch memory of an answered script.</summary>
    public void Return(LockedBuffer scratch) => _scratch.Push(scratch);

    public void Dispose()
    {
        while (_scratch.TryPop(out var scratch))
        {
            scratch.Dispose();
        }
    }

    private async Task SendAsync(GatewaySession session, MoonrakerClient? printer, GatewayAction.SendScript script, LockedBuffer scratch)
    {
        string? fault;
        try
        {
            fault = printer is null
                ? PrinterGone
                : Code(await printer.RunSecretScriptAsync(script.Script, scratch.Memory, timeout: null, CancellationToken.None));
        }
        catch (MoonrakerException failure)
        {
            fault = failure.Failure == MoonrakerFailure.ConnectionLost ? PrinterGone : "PRINTER_ANSWER";
        }
        catch (ArgumentException)
        {
            fault = "SCRIPT_UNSENDABLE";
        }

        await events.WriteAsync(new HostEvent.ScriptReturned(session, script.Segment, fault, scratch));
    }

    /// <summary>Runs lines that are no secret as one script; null when all are queued, else a code.</summary>
    public static async Task<string?> RunAsync(MoonrakerClient printer, IReadOnlyList<string> lines, CancellationToken cancellationToken)
    {
        try
        {
            await printer.RunScriptAsync(string.Join('\n', lines), timeout: null, cancellationToken);
            return null;
        }
        catch (MoonrakerException failure)
        {
            return failure.Failure == MoonrakerFailure.ConnectionLost ? PrinterGone : "REFUSED_BY_PRINTER";
        }
    }

    /// <summary>The connection ended before the answer: reported as the printer vanishing, not as a refused script.</summary>
    public const string PrinterGone = "PRINTER_GONE";

    /// <summary>Klipper is in shutdown or not connected: reported as the printer's state, which Moonraker announces only later.</summary>
    public const string PrinterNotReady = "NOT_READY";

    private static string? Code(ScriptFault fault) => fault switch
    {
        ScriptFault.None => null,
        ScriptFault.MoveOutOfRange => "MOVE_OUT_OF_RANGE",
        ScriptFault.NotHomed => "NOT_HOMED",
        ScriptFault.ExtruderTooCold => "EXTRUDER_TOO_COLD",
        ScriptFault.ExtrusionLimit => "EXTRUSION_LIMIT",
        ScriptFault.TemperatureOutOfRange => "TEMPERATURE_OUT_OF_RANGE",
        ScriptFault.NotReady => PrinterNotReady,
        _ => "REFUSED_BY_PRINTER",
    };
}
