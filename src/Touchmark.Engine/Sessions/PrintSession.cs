using Touchmark.Engine.Keys;
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

    /// <summary>Awaited before the first segment is handed to the session: puts on the disk that it starts, whether the gateway can hold it, and the session itself.</summary>
    public required Func<bool, SavedSessionRow?, Task> Starting { get; init; }

    /// <summary>Awaited before the gateway is told that the print is complete: puts the session on the disk as it is then.</summary>
    public required Func<Task> Ending { get; init; }

    /// <summary>Told why the toolpath could not be had, or the start not be written down: the print ends by it.</summary>
    public required Action<Exception> SupplyFailed { get; init; }

    /// <summary>Told about four times a second while something changes.</summary>
    public required Action<SessionProgress> Progress { get; init; }
}

/// <summary>
/// One print, over as many connections as it takes: the state machine, the toolpath that feeds it, and the frames that it wants to send. Calls are short and under one lock; only
/// reading the toolpath waits, and there is at most one reader. There is no thread and no timer of its own.
/// </summary>
internal sealed class PrintSession : IDisposable
{
    private readonly Lock gate = new();
    private readonly SessionOrder order;
    private readonly EngineSession session;
    private readonly Segmenter segmenter;
    private readonly EngineKeys keys;
    private readonly SessionMetrics metrics;
    private readonly TimeProvider time;
    private readonly Queue<long> unverified = new();
    private readonly CancellationTokenSource over = new();
    private readonly TaskCompletionSource<SessionEnd> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task supplying = Task.CompletedTask;
    private Task keeping = Task.CompletedTask;
    private GatewayLink? link;
    private SessionProgress told;
    private SessionVault? vault;
    private bool changed;
    private bool frozen;
    private bool closed;
    private bool started;
    private bool knowsHold;

    /// <param name="order">What to print.</param>
    /// <param name="session">Fresh, or restored; this session's from now on.</param>
    /// <param name="transport">How the gateway was last connected; empty when it was not yet.</param>
    /// <param name="keys">Seal what is saved.</param>
    /// <param name="metrics">Counts.</param>
    /// <param name="time">The clock.</param>
    public PrintSession(SessionOrder order, EngineSession session, string transport, EngineKeys keys, SessionMetrics metrics, TimeProvider time)
    {
        (this.order, this.session, this.keys, this.metrics, this.time, Transport) = (order, session, keys, metrics, time, transport);
        segmenter = new Segmenter(order.Toolpath, order.Options.Profile.ToLimits());
        ToolpathBytes = order.Toolpath.Length;
        told = session.Progress;
        started = session.Phase is SessionPhase.Streaming or SessionPhase.Finishing;
    }

    public Guid JobId => order.JobId;

    /// <summary>Length of the canonical toolpath, bytes.</summary>
    public long ToolpathBytes { get; }

    /// <summary>Ends when the session does.</summary>
    public Task<SessionEnd> Ended => ended.Task;

    /// <summary>The facts for the certificate, and the code that ties a document to this session; once it has ended.</summary>
    public SessionRecord Record => session.Record;

    public byte[] CertificateMac(ReadOnlySpan<byte> document) => session.CertificateMac(document);

    /// <summary>How the gateway is or was last connected, for the certificate.</summary>
    public string Transport { get; private set; }

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

    public void Advance() => Do(session.Advance);

    /// <summary>Pauses the print, since then, or lets it go on (null). True when that is something else than before.</summary>
    public bool Hold(DateTimeOffset? since)
    {
        var changes = false;
        Do(now =>
        {
            var before = session.Progress.Paused is not null;
            if (since is { } asked)
            {
                session.Pause(asked, now);
            }
            else
            {
                session.GoOn(now);
            }

            changes = before != session.Progress.Paused is not null;
        });
        return changes;
    }

    public void Stop(EndReason reason, string text) => Do(now => session.Stop(reason, text, now));

    /// <summary>The engine stops: from now on nothing changes, so that what is saved then is how it stands.</summary>
    public void Freeze()
    {
        lock (gate)
        {
            frozen = true;
        }
    }

    /// <summary>Ends the waiting for the end, without one: another process goes on.</summary>
    public void Suspend() => ended.TrySetCanceled(CancellationToken.None);

    /// <summary>The session as it is to be saved, if it can go on in another process and has changed since the last time, or <paramref name="always"/>.</summary>
    public SavedSessionRow? Save(bool always = false)
    {
        lock (gate)
        {
            if (!(changed || always) || closed || session.End is not null || session.Phase is not (SessionPhase.Streaming or SessionPhase.Finishing))
            {
                return null;
            }

            if (session.Save() is not { } state)
            {
                // A restored session that looks for its place is as it was saved before.
                changed = true;
                return null;
            }

            changed = false;
            if (vault is null)
            {
                using var secret = session.ExportKeys()!;
                vault = SessionVault.Create(keys, order.Options.SessionId, secret);
            }

            return new SavedSessionRow { Id = order.Options.SessionId, JobId = JobId, WrappedKeys = vault.WrappedKeys, State = vault.Seal(state), Transport = Transport };
        }
    }

    /// <summary>The emergency path, even while the session is being ended in order.</summary>
    public void Halt(HaltReason reason, string text) => Do(now => session.Halt(reason, text, now));

    /// <summary>Waits for what is under way, then lets go of everything.</summary>
    public async Task CloseAsync()
    {
        lock (gate)
        {
            (frozen, closed) = (true, true);
            link?.Detach(this);
        }

        await over.CancelAsync();
        await supplying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Dispose();
    }

    public void Dispose()
    {
        segmenter.Dispose();
        order.Toolpath.Dispose();
        session.Dispose();
        vault?.Dispose();
        over.Dispose();
    }

    private void Use(GatewayLink connection, Action<Moment> step)
    {
        lock (gate)
        {
            link = connection;
            (Transport, knowsHold) = (connection.Transport, connection.KnowsHold);
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
            if (frozen || ended.Task.IsCompleted)
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
        else if (session.WantsEndingKept && keeping.IsCompleted)
        {
            keeping = KeepEndingAsync();
        }
    }

    private async Task KeepEndingAsync()
    {
        await Task.Yield();
        try
        {
            await order.Ending();
        }
        finally
        {
            // Even when it could not be kept: the part is done, and a hot head stands on it.
            Do(session.EndingKept);
        }
    }

    private void Measure()
    {
        var now = session.Progress;
        if (now == told)
        {
            return;
        }

        // A restored session is told by its gateway how far it was: that may be less than was sent, and is nothing that this process did.
        var sent = now.SegmentsSent > told.SegmentsSent && !now.IsGatewayAway ? now.SegmentsSent - told.SegmentsSent : 0;
        for (var fresh = sent; fresh > 0; fresh--)
        {
            unverified.Enqueue(time.GetTimestamp());
        }

        metrics.Sent(sent);
        for (var fresh = now.SegmentsVerified - told.SegmentsVerified; fresh > 0 && unverified.TryDequeue(out var left); fresh--)
        {
            metrics.Verified(time.GetElapsedTime(left).TotalSeconds);
        }

        changed = true;
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
                await order.Starting(knowsHold, Save(always: true));
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
            order.SupplyFailed(failure);
            Do(now => session.SupplyFailed(started ? "The stored toolpath cannot be read on." : "The engine could not write down that the print begins.", now));
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
