using System.Buffers;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Text.Json;
using System.Threading.Channels;

namespace Touchmark.Moonraker;

/// <summary>
/// One connection to a Moonraker: requests with time limits, the merged printer state, and scripts whose text stays in locked memory.
/// When the connection ends every open call fails with <see cref="MoonrakerFailure.ConnectionLost"/> and <see cref="Updates"/> completes;
/// the owner decides whether to connect again (subscriptions do not survive, nor do they survive a restart of Klipper).
/// </summary>
public sealed partial class MoonrakerClient : IAsyncDisposable
{
    /// <summary>Time limit of a call that does not wait for the printer.</summary>
    public static readonly TimeSpan UsualTimeout = TimeSpan.FromSeconds(10);

    private readonly MessageLink _link;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<long, PendingCall> _pending = new();
    private readonly PrinterUpdates _updates = new();
    private readonly Task _receiving;
    private IReadOnlySet<string> _subscribed = new HashSet<string>();
    private PrinterStatus _status = PrinterStatus.Unknown;
    private MoonrakerException? _ended;
    private long _lastId;

    private MoonrakerClient(MoonrakerAddress address, MessageLink link, TimeProvider time)
    {
        Address = address;
        _link = link;
        _time = time;
        _receiving = ReceiveAsync();
    }

    public MoonrakerAddress Address { get; }

    /// <summary>The latest merged state.</summary>
    public PrinterStatus Status => Volatile.Read(ref _status);

    /// <summary>Each new state, in order; a reader that falls 64 behind loses the oldest. Completes with the cause when the connection ends.</summary>
    public ChannelReader<PrinterStatus> Updates => _updates;

    /// <summary>Messages that were not JSON-RPC and were passed over.</summary>
    public long MalformedMessages { get; private set; }

    /// <summary>Times that Klipper called a command unknown. Klipper does not count that as an error of the script.</summary>
    public long UnknownCommands { get; private set; }

    /// <exception cref="MoonrakerException">Nothing useful answers there.</exception>
    public static async Task<MoonrakerClient> ConnectAsync(MoonrakerAddress address, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(UsualTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            MessageLink link = address.Transport == MoonrakerTransport.UnixSocket
                ? await EtxLink.ConnectAsync(address.Path, either.Token)
                : await WebSocketLink.ConnectAsync(address, either.Token);
            return new MoonrakerClient(address, link, time);
        }
        catch (Exception failure) when (failure is SocketException or WebSocketException or IOException or HttpRequestException or AuthenticationException)
        {
            throw new MoonrakerException(MoonrakerFailure.Unreachable, $"No Moonraker answers at {address}: {Innermost(failure)}", inner: failure);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new MoonrakerException(MoonrakerFailure.Unreachable, $"No Moonraker answers at {address} within {UsualTimeout.TotalSeconds} s.");
        }
    }

    /// <summary>
    /// Calls a method such as <c>printer.info</c>; <paramref name="parameters"/> writes the properties of <c>params</c>. Without a
    /// <paramref name="timeout"/> it waits for as long as the connection lasts. The result is a copy that outlives the message.
    /// </summary>
    /// <exception cref="MoonrakerException">No connection, no answer in time, or an error as the answer.</exception>
    public Task<JsonElement> CallAsync(string method, Action<Utf8JsonWriter>? parameters, TimeSpan? timeout, CancellationToken cancellationToken) =>
        CallAsync(method, parameters, takeResult: null, timeout, cancellationToken);

    /// <summary>
    /// Runs a script whose lines nobody else may read. It answers when the last line is queued, not executed; a failure at some line leaves the
    /// ones before it queued. <paramref name="script"/> is UTF-8 in locked memory; <paramref name="scratch"/> is locked memory of at least
    /// <see cref="SecretFrame.RequiredScratch"/> bytes, which is wiped before the answer is awaited. The answer keeps its place among the printer's states: it is
    /// given, before anything later, when the reader of <see cref="Updates"/> has come to it, so somebody must read those.
    /// </summary>
    /// <exception cref="MoonrakerException">No connection, or no answer in time.</exception>
    public async Task<ScriptFault> RunSecretScriptAsync(
        ReadOnlyMemory<byte> script, Memory<byte> scratch, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var answer = await ExchangeAsync(
            id => _link.SendSecretScriptAsync(script, id, scratch, cancellationToken), new PendingCall(secret: true, null), "printer.gcode.script", timeout, cancellationToken);
        return answer.Fault;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _link.DisposeAsync();
        await _receiving;
        _updates.Drain();
        _stop.Dispose();
    }

