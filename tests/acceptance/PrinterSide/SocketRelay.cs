using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Touchmark.Acceptance;

/// <summary>Somebody in the middle of the gateway's printer socket (spec/printer-socket.md), who writes down the text that passes to the printer.</summary>
internal sealed class SocketRelay : IAsyncDisposable
{
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource stop = new();
    private readonly string target;
    private readonly Action<string> seen;
    private readonly Task serving;

    /// <param name="path">Where the printer finds it.</param>
    /// <param name="target">The gateway's socket; it need not be there yet.</param>
    /// <param name="seen">Called with whole lines.</param>
    public SocketRelay(string path, string target, Action<string> seen)
    {
        (Path, this.target, this.seen) = (path, target, seen);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(8);
        serving = ServeAsync();
    }

    public string Path { get; }

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
                connections.Add(CarryAsync(await listener.AcceptAsync(stop.Token)));
            }
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task CarryAsync(Socket printer)
    {
        using var gateway = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using (printer)
        {
            try
            {
                await gateway.ConnectAsync(new UnixDomainSocketEndPoint(target), stop.Token);
                await using var there = new NetworkStream(gateway);
                await using var back = new NetworkStream(printer);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
                var ways = new[] { back.CopyToAsync(there, either.Token), WatchAsync(there, back, either.Token) };
                await Task.WhenAny(ways);
                await either.CancelAsync();
                await Task.WhenAll(ways).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception gone) when (gone is SocketException or IOException or OperationCanceledException)
            {
                // No gateway there; the printer tries again.
            }
        }
    }

    private async Task WatchAsync(NetworkStream gateway, NetworkStream printer, CancellationToken cancel)
    {
        var prefix = new byte[sizeof(uint)];
        var rest = "";
        while (true)
        {
            await gateway.ReadExactlyAsync(prefix, cancel);
            var json = new byte[BinaryPrimitives.ReadInt32BigEndian(prefix)];
            await gateway.ReadExactlyAsync(json, cancel);
            var raw = new byte[JsonDocument.Parse(json).RootElement.TryGetProperty("bytes", out var bytes) ? bytes.GetInt32() : 0];
            await gateway.ReadExactlyAsync(raw, cancel);
            var text = rest + Encoding.ASCII.GetString(raw);
            var end = text.LastIndexOf('\n') + 1;
            seen(text[..end]);
            rest = text[end..];
            await printer.WriteAsync((byte[])[.. prefix, .. json, .. raw], cancel);
        }
    }
}
