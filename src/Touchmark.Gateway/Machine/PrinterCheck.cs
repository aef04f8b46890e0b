using Touchmark.Gateway.DeadMan;
using Touchmark.Gateway.Running;
using Touchmark.Moonraker;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Machine;

/// <summary>What the check came to: a profile and its notes, or the reason not to print.</summary>
/// <param name="Profile">The machine.</param>
/// <param name="Notes">What a reader of the certificate should know.</param>
/// <param name="ThroughExtra">Whether the lines go through Klipper's extra, and not through Moonraker.</param>
/// <param name="Refusal">The reason.</param>
internal sealed record PrinterFinding(MachineProfile? Profile, PreflightNotes? Notes, bool ThroughExtra, Refusal? Refusal)
{
    public PrinterFinding(Refusal refusal)
        : this(null, null, ThroughExtra: false, refusal)
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

    /// <summary>How long an extra that Klipper has loaded may take to connect: it tries again after 5 s at most.</summary>
    private static readonly TimeSpan ExtraLimit = TimeSpan.FromSeconds(10);

    /// <param name="context">The printer, and the machine as it was enrolled.</param>
    /// <param name="job">What is to be printed.</param>
    public static async Task<PrinterFinding> RunAsync(PrintContext context, JobFacts job)
    {
        var (port, enrolled, time, cancellationToken) = (context.Port, context.Enrolled, context.Time, context.Stopped);
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

            // Moonraker gets none of the scripts then, so that it does not matter what it keeps of them.
            var throughExtra = context.Live is { HasExtra: true };
            if (!throughExtra && reading.HasExtra && context.Live is { } desk)
            {
                context.Journal.Event($"job {job.JobId}: waiting for Klipper's extra");
                if (!await desk.HasExtraWithinAsync(ExtraLimit, time, cancellationToken))
                {
                    return new(Preflight.ExtraAbsent(ExtraLimit));
                }

                throughExtra = true;
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

            return new(reading.Profile, new PreflightNotes((throughExtra ? "extra+" : "") + NameOf(reading.Transport), warnings), throughExtra, Refusal: null);
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
