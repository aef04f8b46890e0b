using Touchmark.Gateway.DeadMan;
using Touchmark.Gateway.Diagnostics;
using Touchmark.Moonraker;

namespace Touchmark.Gateway.Running;

/// <summary>
/// Keeps Klipper from taking a print that waits for an idle printer (docs/decisions/0031-idle-timeout.md). Klipper's <c>idle_timeout</c> switches heaters and motors off some time after the last motion, unless a line holds its queue:
/// a print that is paused, or whose heaters are awaited by telemetry, does neither. A dwell of a millisecond is motion to it (<c>toolhead.py</c>, <c>dwell</c>) and moves nothing. Called from the gateway's loop only.
/// </summary>
internal sealed class IdleGuard(PrinterPort port, PrinterPace pace, Journal journal, TimeProvider time)
{
    private const string Dwell = "G4 P1";

    /// <summary>Between two words to a printer that waits, s of its clock.</summary>
    private const double Period = 10;

    /// <summary>The shortest <c>idle_timeout</c> that this keeps off, s: two words may be late or lost.</summary>
    public const double Least = 3 * Period;

    private long? _since;
    private Task _word = Task.CompletedTask;

    /// <summary>To be called often, with whether the printer has been given all there is and waits.</summary>
    public void Keep(bool waits)
    {
        if (!waits)
        {
            _since = null;
            return;
        }

        _since ??= time.GetTimestamp();
        if (time.GetElapsedTime(_since.Value).TotalSeconds * pace.Factor >= Period && _word.IsCompleted && port.Client is { } printer)
        {
            _since = time.GetTimestamp();
            _word = SendAsync(printer);
        }
    }

    private async Task SendAsync(MoonrakerClient printer)
    {
        try
        {
            await printer.RunScriptAsync(Dwell, timeout: null, CancellationToken.None);
        }
        catch (MoonrakerException failure)
        {
            journal.Note($"idle timeout: not kept off, {failure.Failure}");
        }
    }
}
