using System.Net.WebSockets;
using System.Threading.Channels;

namespace Touchmark.VirtualPrinter;

/// <summary>One websocket: a loop that reads whole messages, and one that sends what is in the outbox.</summary>
internal sealed class SocketDoor(MoonrakerServer server, HttpContext context)
{
    private const int MaxMessage = 10 * 1024 * 1024;
    private const long MaxOutbox = 64L * 1024 * 1024;

    private readonly Channel<byte[]> outbox = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource closed = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
    private long waiting;

    public async Task RunAsync(bool bridge)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        Client? client = null;
        KlippySocket? raw = null;
        server.Reactor.Run(() =>
        {
            if (bridge)
                raw = new KlippySocket(server, Send);
            else
                client = server.Connect(Send, Close);
        });
        var sending = SendAllAsync(socket);
        try
        {
            await ReceiveAllAsync(socket, message => server.Reactor.Run(() => _ = raw is not null ? raw.ReceiveAsync(message) : server.ReceiveAsync(client!, message)));
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException or IOException)
        {
            // The client has gone, or was sent away.
        }
        finally
        {
            server.Reactor.Run(() =>
            {
                raw?.Close();
                if (client is not null)
                    server.Disconnect(client);
            });
            outbox.Writer.TryComplete();
            await closed.CancelAsync();
            await sending;
            closed.Dispose();
        }
    }

    private void Send(byte[] message)
    {
        // A client that does not read must not fill the memory: it is sent away.
        if (Interlocked.Add(ref waiting, message.Length) > MaxOutbox)
            Close();
        else
            outbox.Writer.TryWrite(message);
    }

    private void Close()
    {
        if (outbox.Writer.TryComplete())
            ThreadPool.QueueUserWorkItem(static context => ((HttpContext)context!).Abort(), context);
    }

    private async Task SendAllAsync(WebSocket socket)
    {
        try
        {
            await foreach (var message in outbox.Reader.ReadAllAsync(closed.Token))
            {
                Interlocked.Add(ref waiting, -message.Length);
                await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, closed.Token);
            }
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The reading side ends the connection.
        }
    }

    private async Task ReceiveAllAsync(WebSocket socket, Action<byte[]> receive)
    {
        var buffer = new byte[32 * 1024];
        using var message = new MemoryStream();
        while (true)
        {
            var result = await socket.ReceiveAsync(buffer.AsMemory(), closed.Token);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, closed.Token);
                return;
            }

            if (message.Length + result.Count > MaxMessage)
                return;
            message.Write(buffer, 0, result.Count);
            if (!result.EndOfMessage)
                continue;
            receive(message.ToArray());
            message.SetLength(0);
        }
    }
}
