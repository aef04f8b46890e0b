using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Threading.Channels;
using Touchmark.Streaming.Wire;

namespace Touchmark.Engine.Sessions;

/// <summary>
/// One gateway's connection: one loop that reads and one that writes. What it cannot take off our hands in time is bounded, and then it is gone: a slow gateway
/// costs us its queue and nothing else.
/// </summary>
internal sealed class GatewayLink(WebSocket socket, Guid printerId, string software, string transport, TimeProvider time)
{
    /// <summary>A full window of segments, and the few words around it.</summary>
    private const int UnsentLimit = 256;

    // Telemetry four times a second of the printer's clock, which in a virtual printer may run 20 times as fast, and an answer now and then: twice that is no
    // gateway of ours. The burst is what a gateway sends at once after a stall.
    private const int FramesPerSecond = 200;
    private const int Burst = 800;

    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(5);

    private readonly Channel<ReadOnlyMemory<byte>> unsent = Channel.CreateBounded<ReadOnlyMemory<byte>>(new BoundedChannelOptions(UnsentLimit) { SingleReader = true });
    private readonly ConcurrentDictionary<Guid, TaskCompletionSource<ReadOnlyMemory<byte>?>> asked = new();
    private PrintSession? session;
    private int gone;
    private double allowance = Burst;
    private long refilled = time.GetTimestamp();

    public Guid PrinterId => printerId;

    /// <summary>Program and version as the gateway says; nothing is decided on it.</summary>
    public string Software => software;

    /// <summary>Whether it says that it can hold a print.</summary>
    public bool KnowsHold { get; init; }

    /// <summary>How it is connected, for the certificate: <c>wss</c> or <c>ws</c>.</summary>
    public string Transport => transport;

    /// <summary>What the gateway last said of the printer while no session ran.</summary>
    public PrinterStatus? Status { get; private set; }

    /// <summary>The gateway has told a new <see cref="Status"/>.</summary>
    public event Action? Said;

    /// <summary>Whether the gateway said that a vault stands beside its printer.</summary>
    public bool HasVault { get; private set; }

    /// <summary>Queues a frame; false when the gateway takes none any more.</summary>
    public bool Send(ReadOnlyMemory<byte> frame)
    {
        if (unsent.Writer.TryWrite(frame))
        {
            return true;
        }

        Abort();
        return false;
    }

    public void Abort() => socket.Abort();

    /// <summary>Sends what is queued, then closes.</summary>
    public void Finish() => unsent.Writer.TryComplete();

    /// <summary>From now on frames go to this session. It is told at once if the connection is gone already.</summary>
    public void Attach(PrintSession next)
    {
        Volatile.Write(ref session, next);
        if (Volatile.Read(ref gone) != 0)
        {
            next.Lost(this);
        }
    }

    /// <summary>Closes the connection unless a session runs over it. A gateway that comes back is told why when it says who it is.</summary>
    public void Dismiss()
    {
        if (Volatile.Read(ref session) is null)
        {
            Finish();
        }
    }

    public void Detach(PrintSession ended) => Interlocked.CompareExchange(ref session, null, ended);

    /// <summary>Sends an order for the vault beside the printer; the frame that answers it, or null when none comes in time. One at a time for a job.</summary>
    public async Task<ReadOnlyMemory<byte>?> AskVaultAsync(Guid jobId, ReadOnlyMemory<byte> order, TimeSpan limit, CancellationToken cancel)
    {
        var answer = new TaskCompletionSource<ReadOnlyMemory<byte>?>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!asked.TryAdd(jobId, answer))
        {
            return null;
        }

