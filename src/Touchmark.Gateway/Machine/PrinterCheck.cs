using Touchmark.Gateway.Running;
using Touchmark.Moonraker;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Machine;

/// <summary>Reads the printer and judges it against a job; whatever goes wrong on the way is a refusal as well.</summary>
internal static class PrinterCheck
{
    /// <summary>How long a printer may be away: the gateway may just have started, or the network may have hiccuped.</summary>
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan PollPeriod = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a printer may go on moving (parking after the last print, somebody's jog) before it counts as busy.</summary>
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(10);

    public static async Task<(MachineProfile? Profile, Refusal? Refusal)> RunAsync(
        PrinterPort port, MachineProfile enrolled, JobFacts job, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            if (await ConnectedAsync(port, time, cancellationToken) is not { } printer)
            {
                return (null, Preflight.Unreachable(port.Address.ToString()));
            }

            await SettleAsync(printer, time, cancellationToken);
            var (klipper, reading) = await MachineReading.ReadAsync(printer, enrolled.Model, cancellationToken);
            if (reading is null)
            {
                return (null, Preflight.NotReady(klipper));
            }

            var refusal = Preflight.Check(reading, job, enrolled) ?? Preflight.ScriptStore(reading);
            return (reading.Profile, refusal);
        }
        catch (MoonrakerException failure)
        {
            return (null, failure.Failure is MoonrakerFailure.Refused && failure.Code != 503
                ? Preflight.NotKlipper(port.Address.ToString())
                : Preflight.Unreachable(port.Address.ToString()));
        }
        catch (OperationCanceledException)
        {
            return (null, Preflight.Unreachable(port.Address.ToString()));
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
