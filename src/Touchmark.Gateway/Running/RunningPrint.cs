using Touchmark.Gateway.DeadMan;
using Touchmark.Gateway.Live;
using Touchmark.Gateway.Machine;
using Touchmark.Streaming;
using Touchmark.Streaming.Wire;
using PrinterStatus = Touchmark.Moonraker.PrinterStatus;

namespace Touchmark.Gateway.Running;

/// <summary>
/// The print that runs, or the readiness for one: hosts a <see cref="GatewaySession"/> and carries out what it asks for. Called from the gateway's loop only.
/// </summary>
internal sealed class RunningPrint(PrintContext context) : IDisposable
{
    private readonly ScriptSender _scripts = new(context.Events);
    private readonly DeadManTimer _deadMan = new(context.Port, context.Pace, context.Journal, context.Time);
    private readonly IdleGuard _idle = new(context.Port, context.Pace, context.Journal, context.Time);
    private readonly Queue<ReadOnlyMemory<byte>> _lastFrames = new();
    private (Guid? Session, ReadOnlyMemory<byte> Word) _last;
    private GatewaySession _session = new(context.Device, context.EngineKey);
    private ReadOnlyMemory<byte>? _heldOffer;
    private Task _printerWork = Task.CompletedTask;
    private CancellationTokenSource _emergency = CancellationTokenSource.CreateLinkedTokenSource(context.Stopped);
    private LiveJob? _live;
    private JobFacts? _job;
    private ulong _answered;

    public bool IsActive => _session.Phase is not (SessionPhase.New or SessionPhase.Ended);

    /// <summary>Whether the engine waits for this gateway to come back: then every second counts.</summary>
    public bool IsMissed => _session.Phase is SessionPhase.Streaming or SessionPhase.Finishing;

    /// <summary>Set when the connection to the engine carries nothing any more; whoever drops it clears it.</summary>
    public bool WantsAnotherConnection { get; set; }

    public string Describe() => _job is { } job && IsActive
        ? $"job {job.JobId}: {_session.Phase.ToString().ToLowerInvariant()}, {_answered} of {job.Segments} segments taken over by the printer{(_live is null ? "" : " through Klipper's extra")}; {Ignored()}"
        : "no print runs";

    public void TakeFrame(ReadOnlyMemory<byte> frame, Moment now)
    {
        var type = WireFrame.Peek(frame.Span, out var sessionId);
        if (type == WireType.Resume && (!IsActive || sessionId != _session.SessionId))
        {
            AnswerForThePast(frame, sessionId);
            return;
        }

        if (IsActive && type == WireType.Offer)
        {
            // The engine came back while the printer is still being made safe after the last print.
            _heldOffer = frame;
            return;
        }

        _session.Receive(frame.Span, now);
        CarryOut(now);
    }

    public void TakeStatus(PrinterStatus status, Moment now)
    {
        var sample = status.ToSample();
        context.Pace.Observe(sample.EventTime);
        _session.ReportPrinter(sample, now);
        CarryOut(now);
        if (_session.Phase == SessionPhase.Streaming)
        {
            context.Progress.Show(_answered, _job!.Segments, sample.NozzleC, sample.BedC, sample.SpeedFactor);
        }
    }

    public void PrinterLost(Moment now)
    {
        if (_session.Phase == SessionPhase.Streaming)
        {
            _session.Fail(PrinterFault.Vanished, "The printer does not answer any more.", now);
        }

        CarryOut(now);
    }

    public void EngineLost(Moment now)
    {
        _lastFrames.Clear();
        _heldOffer = null;
        if (IsActive)
        {
            if (_session.Phase == SessionPhase.Streaming && !_session.IsEngineAway)
            {
                context.Journal.Event($"job {_job!.JobId}: the engine is away, the print waits for it");
            }

            _session.ConnectionLost(now);
        }

        CarryOut(now);
    }

    public void Stop(Moment now)
    {
        if (IsActive)
        {
            _session.Stop(now);
        }

        CarryOut(now);
    }

