using System.Threading.Channels;
using Touchmark.Cryptography;
using Touchmark.Gateway.Configuration;
using Touchmark.Gateway.Diagnostics;
using Touchmark.Gateway.Live;
using Touchmark.Gateway.Vault;
using Touchmark.Moonraker;
using Touchmark.Streaming;
using Report = Touchmark.Streaming.Wire.PrinterStatus;
using VaultNotice = Touchmark.Streaming.Wire.VaultNotice;

namespace Touchmark.Gateway.Running;

/// <summary>
/// Joins one engine, one printer and at most one print. Everything that happens is an event in one queue, taken by one loop; what takes time runs
/// beside it and comes back as an event.
/// </summary>
internal sealed class GatewayHost : IDisposable
{
    /// <summary>What the connection is for; both sides sign it.</summary>
    private const string Purpose = "gateway";

    private static readonly TimeSpan TickPeriod = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan IdleReportPeriod = TimeSpan.FromSeconds(5);

    /// <summary>A session closes by itself 90 s after it was told to stop, at the latest.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(100);

    private readonly GatewaySettings _settings;
    private readonly P256PrivateKey _device;
    private readonly Journal _journal;
    private readonly TimeProvider _time;
    private readonly Channel<HostEvent> _events = Channel.CreateBounded<HostEvent>(new BoundedChannelOptions(1024) { SingleReader = true });
    private readonly CancellationTokenSource _background = new();
    private readonly PrinterPort _port;
    private readonly RunningPrint _print;
    private readonly VaultDesk _vault;

    private EngineLink? _link;
    private GatewayConnection? _connection;
    private PrinterStatus? _printer;
    private string _lastLoss = "";
    private long _lastReport;
    private long? _stopping;

    public GatewayHost(GatewaySettings settings, P256PrivateKey device, Journal journal, Progress progress, TimeProvider time)
    {
        if (!MoonrakerAddress.TryParse(settings.Printer, out var printer) || MachineProfile.TryDecode(settings.Profile, out _) is not { } enrolled)
        {
            throw new GatewayError("SETTINGS_UNREADABLE", "The printer's address or profile in the settings cannot be read.", "Enrol this gateway again.");
        }

        _settings = settings;
        _device = device;
        _journal = journal;
        _time = time;
        _vault = new VaultDesk(settings.Vault, journal, time);
        _port = new PrinterPort(printer, _events.Writer, journal, time);
        Live = new LiveDesk(_events.Writer);
        _print = new RunningPrint(new PrintContext(device, settings.EngineKey, enrolled, _port, settings.ThroughMoonraker ? null : Live, journal, progress, time, _events.Writer, _background.Token));
    }

    /// <summary>Called each time that the engine has proved itself.</summary>
    public Action? EngineConnected { get; init; }

    /// <summary>Where Klipper's extra asks for the segments of a session.</summary>
    public LiveDesk Live { get; }

