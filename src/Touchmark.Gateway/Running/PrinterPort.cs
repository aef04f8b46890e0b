using System.Threading.Channels;
using Touchmark.Gateway.Diagnostics;
using Touchmark.Moonraker;

namespace Touchmark.Gateway.Running;

/// <summary>
/// The connection to the printer: kept up, subscribed again after each restart of Klipper, and the way to make the printer safe even when it first has to
/// be found again.
/// </summary>
internal sealed class PrinterPort(MoonrakerAddress address, ChannelWriter<HostEvent> events, Journal journal, TimeProvider time)
{
    /// <summary>Longest time for safe-rest, the wait for a printer that is gone included.</summary>
    private static readonly TimeSpan ReturnLimit = TimeSpan.FromSeconds(45);

    /// <summary>Longest wait for a Klipper that does not run while Moonraker is there: a firmware restart takes 2 to 15 s.</summary>
    private static readonly TimeSpan RestartLimit = TimeSpan.FromSeconds(20);

    /// <summary>Longest wait for one line's answer. It is queued in the printer all the same, so that the next ones may follow.</summary>
    private static readonly TimeSpan LineLimit = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan PollPeriod = TimeSpan.FromSeconds(0.5);

    private readonly Lock _lock = new();
    private TaskCompletionSource<MoonrakerClient> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MoonrakerClient? _readyClient;
    private MoonrakerClient? _client;

    public MoonrakerAddress Address => address;

    /// <summary>The connection, or null while there is none.</summary>
    public MoonrakerClient? Client => Volatile.Read(ref _client);