    public void Handle(HostEvent happened, Moment now)
    {
        switch (happened)
        {
            case HostEvent.PreflightDone done when done.Session == _session:
                PreflightDone(done, now);
                break;
            case HostEvent.ScriptReturned returned:
                _scripts.Return(returned.Scratch);
                if (returned.Session == _session)
                {
                    ScriptReturned(returned, now);
                }

                break;
            case HostEvent.SegmentAsked asked:
                TakeOrder(asked, now);
                break;
            case HostEvent.JobClosed closed when _live?.IsOf(closed.Handle) == true:
                _live.Close(closed.End, _session, now);
                break;
            case HostEvent.MachineRead read when read.Session == _session:
                _session.MachineRead(read.Profile, now);
                break;
            case HostEvent.HeadMoved moved when moved.Session == _session:
                _session.HeadMoved(moved.Problem, now);
                break;
            case HostEvent.MadeSafe safe:
                context.Journal.Event(safe.Problem is null ? "printer: safe" : $"printer: NOT made safe ({safe.Problem})");
                if (safe.Session == _session)
                {
                    _session.SafeRestDone(safe.Problem, now, safe.Warnings);
                }

                break;
            case HostEvent.Tick:
                _session.Advance(now);
                _idle.Keep(_session.IsWaiting);
                if (_session.Phase is SessionPhase.Streaming or SessionPhase.Finishing)
                {
                    _deadMan.Keep();
                    if (_live?.Tick(_session) == false)
                    {
                        _session.Fail(PrinterFault.Error, "Klipper's extra did not begin the print.", now);
                    }
                }

                break;
        }

        CarryOut(now);
    }

    public bool TryTakeFrame(out ReadOnlyMemory<byte> frame) => _lastFrames.TryDequeue(out frame) || _session.TryTakeFrame(out frame);

    public void Dispose()
    {
        _session.Dispose();
        _scripts.Dispose();
        _emergency.Dispose();
    }

    private void CarryOut(Moment now)
    {
        while (_session.TryTakeAction(out var action))
        {
            switch (action)
            {
                case GatewayAction.RunPreflight preflight:
                    Begin(preflight.Facts);
                    break;
                case GatewayAction.SendScript script:
                    _deadMan.Keep(beforeSegment: true);
                    if (_live is { } live)
                    {
                        live.Send(script);
                        break;
                    }

                    _scripts.Send(_session, context.Port.Client, script);
                    break;
                case GatewayAction.MoveHead move:
                    MoveHead(move.Lines);
                    break;
                case GatewayAction.ReadMachine:
                    ReadMachine();
                    break;
                case GatewayAction.Reconnect:
                    context.Journal.Event($"job {_job!.JobId}: the engine is silent, trying another connection");
                    WantsAnotherConnection = true;
                    break;
                case GatewayAction.EmergencyStop:
                    StopAtOnce();
                    break;
                case GatewayAction.MakeSafe safe:
                    MakeSafe(safe.Lines);
                    break;
                case GatewayAction.Close close:
                    Ended(close.End, now);
                    break;
            }
        }
    }

    private void Begin(JobFacts job)
    {
        _job = job;
        _answered = 0;
        context.Progress.Reset();
        context.Journal.Event($"job {job.JobId}: {job.Segments} segments, {job.MotionSeconds / 60:F1} min of motion; checking the printer");
        var session = _session;
        Then(async () => new HostEvent.PreflightDone(session, await PrinterCheck.RunAsync(context, job)));
    }

    /// <summary>The engine asks for a session that is not the one that runs: it is told how that one ended, or that this gateway knows nothing of it.</summary>
    private void AnswerForThePast(ReadOnlyMemory<byte> resume, Guid sessionId)
    {
        if (sessionId == _last.Session && !_last.Word.IsEmpty)
        {
            _lastFrames.Enqueue(_last.Word);
            return;
        }

        context.Journal.Event("engine: asked for a print that this gateway does not have");
        _lastFrames.Enqueue(GatewaySession.DeclineResume(resume.Span, context.Device));
    }

    private void MoveHead(IReadOnlyList<string> lines)
    {
        context.Journal.Note($"head: {string.Join("; ", lines)}");
        var (session, printer) = (_session, context.Port.Client);
        Then(async () => new HostEvent.HeadMoved(session, printer is null ? ScriptSender.PrinterGone : await ScriptSender.RunAsync(printer, lines, context.Stopped)));
    }

    private void ReadMachine()
    {
        context.Journal.Event($"job {_job!.JobId}: the engine is back; reading the machine again");
        var session = _session;
        Then(async () => new HostEvent.MachineRead(session, await PrinterCheck.ReadAsync(context.Port, context.Enrolled, context.Time, context.Stopped)));
    }

    private void MakeSafe(IReadOnlyList<string> lines)
    {
        context.Journal.Event("printer: making it safe");
        var (session, overtaken, live) = (_session, _emergency.Token, _live);
        live?.End(session.Ending!);
        Then(async () =>
        {
            if (live is not null)
            {
                await live.ClosedAsync(overtaken);
            }

            var problem = await context.Port.MakeSafeAsync(lines, overtaken);
            if (problem is null)
            {
                await _deadMan.EndAsync(lines, overtaken);
            }

            return overtaken.IsCancellationRequested ? null : new HostEvent.MadeSafe(session, problem, live is null ? await ScriptStoreProof.TakeAsync(context.Port, overtaken) : []);
        });
    }