    /// <summary>Runs until <paramref name="stop"/>; a print that runs then is ended and the printer made safe before this returns.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await using var onStop = stop.Register(() => _ = StopAsync());
        var background = new[]
        {
            EngineLink.KeepAsync(new Uri(_settings.Engine), _events.Writer, () => _print.IsMissed, _time, _background.Token),
            _port.KeepAsync(_background.Token),
            TickAsync(),
        };
        try
        {
            await foreach (var happened in _events.Reader.ReadAllAsync(CancellationToken.None))
            {
                Handle(happened);
                Forward();
                if (_stopping is { } since && (!_print.IsActive || _time.GetElapsedTime(since) > StopLimit))
                {
                    break;
                }
            }
        }
        finally
        {
            if (_link is { } link)
            {
                await link.FinishAsync(_time);
            }

            await _background.CancelAsync();
            await Task.WhenAll(background);
        }
    }

    public bool IsEngineConnected => Volatile.Read(ref _connection)?.IsEstablished == true;

    /// <summary>A few lines for <c>touchmark-gateway status</c>.</summary>
    public IEnumerable<string> Describe()
    {
        var printer = Volatile.Read(ref _printer);
        yield return $"printer {_settings.PrinterId} ({_settings.Name}) at {_settings.Printer}: {(printer is null ? "not connected" : printer.Klippy.ToString().ToLowerInvariant())}";
        yield return $"engine {_settings.Engine}: {(_connection?.IsEstablished == true ? "connected" : "not connected")}";
        yield return _print.Describe();
        yield return $"vault: {_settings.Vault ?? "none"}";
        yield return $"locked memory: {LockedMemory.Report()}";
    }

    private void Handle(HostEvent happened)
    {
        var now = Moment.Of(_time);
        (happened as HostEvent.EngineFrame)?.Link.Handled();
        switch (happened)
        {
            case HostEvent.EngineConnected connected:
                _link = connected.Link;
                _connection = new GatewayConnection(_settings.PrinterId, _device, _settings.EngineKey, Program.Version);
                break;
            case HostEvent.EngineFrame frame when frame.Link == _link:
                TakeFrame(frame.Frame, now);
                break;
            case HostEvent.EngineLost lost:
                TakeLoss(lost, now);
                break;
            case HostEvent.PrinterReported reported:
                TakeStatus(reported.Status, now);
                break;
            case HostEvent.PrinterLost lost:
                if (_printer is not null || _lastReport == 0)
                {
                    _journal.Event($"printer: not connected ({lost.Reason})");
                }

                Volatile.Write(ref _printer, null);
                _print.PrinterLost(now);
                break;
            case HostEvent.VaultAnswered answered:
                if (_connection?.IsEstablished == true)
                {
                    _link!.Send(answered.Frame);
                }

                break;
            case HostEvent.Stop stop:
                _journal.Event($"stopping: {stop.Reason}");
                _stopping ??= _time.GetTimestamp();
                _print.Stop(now);
                break;
            default:
                _print.Handle(happened, now);
                break;
        }

        if (_print.WantsAnotherConnection)
        {
            _print.WantsAnotherConnection = false;
            _link?.Abort();
        }

        ReportIdle();
    }

    private void TakeLoss(HostEvent.EngineLost lost, Moment now)
    {
        // One line for each loss, and one for each reason of not coming back; not one for each attempt.
        if (_link is not null || lost.Reason != _lastLoss)
        {
            _journal.Event($"engine: not connected ({lost.Reason})");
        }

        _lastLoss = lost.Reason;
        _link = null;
        _connection = null;
        _print.EngineLost(now);
    }

    private void TakeFrame(ReadOnlyMemory<byte> frame, Moment now)
    {
        var connection = _connection!;
        if (connection.IsEstablished && _vault.TryTake(frame.Span, _background.Token, out var ordered))
        {
            _ = ReportAsync(ordered);
        }
        else if (connection.IsEstablished)
        {
            _print.TakeFrame(frame, now);
        }
        else if (connection.TryAnswer(frame.Span, Purpose, out var hello))
        {
            _link!.Send(hello);
        }
        else if (connection.TryFinish(frame.Span))
        {
            _journal.Event("engine: connected");
            EngineConnected?.Invoke();
            if (_vault.HasVault)
            {
                _link!.Send(VaultNotice.Encode());
            }
        }
        else
        {
            _journal.Event("engine: refused, it did not prove that it is the one of this enrolment");
            _link!.Abort();
        }
    }

    private void TakeStatus(PrinterStatus status, Moment now)
    {
        if (_printer?.Klippy != status.Klippy)
        {
            _journal.Event($"printer: {status.Klippy.ToString().ToLowerInvariant()}");
        }

        Volatile.Write(ref _printer, status);
        _vault.Observe(status, _print.IsActive);
        _print.TakeStatus(status, now);
    }

    private void Forward()
    {
        if (_link is not { } link || !_connection!.IsEstablished)
        {
            return;
        }

        while (_print.TryTakeFrame(out var frame))
        {
            link.Send(frame);
        }
    }

    private void ReportIdle()
    {
        if (_link is null || _connection is not { IsEstablished: true } || _print.IsActive || _time.GetElapsedTime(_lastReport) < IdleReportPeriod)
        {
            return;
        }

        _lastReport = _time.GetTimestamp();
        var sample = _printer?.ToSample();
        var busy = _printer is { PrintState: "printing" or "paused" } or { IdleState: "Printing" };
        _link.Send(new Report(
            _time.GetUtcNow(), sample?.State ?? PrinterState.Disconnected, busy, sample?.NozzleC ?? 0, sample?.BedC ?? 0, _printer?.KlippyMessage ?? "").Encode());
    }

    private async Task TickAsync()
    {
        using var timer = new PeriodicTimer(TickPeriod, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_background.Token))
            {
                await _events.Writer.WriteAsync(new HostEvent.Tick(), _background.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task ReportAsync(Task<ReadOnlyMemory<byte>> ordered)
    {
        try
        {
            await _events.Writer.WriteAsync(new HostEvent.VaultAnswered(await ordered), _background.Token);
        }
        catch (OperationCanceledException)
        {
            // Stopped: the engine asks again.
        }
    }

    private async Task StopAsync() => await _events.Writer.WriteAsync(new HostEvent.Stop("stopped on this computer"), _background.Token);

    public void Dispose()
    {
        _print.Dispose();
        _vault.Dispose();
        _background.Dispose();
    }
}
