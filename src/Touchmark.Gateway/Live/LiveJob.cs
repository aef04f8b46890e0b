using Touchmark.Streaming;

namespace Touchmark.Gateway.Live;

/// <summary>
/// One session as a print job of Klipper's extra: offered with the first script, taken segment by segment, ended with the session. Called from the gateway's loop only, but for <see cref="ClosedAsync"/>.
/// </summary>
internal sealed class LiveJob
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StartWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StatusPeriod = TimeSpan.FromSeconds(1);

    /// <summary>A line that holds Klipper's queue for longer keeps whatever follows from running, too.</summary>
    private static readonly TimeSpan CloseWithin = TimeSpan.FromSeconds(5);

    private readonly LiveDesk _desk;
    private readonly Extra _extra;
    private readonly long _handle;
    private readonly JobFacts _facts;
    private readonly TimeProvider _time;
    private readonly Queue<GatewayAction.SendScript> _ready = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SegmentOrder? _order;
    private long _ordered;
    private ulong? _handedOut;
    private long? _offered;
    private bool _taken;
    private long _told;
    private SessionEnd? _end;

    private LiveJob(LiveDesk desk, (Extra Extra, long Handle) begun, JobFacts facts, TimeProvider time) =>
        (_desk, _extra, _handle, _facts, _time) = (desk, begun.Extra, begun.Handle, facts, time);

    /// <summary>The job of a session with the extra that is connected; null when none is.</summary>
    public static LiveJob? Begin(LiveDesk desk, JobFacts facts, TimeProvider time) => desk.Begin(facts.JobId) is { } begun ? new LiveJob(desk, begun, facts, time) : null;

    /// <summary>The extra closed it, or is gone.</summary>
    public bool IsClosed => _closed.Task.IsCompleted;

    public bool IsOf(long handle) => handle == _handle;

    /// <summary>Has a script for the extra. It stays in the session's memory until it is asked for; a session that wipes it calls <see cref="End"/> before anything else happens.</summary>
    public void Send(GatewayAction.SendScript script)
    {
        _ready.Enqueue(script);
        if (_offered is null)
        {
            _offered = _time.GetTimestamp();
            _extra.Tell("session", json =>
            {
                json.WriteNumber("handle", _handle);
                json.WriteString("name", _facts.Title);
                json.WriteString("job", $"{_facts.JobId:D}");
                json.WriteString("licence", $"{_facts.LicenceId:D}");
                json.WriteNumber("layers", 0);
                json.WriteNumber("segments", _facts.Segments);
            });
        }

        Serve();
    }

    /// <summary>The extra asks for the next segment.</summary>
    /// <returns>The segment that Klipper has queued by that; null when it is the first that is asked for, or none was handed out since.</returns>
    public ulong? Take(SegmentOrder order)
    {
        if (IsClosed)
        {
            order.Serve(new SegmentAnswer(0, IsRefused: true));
            return null;
        }

        _order?.Serve(new SegmentAnswer(0, IsRefused: true));
        (_order, _ordered, _taken) = (order, _time.GetTimestamp(), true);
        var queued = _handedOut;
        _handedOut = null;
        Serve();
        return queued;
    }

    /// <summary>Lets time pass. False when the extra has not made a job of the session in time.</summary>
    public bool Tick(GatewaySession session)
    {
        if (_order is not null && _time.GetElapsedTime(_ordered) > AnswerWithin)
        {
            Answer(new SegmentAnswer(0));
        }

        if (_offered is { } offered && !IsClosed && _time.GetElapsedTime(_told) > StatusPeriod)
        {
            _told = _time.GetTimestamp();
            Tell(session);
            return _taken || _time.GetElapsedTime(offered) < StartWithin;
        }

        return true;
    }

    /// <summary>The session is over: nothing more is handed out.</summary>
    public void End(SessionEnd end)
    {
        _end = end;
        _ready.Clear();
        if (_offered is null)
        {
            Close();
        }
        else if (end.Reason != EndReason.Completed)
        {
            Stop(end);
        }

        Serve();
    }

    /// <summary>The extra ended its print job, or is gone; where the session is not over, this ends it.</summary>
    public void Close(JobEnd how, GatewaySession session, Moment now)
    {
        Close();
        switch (how)
        {
            case JobEnd.Cancelled:
                session.Cancel("Cancelled at the printer.", now);
                break;
            case JobEnd.Shutdown:
                session.Fail(PrinterFault.Shutdown, "Klipper was shut down.", now);
                break;
            case JobEnd.Gone:
                session.Fail(PrinterFault.Vanished, "Klipper's extra is gone.", now);
                break;
            default:
                session.Fail(PrinterFault.Error, "The printer ended its print job before the session's end.", now);
                break;
        }
    }

    /// <summary>Nothing of the session is left to be asked for.</summary>
    public void Close()
    {
        _desk.End();
        _closed.TrySetResult();
        _ready.Clear();
        // A print that is cancelled while it is paused has asked, and its connection is to be used again.
        _order?.Serve(new SegmentAnswer(0, IsRefused: true));
        _order = null;
    }

    /// <summary>Completes when no line of the session is left that the printer could run, or has not been told so in time. Callable from any thread.</summary>
    public async Task ClosedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _closed.Task.WaitAsync(CloseWithin, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Paused at its end, or stuck.
            Stop(_end!);
        }
    }

    private void Stop(SessionEnd end) => _extra.Tell("stop", json =>
    {
        json.WriteNumber("handle", _handle);
        json.WriteString("reason", end.Code);
        json.WriteString("text", end.Text);
    });

    private void Serve()
    {
        if (_order is null)
        {
            return;
        }

        if (_end is { } end)
        {
            Answer(new SegmentAnswer(0, IsEnd: end.Reason == EndReason.Completed, IsRefused: end.Reason != EndReason.Completed));
        }
        else if (_handedOut is null && _ready.TryDequeue(out var script))
        {
            _order.Serve(script.Script.Span);
            (_order, _handedOut) = (null, script.Segment);
        }
    }

    private void Answer(SegmentAnswer empty)
    {
        _order!.Serve(empty);
        _order = null;
    }

    private void Tell(GatewaySession session)
    {
        var (verified, open) = (session.SegmentsVerified, session.OpenSegments);
        var phase = session.Phase == SessionPhase.Finishing ? "finishing" : session.IsEngineAway ? "engine_away" : session.IsHeld ? "held" : "streaming";
        _extra.Tell("status", json =>
        {
            json.WriteString("job", $"{_facts.JobId:D}");
            json.WriteNumber("segments", _facts.Segments);
            json.WriteNumber("verified", verified);
            json.WriteNumber("exposure_s", Math.Round(_facts.MotionSeconds * open / Math.Max(_facts.Segments, 1), 3));
            json.WriteString("phase", phase);
        });
    }
}
