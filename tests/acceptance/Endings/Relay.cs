using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Touchmark.Acceptance;

/// <summary>A cable between two programs that can be pulled: then nothing passes either way, and nobody is told, as when a switch loses its power.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, Socket> ends = new();
    private readonly CancellationTokenSource stop = new();
    private readonly Uri target;
    private readonly Task accepting;
    private volatile TaskCompletionSource whole = Whole();

    public Relay(string address)
    {
        target = new Uri(address);
        listener.Start();
        accepting = AcceptAsync();
    }

    public string Address => $"http://{listener.LocalEndpoint}";

    public void Pull()
    {
        if (whole.Task.IsCompleted)
        {
            whole = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Passes again, over new connections: what was under way is lost.</summary>
    public void Mend()
    {
        Drop();
        whole.TrySetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        Drop();
        await accepting;
        stop.Dispose();
    }

    private static TaskCompletionSource Whole()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }

    private void Drop()
    {
        foreach (var (near, far) in ends)
        {
            near.Dispose();
            far.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await listener.AcceptSocketAsync(stop.Token);
                _ = JoinAsync(near);
            }
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Nobody is let in any more.
        }
    }

    private async Task JoinAsync(Socket near)
    {
        using var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        ends[near] = far;
        using (near)
        {
            try
            {
                near.NoDelay = true;
                await whole.Task.WaitAsync(stop.Token);
                await far.ConnectAsync(target.Host, target.Port, stop.Token);
                await Task.WhenAny(PassAsync(near, far), PassAsync(far, near));
            }
            catch (Exception over) when (over is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // One end is gone: so is the other.
            }

            ends.TryRemove(near, out _);
        }
    }

    private async Task PassAsync(Socket from, Socket to)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, stop.Token) is > 0 and var length)
            {
                await whole.Task.WaitAsync(stop.Token);
                await to.SendAsync(buffer.AsMemory(0, length), stop.Token);
            }
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // As above.
        }
    }
}
