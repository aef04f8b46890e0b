using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Touchmark.Acceptance;

/// <summary>A network between gateway and engine that can be cut: passes TCP connections on, and drops them all when it is told to.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, bool> open = new();
    private readonly CancellationTokenSource stop = new();
    private readonly int port;
    private readonly Task accepting;

    /// <param name="engine">Where connections are passed on to.</param>
    public Relay(string engine)
    {
        port = new Uri(engine).Port;
        listener.Start();
        accepting = AcceptAsync();
    }

    public string Address => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    /// <summary>Resets all connections. New ones are passed on again.</summary>
    public void Cut()
    {
        foreach (var client in open.Keys)
        {
            // With a linger of 0 the peer gets a reset, as from a router that has forgotten the connection.
            client.LingerState = new LingerOption(true, 0);
            client.Close();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        Cut();
        await accepting;
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = PassAsync(await listener.AcceptTcpClientAsync(stop.Token));
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task PassAsync(TcpClient near)
    {
        using var far = new TcpClient();
        open[near] = open[far] = true;
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, port, stop.Token);
            var (one, other) = (near.GetStream(), far.GetStream());
            await Task.WhenAny(one.CopyToAsync(other, stop.Token), other.CopyToAsync(one, stop.Token));
        }
        catch (Exception end) when (end is IOException or SocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut.
        }
        finally
        {
            open.TryRemove(near, out _);
            open.TryRemove(far, out _);
            near.Dispose();
        }
    }
}
