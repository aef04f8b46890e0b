using System.Net.WebSockets;
using System.Threading.Channels;
using Touchmark.Streaming;
using Touchmark.Streaming.Wire;

namespace Touchmark.Bench.Sessions;

/// <summary>A gateway's websocket to an engine: both prove who they are, then whole frames go either way.</summary>
internal sealed class EngineSocket : IDisposable
{
    private readonly ClientWebSocket socket = new();
    private readonly Channel<ReadOnlyMemory<byte>> outgoing = Channel.CreateUnbounded<ReadOnlyMemory<byte>>(new UnboundedChannelOptions { SingleReader = true });
    private readonly byte[] buffer = new byte[WireFrame.MaxBytes];

    public async Task ConnectAsync(Uri engine, EnrolledPrinter enrolled, CancellationToken cancel)
    {
        await socket.ConnectAsync(new UriBuilder(new Uri(engine, "api/gateway")) { Scheme = "ws" }.Uri, cancel);
        var handshake = new GatewayConnection(enrolled.Id, enrolled.Device, enrolled.EngineKey, "touchmark-bench");
        if (!handshake.TryAnswer((await ReceiveAsync(cancel)).Span, "gateway", out var hello))
        {
            throw new InvalidOperationException("The engine sent no challenge.");
        }

        await socket.SendAsync(hello, WebSocketMessageType.Binary, endOfMessage: true, cancel);
        if (!handshake.TryFinish((await ReceiveAsync(cancel)).Span))
        {
            throw new InvalidOperationException("The engine did not prove its key.");
        }
    }

    /// <summary>Sends a frame after those before it; drops it once the connection is over.</summary>
    public void Send(ReadOnlyMemory<byte> frame) => outgoing.Writer.TryWrite(frame);

    /// <summary>Hands on each frame, which is valid until <paramref name="take"/> returns, until the engine closes the connection.</summary>
    /// <exception cref="WebSocketException">The network broke, or somebody called <see cref="Abort"/>.</exception>
    public async Task ExchangeAsync(Action<ReadOnlyMemory<byte>> take, CancellationToken cancel)
    {
        var writing = WriteAsync(cancel);
        try
        {
            while (await ReceiveAsync(cancel) is { Length: > 0 } frame)
            {
                take(frame);
            }
        }
        finally
        {
            outgoing.Writer.TryComplete();
            socket.Abort();
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Abort() => socket.Abort();

    public void Dispose() => socket.Dispose();

    private async Task WriteAsync(CancellationToken cancel)
    {
        await foreach (var frame in outgoing.Reader.ReadAllAsync(cancel))
        {
            await socket.SendAsync(frame, WebSocketMessageType.Binary, endOfMessage: true, cancel);
        }
    }

    /// <summary>One message, valid until the next call; empty at the end.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync(CancellationToken cancel)
    {
        var length = 0;
        ValueWebSocketReceiveResult part;
        do
        {
            part = await socket.ReceiveAsync(buffer.AsMemory(length), cancel);
            length += part.Count;
        }
        while (!part.EndOfMessage);
        return buffer.AsMemory(0, length);
    }
}
