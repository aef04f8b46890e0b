using System.Runtime.InteropServices;
using Touchmark.Gateway.Configuration;
using Touchmark.Gateway.Diagnostics;
using Touchmark.Gateway.Engine;
using Touchmark.Gateway.OnPrinter;

namespace Touchmark.Gateway.Running;

/// <summary><c>touchmark-gateway run</c>: one gateway for one printer, until a signal stops it.</summary>
internal static class RunCommand
{
    public static async Task RunAsync(GatewayHome home, TimeProvider time, TextWriter output, bool terminal, CancellationToken cancellationToken)
    {
        using var held = home.TryLock()
            ?? throw new GatewayError("ALREADY_RUNNING", $"Another gateway runs in {home.Folder}.", "Stop it first, or give another folder with --home DIR.");
        var settings = home.ReadSettings();
        using var device = home.ReadDeviceKey();

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);

        var journal = new Journal(time, output);
        var keys = new PrinterKeys(home, device, settings.PrinterId);
        await using var engine = new EngineDesk(home, settings, device, keys, journal, time);
        using var host = new GatewayHost(settings, device, journal, new Progress(output, terminal), time) { EngineConnected = engine.Connected };
        await using var diagnostics = new DiagnosticsSocket(home, word => word == "status" ? [.. host.Describe(), $"token: {engine.Token.Status.State}"] : journal.Entries, time);
        // What Klipper and Moonraker load runs on Linux alone.
        await using var socket = OperatingSystem.IsLinux()
            ? new PrinterSocket(home.PrinterSocketPath, new PrinterSide(keys, journal, time, settings.PrinterId, () => host.IsEngineConnected ? "connected" : "not connected", host.Live, engine))
            : null;
        journal.Event($"gateway of printer {settings.PrinterId} ({settings.Name}) runs");
        await host.RunAsync(stop.Token);
        journal.Event("gateway stopped");

        void Stop(PosixSignalContext context)
        {
            // The process ends by itself once the printer is safe.
            context.Cancel = true;
            stop.Cancel();
        }
    }
}
