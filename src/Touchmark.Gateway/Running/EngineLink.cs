using System.Net.WebSockets;
using System.Threading.Channels;
using Touchmark.Streaming.Wire;

namespace Touchmark.Gateway.Running;

/// <summary>One outbound WebSocket to the engine. Frames in and out are whole binary messages of at most <see cref="WireFrame.MaxBytes"/>.</summary>
internal sealed class EngineLink : IAsyncDisposable
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(15);

    // A print waits: a network that swallows the first packet must not cost it the time that its licence allows.
    private static readonly TimeSpan HurriedConnectLimit = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan HurriedWait = TimeSpan.FromSeconds(2);

    // A session's traffic is a few frames a second; this many unsent ones mean a dead peer.
    private const int UnsentLimit = 256;

    // Received and not yet looked at. More than that wait in the network, so that a flood from there never stands before the printer in the gateway's queue.
    private const int UnhandledLimit = 64;

    private readonly SemaphoreSlim _room = new(UnhandledLimit);
    private readonly ClientWebSocket _socket = new();
    private readonly HttpMessageInvoker _invoker = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private readonly Channel<ReadOnlyMemory<byte>> _unsent = Channel.CreateBounded<ReadOnlyMemory<byte>>(new BoundedChannelOptions(UnsentLimit) { SingleReader = true });
    private Task _sending = Task.CompletedTask;

    /// <summary>Keeps one connection to the engine, for as long as it is not told to stop, and tells of everything that happens on it.</summary>
    /// <param name="engine">The engine's address.</param>
    /// <param name="events">Who is told.</param>
    /// <param name="isMissed">Whether the engine waits for this gateway in the middle of a print: then attempts begin at once and stay close together.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stop">Ends it.</param>
    public static async Task KeepAsync(Uri engine, ChannelWriter<HostEvent> events, Func<bool> isMissed, TimeProvider time, CancellationToken stop)
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(60));
        while (!stop.IsCancellationRequested)
        {
            var reason = "stopped";
            await using var link = new EngineLink();
            try
            {
                await link.ConnectAsync(engine, isMissed() ? HurriedConnectLimit : ConnectLimit, time, stop);
                await events.WriteAsync(new HostEvent.EngineConnected(link), stop);
                reason = await link.ExchangeAsync(events, backoff, stop);
            }
            catch (Exception failure) when (failure is WebSocketException or IOException or HttpRequestException)
            {
                reason = failure.GetBaseException().Message;
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                reason = "no answer in time";
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                await events.WriteAsync(new HostEvent.EngineLost(link, reason), stop);
                var wait = backoff.Next();
                await Task.Delay(isMissed() && wait > HurriedWait ? HurriedWait : wait, time, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Queues a frame; false when the engine takes none any more.</summary>
    public bool Send(ReadOnlyMemory<byte> frame)
    {
        if (_unsent.Writer.TryWrite(frame))
        {
            return true;
        }

        _socket.Abort();
        return false;
    }

    /// <summary>A frame of this connection was looked at: there is room for one more.</summary>
    public void Handled() => _room.Release();

    /// <summary>Ends the connection at once; another attempt follows.</summary>
    public void Abort() => _socket.Abort();

    /// <summary>Gives what is queued a moment to leave, then closes.</summary>
    public async Task FinishAsync(TimeProvider time)
    {
        _unsent.Writer.TryComplete();
        try
        {
            await _sending.WaitAsync(TimeSpan.FromSeconds(2), time);
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "stopped", CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(1), time);
        }
        catch (Exception failure) when (failure is TimeoutException or WebSocketException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The engine will notice by itself.
        }
    }

    public ValueTask DisposeAsync()
    {
        _unsent.Writer.TryComplete();
        _socket.Abort();
        _socket.Dispose();
        _invoker.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task ConnectAsync(Uri engine, TimeSpan within, TimeProvider time, CancellationToken stop)
    {
        _socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(5);
        _socket.Options.KeepAliveTimeout = TimeSpan.FromSeconds(10);
        using var limit = new CancellationTokenSource(within, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        var address = new UriBuilder(new Uri(engine, "api/gateway")) { Scheme = engine.Scheme == "https" ? "wss" : "ws" };
        await _socket.ConnectAsync(address.Uri, _invoker, either.Token);
    }

    private async Task<string> ExchangeAsync(ChannelWriter<HostEvent> events, Backoff backoff, CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _sending = SendAllAsync(ended.Token);
        var buffer = new byte[WireFrame.MaxBytes];
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult part;
                do
                {
                    if (length == buffer.Length)
                    {
                        return $"the engine sent more than {buffer.Length} bytes in one message";
                    }

                    part = await _socket.ReceiveAsync(buffer.AsMemory(length), stop);
                    length += part.Count;
                }
                while (!part.EndOfMessage);

                if (part.MessageType == WebSocketMessageType.Close)
                {
                    return _socket.CloseStatusDescription is { Length: > 0 } words ? $"closed by the engine: {words}" : "closed by the engine";
                }

                backoff.Reset();
                await _room.WaitAsync(stop);
                await events.WriteAsync(new HostEvent.EngineFrame(this, buffer.AsMemory(0, length).ToArray()), stop);
            }
        }
        finally
        {
            await ended.CancelAsync();
            await _sending;
        }
    }

    private async Task SendAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var frame in _unsent.Reader.ReadAllAsync(cancellationToken))
            {
                await _socket.SendAsync(frame, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
            }
        }
        catch (Exception failure) when (failure is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Receiving ends as well and says why.
            _socket.Abort();
        }
    }
}