        try
        {
            return Send(order) && Volatile.Read(ref gone) == 0 ? await answer.Task.WaitAsync(limit, time, cancel) : null;
        }
        catch (TimeoutException)
        {
            return null;
        }
        finally
        {
            asked.TryRemove(jobId, out _);
        }
    }

    /// <summary>Reads and writes until either side ends it.</summary>
    public async Task ExchangeAsync(CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var sending = SendAllAsync(over.Token);
        try
        {
            var buffer = new byte[WireFrame.MaxBytes];
            while (await ReceiveAsync(socket, buffer, time, cancel) is { } frame)
            {
                if (!MayGoOn())
                {
                    await RefuseAsync(socket, $"TOO_MANY_MESSAGES: more than {FramesPerSecond} messages a second", time);
                    break;
                }

                Take(frame);
            }
        }
        finally
        {
            unsent.Writer.TryComplete();
            Volatile.Write(ref gone, 1);
            foreach (var waiter in asked.Values)
            {
                waiter.TrySetResult(null);
            }

            Volatile.Read(ref session)?.Lost(this);
            await over.CancelAsync();
            await sending;
        }
    }

    /// <summary>One whole binary message; null at the end, or when the peer breaks the rules.</summary>
    public static async Task<ReadOnlyMemory<byte>?> ReceiveAsync(WebSocket socket, byte[] buffer, TimeProvider time, CancellationToken cancel)
    {
        var length = 0;
        while (length < buffer.Length)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(length), cancel);
            length += part.Count;
            switch (part.MessageType)
            {
                case WebSocketMessageType.Close:
                    return null;
                case WebSocketMessageType.Text:
                    await RefuseAsync(socket, "BINARY_ONLY: messages are binary", time);
                    return null;
                case WebSocketMessageType.Binary when part.EndOfMessage:
                    return buffer.AsMemory(0, length);
            }
        }

        await RefuseAsync(socket, $"MESSAGE_TOO_LONG: a message has less than {buffer.Length} bytes", time);
        return null;
    }

    /// <summary>Closes with words that the gateway's log shows, at most 123 bytes (RFC 6455 5.5), and gives it a moment to answer, so that they arrive.</summary>
    public static async Task RefuseAsync(WebSocket socket, string words, TimeProvider time)
    {
        using var limit = new CancellationTokenSource(CloseLimit, time);
        await socket.CloseOutputAsync(WebSocketCloseStatus.PolicyViolation, words, limit.Token);
        var rest = new byte[256];
        while ((await socket.ReceiveAsync(rest.AsMemory(), limit.Token)).MessageType != WebSocketMessageType.Close)
        {
        }
    }

    private void Take(ReadOnlyMemory<byte> frame)
    {
        switch (WireFrame.Peek(frame.Span, out _))
        {
            case WireType.Status:
                Status = PrinterStatus.TryDecode(frame.Span) ?? Status;
                Said?.Invoke();
                break;
            case WireType.VaultNotice:
                HasVault = HasVault || VaultNotice.IsNotice(frame.Span);
                break;
            case WireType.BundleReport:
                Answer(BundleReport.TryDecode(frame.Span)?.JobId, frame);
                break;
            case WireType.EndorsementReport:
                Answer(EndorsementReport.TryDecode(frame.Span)?.JobId, frame);
                break;
            case WireType.ReviewReport:
                Answer(ReviewReport.TryDecode(frame.Span)?.OrderId, frame);
                break;
            case WireType.VaultRefusal:
                Answer(VaultRefusal.TryDecode(frame.Span)?.JobId, frame);
                break;
            default:
                Volatile.Read(ref session)?.Receive(this, frame);
                break;
        }
    }

    private void Answer(Guid? jobId, ReadOnlyMemory<byte> frame)
    {
        if (jobId is { } job && asked.TryGetValue(job, out var waiter))
        {
            // The buffer is read into again.
            waiter.TrySetResult(frame.ToArray());
        }
    }

    private bool MayGoOn()
    {
        var now = time.GetTimestamp();
        allowance = Math.Min(Burst, allowance + (time.GetElapsedTime(refilled, now).TotalSeconds * FramesPerSecond)) - 1;
        refilled = now;
        return allowance >= 0;
    }

    private async Task SendAllAsync(CancellationToken cancel)
    {
        try
        {
            await foreach (var frame in unsent.Reader.ReadAllAsync(cancel))
            {
                await socket.SendAsync(frame, WebSocketMessageType.Binary, endOfMessage: true, cancel);
            }

            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "closed", cancel);
        }
        catch (Exception failure) when (failure is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Reading ends as well, and says so to the session.
            socket.Abort();
        }
    }
}