    /// <summary>Keeps one connection for as long as it is not told to stop.</summary>
    public async Task KeepAsync(CancellationToken stop)
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(8));
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await using var client = await MoonrakerClient.ConnectAsync(address, time, stop);
                await client.IdentifyAsync("touchmark-gateway", Program.Version, stop);
                backoff.Reset();
                Volatile.Write(ref _client, client);
                await events.WriteAsync(new HostEvent.PrinterConnected(client), stop);
                await FollowAsync(client, stop);
            }
            catch (MoonrakerException failure)
            {
                await LostAsync(failure.Message, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            finally
            {
                Volatile.Write(ref _client, null);
                NotReady();
            }

            await Wait(backoff.Next(), stop);
        }
    }

    /// <summary>
    /// Sends each line as a script of its own, so that one that fails (a move when homing is lost) does not keep the next from being carried out.
    /// Waits for a printer that is away, and starts over when it goes away meanwhile. Null when every line was accepted; else a code.
    /// </summary>
    public async Task<string?> MakeSafeAsync(IReadOnlyList<string> lines, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(ReturnLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        while (true)
        {
            if (await WaitUntilReadyAsync(either.Token) is not { } client)
            {
                // A micro-controller in shutdown has switched its heaters off by itself (Klipper's mcu.py, "shutdown values").
                return Client is null ? "PRINTER_UNREACHABLE" : "KLIPPER_NOT_READY";
            }

            var refused = 0;
            try
            {
                foreach (var line in lines)
                {
                    refused += await RunLineAsync(client, line, either.Token) ? 0 : 1;
                }

                // Safe is what it is when the head has stopped, not when the order is queued.
                await RunLineAsync(client, "M400", either.Token);
                if (refused == 0)
                {
                    return null;
                }

                // A Klipper in shutdown refuses before Moonraker announces the shutdown.
                if ((await client.GetKlipperInfoAsync(either.Token)).State == KlippyState.Ready)
                {
                    return $"REFUSED_LINES_{refused}";
                }

                journal.Note("safe-rest interrupted: Klipper is not ready");
                NotReady(client);
            }
            catch (MoonrakerException failure)
            {
                journal.Note($"safe-rest interrupted: {failure.Failure}");
                NotReady(client);
            }
            catch (OperationCanceledException)
            {
                return "PRINTER_DID_NOT_ANSWER";
            }
        }
    }

    /// <summary>Stops at once, then restarts the firmware so that heaters and fans obey again.</summary>
    public async Task EmergencyStopAsync(CancellationToken cancellationToken)
    {
        if (Client is not { } client)
        {
            return;
        }

        try
        {
            await client.EmergencyStopAsync(cancellationToken);
            NotReady();
            journal.Event("printer: emergency stop");
            await client.FirmwareRestartAsync(cancellationToken);
        }
        catch (MoonrakerException failure)
        {
            journal.Note($"emergency stop: {failure.Failure}");
        }
    }

    private async Task<MoonrakerClient?> WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await Ready().WaitAsync(PollPeriod, time, cancellationToken);
            }
            catch (TimeoutException) when (Client is null || time.GetElapsedTime(began) < RestartLimit)
            {
                // Away, or restarting: worth waiting for.
            }
            catch (Exception failure) when (failure is TimeoutException or OperationCanceledException)
            {
                return null;
            }
        }
    }

    private async Task<bool> RunLineAsync(MoonrakerClient client, string line, CancellationToken cancellationToken)
    {
        try
        {
            await client.RunScriptAsync(line, LineLimit, cancellationToken);
            return true;
        }
        catch (MoonrakerException failure) when (
            failure.Failure == MoonrakerFailure.TimedOut || (failure.Failure == MoonrakerFailure.Refused && client.Status.Klippy == KlippyState.Ready))
        {
            // These lines are ours and no secret; Klipper's words are not repeated all the same.
            journal.Note($"safe-rest: '{line}' {failure.Failure}");
            return false;
        }
    }

    private async Task FollowAsync(MoonrakerClient client, CancellationToken stop)
    {
        var before = KlippyState.Disconnected;
        try
        {
            if ((await client.GetKlipperInfoAsync(stop)).State == KlippyState.Ready)
            {
                before = (await client.SubscribeAsync(stop)).Klippy;
                NowReady(client);
            }
        }
        catch (MoonrakerException failure) when (failure.Failure == MoonrakerFailure.Refused)
        {
            // Moonraker is there and Klipper is not; it announces it when it comes.
            journal.Note("printer: Klipper is not connected");
        }

        while (await client.Updates.WaitToReadAsync(stop))
        {
            while (client.Updates.TryRead(out var status))
            {
                if (status.Klippy == KlippyState.Ready && before != KlippyState.Ready)
                {
                    // A restart of Klipper dropped the subscription.
                    status = await client.SubscribeAsync(stop);
                    NowReady(client);
                }
                else if (status.Klippy != KlippyState.Ready)
                {
                    NotReady();
                }

                before = status.Klippy;
                await events.WriteAsync(new HostEvent.PrinterReported(status), stop);
            }
        }
    }

    private async Task LostAsync(string reason, CancellationToken stop)
    {
        try
        {
            await events.WriteAsync(new HostEvent.PrinterLost(reason), stop);
        }
        catch (OperationCanceledException)
        {
            // Stopping: nobody listens any more.
        }
    }

    private async Task Wait(TimeSpan duration, CancellationToken stop)
    {
        try
        {
            await Task.Delay(duration, time, stop);
        }
        catch (OperationCanceledException)
        {
            // The loop sees it.
        }
    }

    private Task<MoonrakerClient> Ready()
    {
        lock (_lock)
        {
            return _ready.Task;
        }
    }

    private void NowReady(MoonrakerClient client)
    {
        lock (_lock)
        {
            _readyClient = client;
            _ready.TrySetResult(client);
        }
    }

    /// <summary>Whoever waits for a ready printer waits for the next one; with a client given, only if it is still that one.</summary>
    private void NotReady(MoonrakerClient? only = null)
    {
        lock (_lock)
        {
            if (_readyClient is not null && (only is null || only == _readyClient))
            {
                _readyClient = null;
                _ready = new TaskCompletionSource<MoonrakerClient>(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