    /// <summary>A halt waits for nothing: it overtakes whatever the printer is being told, and that is dropped.</summary>
    private void StopAtOnce()
    {
        _emergency.Cancel();
        _emergency.Dispose();
        _emergency = CancellationTokenSource.CreateLinkedTokenSource(context.Stopped);
        _printerWork = Task.WhenAll(_printerWork, RunAfterAsync(Task.CompletedTask, async () =>
        {
            await context.Port.EmergencyStopAsync(context.Stopped);
            return null;
        }));
    }

    private void PreflightDone(HostEvent.PreflightDone done, Moment now)
    {
        // An extra that went away meanwhile is not there to begin with.
        _live = done.Finding.ThroughExtra ? LiveJob.Begin(context.Live!, _job!, context.Time) : null;
        if ((done.Finding.Refusal ?? (done.Finding.ThroughExtra && _live is null ? Preflight.ExtraGone : null)) is { } refusal)
        {
            context.Journal.Event($"job {_job!.JobId}: refused, {refusal.Code}: {refusal.Text}");
            _session.PreflightRefused(refusal, now);
            return;
        }

        context.Journal.Event($"job {_job!.JobId}: the printer fits{(_live is null ? "" : "; through Klipper's extra")}");
        foreach (var warning in done.Finding.Notes!.Warnings)
        {
            context.Journal.Event($"job {_job!.JobId}: the licence allows {warning.Code}: {warning.Text}");
        }

        _deadMan.Begin(installed: done.Finding.Notes.Warnings.All(warning => warning.Code != DeadManFile.Missing));
        _session.PreflightPassed(done.Finding.Profile!, done.Finding.Notes, now);
    }

    private void TakeOrder(HostEvent.SegmentAsked asked, Moment now)
    {
        if (_live?.IsOf(asked.Handle) != true)
        {
            asked.Order.Serve(new SegmentAnswer(0, IsRefused: true));
        }
        else if (_live.Take(asked.Order) is { } queued)
        {
            _answered = Math.Max(_answered, queued);
            _session.ScriptAnswered(queued, error: null, now);
        }
    }

    private void ScriptReturned(HostEvent.ScriptReturned returned, Moment now)
    {
        if (returned.Fault == ScriptSender.PrinterGone)
        {
            PrinterLost(now);
            return;
        }

        if (returned.Fault is { } fault)
        {
            context.Journal.Event($"segment {returned.Segment}: {fault}");
        }
        else
        {
            _answered = Math.Max(_answered, returned.Segment);
        }

        if (returned.Fault == ScriptSender.PrinterNotReady && _session.Phase == SessionPhase.Streaming)
        {
            _session.Fail(PrinterFault.NotReady, "Klipper does not take commands any more.", now);
            return;
        }

        _session.ScriptAnswered(returned.Segment, returned.Fault, now);
    }

    private string Ignored() =>
        $"{_session.Ignored} frames ignored (halts: {_session.RefusedHalts.Forged} forged, {_session.RefusedHalts.Stale} stale, {_session.RefusedHalts.Replayed} replayed)";

    private void Ended(SessionEnd end, Moment now)
    {
        context.Progress.Reset();
        context.Journal.Event($"job {_job?.JobId}: {end.Code}, {end.SegmentsVerified} segments printed. {end.Text}");
        context.Journal.Note($"job {_job?.JobId}: {Ignored()}");
        if (!_session.IsEngineAway)
        {
            while (_session.TryTakeFrame(out var frame))
            {
                _lastFrames.Enqueue(frame);
            }
        }

        _last = (_session.SessionId, _session.LastWord);
        _live?.Close();
        _live = null;
        _session.Dispose();
        _session = new GatewaySession(context.Device, context.EngineKey);
        if (_heldOffer is { } offer)
        {
            _heldOffer = null;
            _session.Receive(offer.Span, now);
        }
    }

    /// <summary>Whatever commands the printer does so one after the other; what becomes of one does not keep the next from running.</summary>
    private void Then(Func<Task<HostEvent?>> work) => _printerWork = RunAfterAsync(_printerWork, work);

    private async Task RunAfterAsync(Task before, Func<Task<HostEvent?>> work)
    {
        await before;
        try
        {
            if (await work() is { } happened)
            {
                await context.Events.WriteAsync(happened, context.Stopped);
            }
        }
        catch (OperationCanceledException)
        {
            // The gateway ends, or a halt came first.
        }
    }
}
