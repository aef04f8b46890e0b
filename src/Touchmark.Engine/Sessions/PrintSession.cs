using Touchmark.GCode;
using Touchmark.Streaming;
using Touchmark.Streaming.Wire;

namespace Touchmark.Engine.Sessions;

/// <summary>What a session needs of the job that it prints.</summary>
internal sealed record SessionOrder
{
    public required Guid JobId { get; init; }

    public required EngineSessionOptions Options { get; init; }

    /// <summary>Canonical G-code; the session disposes it.</summary>
    public required Stream Toolpath { get; init; }

    /// <summary>Awaited before the first segment is handed to the session.</summary>
    public required Func<Task> Starting { get; init; }

    /// <summary>Told about four times a second while something changes.</summary>
    public required Action<SessionProgress> Progress { get; init; }
}

/// <summary>
/// One print, over as many connections as it takes: the state machine, the toolpath that feeds it, and the frames that it wants to send. Calls are short and under one lock; only
/// reading the toolpath waits, and there is at most one reader. There is no thread and no timer of its own.
/// </summary>
internal sealed class PrintSession : IDisposable
{
    /// <summary>How long an engine that stops waits for the word that the printer is safe; the gateway goes on making it safe without us.</summary>
    private static readonly TimeSpan StoppingLimit = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private readonly SessionOrder order;
    private readonly EngineSession session;
    private readonly Segmenter segmenter;
    private readonly SessionMetrics metrics;
    private readonly TimeProvider time;
    private readonly Queue<long> unverified = new();
    private readonly CancellationTokenSource over = new();
    private readonly TaskCompletionSource<SessionEnd> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task supplying = Task.CompletedTask;
    private GatewayLink? link;
    private SessionProgress told;
    private TimeSpan? mustEnd;
    private bool started;

    public PrintSession(SessionOrder order, SessionMetrics metrics, TimeProvider time)
    {
        (this.order, this.metrics, this.time) = (order, metrics, time);
        session = new EngineSession(order.Options);
        segmenter = new Segmenter(order.Toolpath, order.Options.Profile.ToLimits());
    }

    public Guid JobId => order.JobId;

    /// <summary>Ends when the session does.</summary>
    public Task<SessionEnd> Ended => ended.Task;

    /// <summary>The facts for the certificate, and the code that ties a document to this session; once it has ended.</summary>
    public SessionRecord Record => session.Record;

    public byte[] CertificateMac(ReadOnlySpan<byte> document) => session.CertificateMac(document);

    /// <summary>How the gateway is or was last connected, for the certificate.</summary>
    public string Transport { get; private set; } = "";

    public void Begin(GatewayLink connection) => Use(connection, session.Begin);

    /// <summary>The gateway is back, on another connection.</summary>
    public void Reconnect(GatewayLink connection) => Use(connection, session.Reconnected);

    /// <summary>Takes a frame. One that names another session came too late for that and says nothing about this one.</summary>
    public void Receive(GatewayLink from, ReadOnlyMemory<byte> frame)
    {
        if (WireFrame.Peek(frame.Span, out var sessionId) == WireType.None || sessionId == order.Options.SessionId)
        {
            Do(now =>
            {
                if (from == link)
                {
                    session.Receive(frame.Span, now);
                }
            });
        }
    }

    /// <summary>A connection is gone; that says nothing when there is another already.</summary>
    public void Lost(GatewayLink connection) => Do(now =>
    {
        if (connection == link)
        {
            link = null;
            session.ConnectionLost(now);
        }
    });

    public void Advance() => Do(now =>
    {
        session.Advance(now);
        if (now.Steady >= mustEnd)
        {
            session.ConnectionLost(now);
        }
    });

    public void Stop(EndReason reason, string text) => Do(now =>
    {
        session.Stop(reason, text, now);
        if (reason == EndReason.EngineStopping)
        {
            mustEnd = now.Steady + StoppingLimit;
        }
    });

    /// <summary>The emergency path, even while the session is being ended in order.</summary>
    public void Halt(HaltReason reason, string text) => Do(now => session.Halt(reason, text, now));

    /// <summary>Waits for the reader of the toolpath, then lets go of everything.</summary>
    public async Task CloseAsync()
    {
        link?.Detach(this);
        await over.CancelAsync();
        await supplying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Dispose();
    }

    public void Dispose()
    {
        segmenter.Dispose();
        order.Toolpath.Dispose();
        session.Dispose();
        over.Dispose();
    }

    private void Use(GatewayLink connection, Action<Moment> step)
    {
        lock (gate)
        {
            link = connection;
            Transport = connection.Transport;
        }

        // Before anything is said: the answer may come at once.
        connection.Attach(this);
        Do(now =>
        {
            if (link == connection)
            {
                step(now);
            }
        });
    }

    private void Do(Action<Moment> step)
    {
        lock (gate)
        {
            if (ended.Task.IsCompleted)
            {
                return;
            }

            step(Moment.Of(time));
            Settle();
        }
    }

    /// <summary>After every step: frames out, the next segment in, those who watch told, the end told.</summary>
    private void Settle()
    {
        while (session.TryTakeFrame(out var frame))
        {
            if (link?.Send(frame) == false)
            {
                link = null;
                session.ConnectionLost(Moment.Of(time));
            }
        }

        if (session.IsGatewayAway && link is { } dead)
        {
            link = null;
            dead.Abort();
        }

        Measure();
        if (session.End is { } end)
        {
            metrics.Exposed(session.Record.MaxExposure);
            ended.TrySetResult(end);
        }
        else if (session.WantsSegment && supplying.IsCompleted)
        {
            supplying = SupplyAsync();
        }
    }

    private void Measure()
    {
        var now = session.Progress;
        if (now == told)
        {
            return;
        }

        for (var fresh = now.SegmentsSent - told.SegmentsSent; fresh > 0; fresh--)
        {
            unverified.Enqueue(time.GetTimestamp());
        }

        metrics.Sent(now.SegmentsSent - told.SegmentsSent);
        for (var fresh = now.SegmentsVerified - told.SegmentsVerified; fresh > 0; fresh--)
        {
            metrics.Verified(time.GetElapsedTime(unverified.Dequeue()).TotalSeconds);
        }

        told = now;
        order.Progress(now);
    }

    private async Task SupplyAsync()
    {
        try
        {
            // Not under the caller's lock, and never deeper on its stack.
            await Task.Yield();
            if (!started)
            {
                await order.Starting();
                started = true;
            }

            while (await segmenter.NextAsync(over.Token) is { } segment)
            {
                if (!Supply(segment))
                {
                    return;
                }
            }

            lock (gate)
            {
                session.SupplyEnd(Moment.Of(time));
                supplying = Task.CompletedTask;
                Settle();
            }
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException or System.Security.Cryptography.CryptographicException or System.Data.Common.DbException)
        {
            Do(now => session.SupplyFailed("The stored toolpath cannot be read on.", now));
        }
    }

    /// <summary>True while the session has room for one more at once.</summary>
    private bool Supply(Segment segment)
    {
        lock (gate)
        {
            session.Supply(segment, Moment.Of(time));
            var more = session.WantsSegment && !over.IsCancellationRequested;
            if (!more)
            {
                // The next step that finds the session hungry starts a new reader.
                supplying = Task.CompletedTask;
            }

            Settle();
            return more && session.WantsSegment;
        }
    }
}