    private async Task<JsonElement> CallAsync(
        string method, Action<Utf8JsonWriter>? parameters, Action<JsonElement>? takeResult, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var answer = await ExchangeAsync(
            id => SendAsync(id, method, parameters, cancellationToken), new PendingCall(secret: false, takeResult), method, timeout, cancellationToken);
        return answer.Result;
    }

    private async Task<Answer> ExchangeAsync(Func<long, ValueTask> send, PendingCall call, string method, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var id = Interlocked.Increment(ref _lastId);
        _pending[id] = call;
        try
        {
            if (Volatile.Read(ref _ended) is { } ended)
            {
                throw ended;
            }

            await send(id);
            return timeout is { } limit
                ? await call.Completion.Task.WaitAsync(limit, _time, cancellationToken)
                : await call.Completion.Task.WaitAsync(cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new MoonrakerException(MoonrakerFailure.TimedOut, $"{method} was not answered within {timeout!.Value.TotalSeconds} s.");
        }
        catch (Exception failure) when (IsTransport(failure) && !cancellationToken.IsCancellationRequested)
        {
            throw Volatile.Read(ref _ended) ?? Lost(failure);
        }
        finally
        {
            _pending.TryRemove(id, out _);
        }
    }

    private async ValueTask SendAsync(long id, string method, Action<Utf8JsonWriter>? parameters, CancellationToken cancellationToken)
    {
        var json = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc"u8, "2.0"u8);
            writer.WriteString("method"u8, method);
            if (parameters is not null)
            {
                writer.WriteStartObject("params"u8);
                parameters(writer);
                writer.WriteEndObject();
            }

            writer.WriteNumber("id"u8, id);
            writer.WriteEndObject();
        }

        await _link.SendAsync(json.WrittenMemory, cancellationToken);
    }

    private async Task ReceiveAsync()
    {
        using var message = new MessageBuffer();
        MoonrakerException cause;
        try
        {
            while (await _link.ReceiveAsync(message, _stop.Token))
            {
                Dispatch(message.Written);
            }

            cause = new MoonrakerException(MoonrakerFailure.ConnectionLost, $"Moonraker at {Address} closed the connection.");
        }
        catch (Exception failure) when (IsTransport(failure) || failure is InvalidDataException or OperationCanceledException)
        {
            cause = Lost(failure);
        }

        Volatile.Write(ref _ended, cause);
        Volatile.Write(ref _status, Status with { Klippy = KlippyState.Disconnected });
        foreach (var call in _pending.Values)
        {
            call.Completion.TrySetException(cause);
        }

        _updates.Complete(cause);
    }

    private MoonrakerException Lost(Exception failure) =>
        new(MoonrakerFailure.ConnectionLost, $"The connection to Moonraker at {Address} is lost: {Innermost(failure)}", inner: failure);

    private static bool IsTransport(Exception failure) =>
        failure is IOException or SocketException or WebSocketException or ObjectDisposedException or InvalidOperationException;

    private static string Innermost(Exception failure) => failure.GetBaseException().Message;

    private sealed class PendingCall(bool secret, Action<JsonElement>? takeResult)
    {
        public bool IsSecret { get; } = secret;

        /// <summary>Takes the result in the receive loop, before any later message is looked at; the caller's own continuation may run after those.</summary>
        public Action<JsonElement>? TakeResult { get; } = takeResult;

        // A secret script's caller goes on in the reader of the updates, at the answer's place among them.
        public TaskCompletionSource<Answer> Completion { get; } = new(secret ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private readonly record struct Answer(JsonElement Result, ScriptFault Fault);
}
