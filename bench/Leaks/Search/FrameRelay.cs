using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Touchmark.Leaks;

/// <summary>
/// Somebody in the middle of a WebSocket on loopback: sees every message of both directions and can put messages of his own between those of the server.
/// What is no WebSocket passes unseen.
/// </summary>
internal sealed class FrameRelay : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Uri target;
    private readonly Action<bool, byte[]> seen;
    private readonly Task serving;
    private Way? toClient;

    /// <param name="target">The server.</param>
    /// <param name="seen">Called with each whole message, unmasked; true when it goes to the server.</param>
    public FrameRelay(Uri target, Action<bool, byte[]> seen)
    {
        (this.target, this.seen) = (target, seen);
        listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        serving = ServeAsync();
    }

    /// <summary>Where the client finds the relay.</summary>
    public Uri Address { get; }

    /// <summary>Puts a binary message between two of the server's on the youngest connection; false when there is none.</summary>
    public async Task<bool> InjectAsync(ReadOnlyMemory<byte> message)
    {
        if (Volatile.Read(ref toClient) is not { } way)
        {
            return false;
        }

        var header = message.Length < 126 ? new byte[] { 0x82, (byte)message.Length } : [0x82, 126, (byte)(message.Length >> 8), (byte)message.Length];
        try
        {
            await way.WriteAsync((byte[])[.. header, .. message.Span], stop.Token);
            return true;
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException or OperationCanceledException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await serving;
        stop.Dispose();
    }

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(CarryAsync(await listener.AcceptTcpClientAsync(stop.Token)));
            }
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task CarryAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            try
            {
                (client.NoDelay, server.NoDelay) = (true, true);
                await server.ConnectAsync(target.Host, target.Port, stop.Token);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
                using var back = new Way(client.GetStream(), toServer: false, seen);
                using var there = new Way(server.GetStream(), toServer: true, seen);
                back.Upgraded = () => Volatile.Write(ref toClient, back);
                var ways = new[] { there.PumpAsync(client.GetStream(), either.Token), back.PumpAsync(server.GetStream(), either.Token) };
                await Task.WhenAny(ways);
                await either.CancelAsync();
                await Task.WhenAll(ways).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                Interlocked.CompareExchange(ref toClient, null, back);
            }
            catch (Exception gone) when (gone is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // Either side ended it.
            }
        }
    }

    /// <summary>One direction of a connection. Bytes go on in whole frames once both sides speak WebSocket.</summary>
    private sealed class Way(Stream target, bool toServer, Action<bool, byte[]> seen) : IDisposable
    {
        private readonly SemaphoreSlim turn = new(1);
        private readonly List<byte> message = [];
        private byte[] pending = [];
        private bool frames;
        private bool plain;

        public Action Upgraded { get; set; } = static () => { };

        public async Task PumpAsync(Stream source, CancellationToken cancel)
        {
            var buffer = new byte[64 * 1024];
            int read;
            while ((read = await source.ReadAsync(buffer, cancel)) > 0)
            {
                pending = [.. pending, .. buffer.AsSpan(0, read)];
                var whole = plain ? pending.Length : frames ? Frames() : Head();
                await WriteAsync(pending.AsMemory(0, whole), cancel);
                pending = pending[whole..];
                if (!toServer && frames)
                {
                    Upgraded();
                }
            }
        }

        public async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
        {
            await turn.WaitAsync(cancel);
            try
            {
                await target.WriteAsync(bytes, cancel);
            }
            finally
            {
                turn.Release();
            }
        }

        public void Dispose() => turn.Dispose();

        /// <summary>The HTTP head: with it the WebSocket begins, or it is an ordinary exchange and passes unseen.</summary>
        private int Head()
        {
            var end = pending.AsSpan().IndexOf("\r\n\r\n"u8);
            if (end < 0)
            {
                return 0;
            }

            frames = Encoding.ASCII.GetString(pending, 0, end).Contains("Upgrade: websocket", StringComparison.OrdinalIgnoreCase);
            plain = !frames;
            return plain ? pending.Length : end + 4 + Frames(end + 4);
        }

        /// <summary>RFC 6455 5.2. How many bytes from <paramref name="from"/> on are whole frames; each message is shown.</summary>
        private int Frames(int from = 0)
        {
            var at = from;
            while (true)
            {
                var rest = pending.AsSpan(at);
                if (rest.Length < 2)
                {
                    return at - from;
                }

                var (masked, length, head) = ((rest[1] & 0x80) != 0, (long)(rest[1] & 0x7f), 2);
                if (length >= 126)
                {
                    var extended = length == 126 ? 2 : 8;
                    if (rest.Length < 2 + extended)
                    {
                        return at - from;
                    }

                    length = extended == 2 ? BinaryPrimitives.ReadUInt16BigEndian(rest[2..]) : BinaryPrimitives.ReadInt64BigEndian(rest[2..]);
                    head += extended;
                }

                head += masked ? 4 : 0;
                if (rest.Length < head + length)
                {
                    return at - from;
                }

                Show(rest[0], masked ? rest[(head - 4)..head] : default, rest.Slice(head, (int)length));
                at += head + (int)length;
            }
        }

        private void Show(byte first, ReadOnlySpan<byte> mask, ReadOnlySpan<byte> payload)
        {
            // Control frames stand between the parts of a message.
            if ((first & 0x0f) >= 8)
            {
                return;
            }

            for (var i = 0; i < payload.Length; i++)
            {
                message.Add((byte)(payload[i] ^ (mask.IsEmpty ? 0 : mask[i & 3])));
            }

            if ((first & 0x80) != 0)
            {
                seen(toServer, [.. message]);
                message.Clear();
            }
        }
    }
}
