using Touchmark.Gateway.DeadMan;
using Touchmark.Gateway.Running;
using Touchmark.Moonraker;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Machine;

/// <summary>What the check came to: a profile and its notes, or the reason not to print.</summary>
internal sealed record PrinterFinding(MachineProfile? Profile, PreflightNotes? Notes, Refusal? Refusal)
{
    public PrinterFinding(Refusal refusal)
        : this(null, null, refusal)
    {
    }

    public PrinterFinding(MachineProfile profile, PreflightNotes notes)
        : this(profile, notes, null)
    {
    }
}

/// <summary>Reads the printer and judges it against a job; whatever goes wrong on the way is a refusal as well.</summary>
internal static class PrinterCheck
{
    /// <summary>How long a printer may be away: the gateway may just have started, or the network may have hiccuped.</summary>
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan PollPeriod = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a printer may go on moving (parking after the last print, somebody's jog) before it counts as busy.</summary>
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(10);

    /// <param name="port">The printer.</param>
    /// <param name="enrolled">The machine as it was enrolled.</param>
    /// <param name="job">What is to be printed.</param>
    /// <param name="throughExtra">Whether Moonraker gets no script, so that it does not matter what it keeps of them.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<PrinterFinding> RunAsync(
        PrinterPort port, MachineProfile enrolled, JobFacts job, bool throughExtra, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            if (await ConnectedAsync(port, time, cancellationToken) is not { } printer)
            {
                return new(Preflight.Unreachable(port.Address.ToString()));
            }

            await SettleAsync(printer, time, cancellationToken);
            var (klipper, reading) = await MachineReading.ReadAsync(printer, enrolled.Model, cancellationToken);
            if (reading is null)
            {
                return new(Preflight.NotReady(klipper));
            }

            if (Preflight.Check(reading, job, enrolled) is { } refusal)
            {
                return new(refusal);
            }

            var warnings = new List<PreflightWarning>();
            foreach (var (found, isAllowed) in new[] { (throughExtra ? null : Preflight.ScriptStore(reading), job.AllowScriptStore), (DeadManFile.Judge(reading.DeadMan), job.AllowNoDeadMan) })
            {
                if (found is not null && !isAllowed)
                {
                    return new(found);
                }

                if (found is not null)
                {
                    warnings.Add(new(found.Code, found.Text));
                }
            }

            return new(reading.Profile, new PreflightNotes((throughExtra ? "extra+" : "") + NameOf(reading.Transport), warnings));
        }
        catch (MoonrakerException failure)
        {
            return new(failure.Failure is MoonrakerFailure.Refused && failure.Code != 503
                ? Preflight.NotKlipper(port.Address.ToString())
                : Preflight.Unreachable(port.Address.ToString()));
        }
        catch (OperationCanceledException)
        {
            return new(Preflight.Unreachable(port.Address.ToString()));
        }
    }

    private static string NameOf(MoonrakerTransport transport) => transport switch
    {
        MoonrakerTransport.Tls => "wss",
        MoonrakerTransport.UnixSocket => "unix",
        _ => "ws",
    };

    /// <summary>Which machine is there, in the middle of a print: nothing is judged, and nothing is waited for but the printer. Null when it does not tell.</summary>
    public static async Task<MachineProfile?> ReadAsync(PrinterPort port, MachineProfile enrolled, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            return await ConnectedAsync(port, time, cancellationToken) is { } printer
                ? (await MachineReading.ReadAsync(printer, enrolled.Model, cancellationToken)).Reading?.Profile
                : null;
        }
        catch (MoonrakerException)
        {
            return null;
        }
    }

    private static async Task<MoonrakerClient?> ConnectedAsync(PrinterPort port, TimeProvider time, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (port.Client is null && time.GetElapsedTime(began) < ConnectLimit)
        {
            await Task.Delay(PollPeriod, time, cancellationToken);
        }

        return port.Client;
    }

    private static async Task SettleAsync(MoonrakerClient printer, TimeProvider time, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (printer.Status is { IdleState: "Printing", PrintState: not ("printing" or "paused") } && time.GetElapsedTime(began) < SettleLimit)
        {
            await Task.Delay(PollPeriod, time, cancellationToken);
        }
    }
}
