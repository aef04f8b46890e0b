using System.Diagnostics.CodeAnalysis;
using Touchmark.Cryptography;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>
/// The gateway's half of one session, from the engine's offer to the printer being safe. Frames, printer reports and the time go in; frames and
/// <see cref="GatewayAction"/>s come out. No I/O; not thread-safe. Whatever ends the session wipes every open segment first, and a session that had begun
/// always asks for the machine to be made safe.
/// </summary>
public sealed partial class GatewaySession : IDisposable
{
    /// <summary>Time to make the printer safe before the session closes without it, s.</summary>
    private const double SafetySeconds = 90;

    /// <summary>Time for the engine to start after the gateway accepted, s.</summary>
    private const double StartSeconds = 60;

    private readonly P256PrivateKey _device;
    private readonly ReadOnlyMemory<byte> _engineKey;
    private readonly Queue<ReadOnlyMemory<byte>> _frames = new();
    private readonly Queue<GatewayAction> _actions = new();
    private readonly SegmentStore _store = new();
    private readonly HaltGuard _halts = new();
    private GatewayHandshake? _handshake;
    private MachineProfile? _profile;
    private SessionKeys? _keys;
    private SegmentOpener? _opener;
    private TelemetryReporter? _reporter;
    private PrinterSample? _last;
    private SessionEnd? _ending;
    private ulong _controlCounter;
    private Moment _heard;
    private Moment _stopped;

    /// <param name="device">Signs, and takes part in the key agreement; stays its owner's to dispose of.</param>
    /// <param name="engineKey">The engine's transport key that was pinned at enrolment: 65 bytes, uncompressed.</param>
    public GatewaySession(P256PrivateKey device, ReadOnlyMemory<byte> engineKey) => (_device, _engineKey) = (device, engineKey);

    public SessionPhase Phase { get; private set; }

    /// <summary>Set once the session is over.</summary>
    public SessionEnd? End { get; private set; }

    public Guid? SessionId => _handshake?.Offer.SessionId;

    /// <summary>Frames that were ignored because they were not genuine, not for this session or not in their place.</summary>
    public int Ignored { get; private set; }

    /// <summary>The halts among them.</summary>
    public RefusedHalts RefusedHalts => _halts.Refused;

    /// <summary>Segments that were opened and not yet verified.</summary>
    public int OpenSegments => _store.Count;

    /// <summary>Segments that the engine has confirmed as carried out.</summary>
    public ulong SegmentsVerified => _store.Verified;

    /// <summary>Whether the printer has taken everything over and moves for nothing: it waits for a heater, for the engine, or for whoever paused the print.</summary>
    public bool IsWaiting => Phase == SessionPhase.Streaming && _store.IsDry && !_lift.IsMoving;

    /// <summary>How the session ends, from the moment on that it is decided.</summary>
    public SessionEnd? Ending => _ending;

    /// <summary>Whether no plaintext is left in memory.</summary>
    public bool IsWiped => _store.IsWiped;

    /// <summary>Takes a frame from the engine. False: it was ignored, and counted.</summary>
    public bool Receive(ReadOnlySpan<byte> frame, Moment now)
    {
        var type = WireFrame.Peek(frame, out var sessionId);
        bool taken = type switch
        {
            WireType.Offer => TakeOffer(frame, now),
            _ when sessionId != SessionId || Phase == SessionPhase.Ended => false,
            WireType.Start => TakeStart(frame, now),
            WireType.Segment => TakeSegment(frame, now),
            WireType.Halt => TakeHalt(frame, now),
            WireType.Verified or WireType.Purge or WireType.Finish or WireType.Alive or WireType.Resume or WireType.Hold => TakeControl(type, frame, now),
            _ => false,
        };
        if (!taken)
        {
            Ignored++;
        }
        return taken;
    }

    /// <summary>Lets time pass; to be called at least every 100 ms.</summary>
    public void Advance(Moment now)
    {
        switch (Phase)
        {
            case SessionPhase.Accepted when now.Since(_heard) > StartSeconds:
                Stop(EndReason.HandshakeTimeout, "The engine did not start the session.", now);
                break;
            case SessionPhase.Streaming when now.Since(_heard) > _handshake!.Offer.OutageSeconds:
                Stop(EndReason.EngineSilent, $"Nothing was heard from the engine for {_handshake.Offer.OutageSeconds:F0} s.", now);
                break;
            case SessionPhase.Streaming when _absence.IsTooSilent(now):
                ConnectionLost(now);
                _actions.Enqueue(new GatewayAction.Reconnect());
                break;
            case SessionPhase.Finishing when now.Since(_stopped) > SafetySeconds:
                SafeRestDone($"not done after {SafetySeconds:F0} s", now);
                break;
            default:
                Report(now);
                AnswerResume(now);
                break;
        }
    }

    /// <summary>Answer to <see cref="GatewayAction.RunPreflight"/>: the job can be printed on the machine of this profile.</summary>
    public void PreflightPassed(MachineProfile profile, PreflightNotes notes, Moment now)
    {
        if (Phase != SessionPhase.Offered || _keys is not null)
        {
            return;
        }
        _profile = profile;
        if (!_handshake!.TryAccept(profile, notes, out _keys, out var frame))
        {
            Stop(EndReason.HandshakeFailed, "The engine's ephemeral key is no key.", now);
            return;
        }
        var offer = _handshake.Offer;
        _opener = new SegmentOpener(_keys, offer.SessionId.ToByteArray(bigEndian: true));
        _reporter = new TelemetryReporter(offer.SessionId, _keys.Telemetry, offer.ReportSeconds);
        _frames.Enqueue(frame);
        _heard = now;
        Phase = SessionPhase.Accepted;
    }

    /// <summary>Answer to <see cref="GatewayAction.RunPreflight"/>: the job is not printed here.</summary>
    public void PreflightRefused(Refusal refusal, Moment now)
    {
        if (Phase != SessionPhase.Offered)
        {
            return;
        }
        _frames.Enqueue(_handshake!.RefuseFrame(refusal));
        _ending = NewEnd(EndReason.Refused, refusal.Text) with { Refusal = refusal };
        Close(madeSafe: true);
    }

    /// <summary>Takes what the printer reported.</summary>
    public void ReportPrinter(in PrinterSample sample, Moment now)
    {
        _last = sample;
        if (Phase is SessionPhase.Streaming or SessionPhase.Finishing)
        {
            _reporter!.Add(sample);
            Report(now);
        }
        if (Phase == SessionPhase.Streaming && sample.State != PrinterState.Ready)
        {
            Fail(sample.State == PrinterState.Shutdown ? PrinterFault.Shutdown : PrinterFault.NotReady, $"The printer reports {sample.State}.", now);
        }
    }

    /// <summary>Something went wrong with the printer.</summary>
    /// <param name="fault">What.</param>
    /// <param name="text">The printer's own words; must not quote a line of the toolpath.</param>
    /// <param name="now">Now.</param>
    public void Fail(PrinterFault fault, string text, Moment now)
    {
        var reason = fault switch
        {
            PrinterFault.Error => EndReason.PrinterError,
            PrinterFault.Shutdown => EndReason.PrinterShutdown,
            PrinterFault.NotReady => EndReason.PrinterNotReady,
            _ => EndReason.PrinterVanished,
        };
        if (_last is { } last && fault != PrinterFault.Error)
        {
            _last = last with { State = fault == PrinterFault.Shutdown ? PrinterState.Shutdown : PrinterState.Disconnected };
        }
        Stop(reason, text, now);
    }

    /// <summary>Answer to <see cref="GatewayAction.SendScript"/>; <paramref name="error"/> is null when the printer took it over.</summary>
    public void ScriptAnswered(ulong segment, string? error, Moment now)
    {
        if (Phase != SessionPhase.Streaming)
        {
            return;
        }
        if (error is not null)
        {
            Fail(PrinterFault.Error, error, now);
        }
        else if (_store.Answer(segment))
        {
            HandOver();
            RaiseHead();
            Report(now);
        }
    }

    /// <summary>Answer to <see cref="GatewayAction.MakeSafe"/>; <paramref name="error"/> is null when every line was taken over, <paramref name="warnings"/> go on the certificate.</summary>
    public void SafeRestDone(string? error, Moment now, IReadOnlyList<PreflightWarning>? warnings = null)
    {
        if (Phase != SessionPhase.Finishing)
        {
            return;
        }
        if (error is not null)
        {
            _ending = _ending! with { Text = $"{_ending.Text} The printer could not be made safe: {error}." };
        }
        SendEnded(error is null ? Safety.Done : Safety.Failed, warnings);
        Close(madeSafe: error is null);
    }

    /// <summary>The gateway is told to stop on its own host.</summary>
    public void Stop(Moment now) => Stop(EndReason.GatewayStopped, "The gateway was stopped.", now);

    /// <summary>A person at the printer cancelled the print.</summary>
    public void Cancel(string text, Moment now) => Stop(EndReason.Cancelled, text, now);

    /// <summary>The next frame for the engine.</summary>
    public bool TryTakeFrame(out ReadOnlyMemory<byte> frame) => _frames.TryDequeue(out frame);

    /// <summary>The next thing to do.</summary>
    public bool TryTakeAction([NotNullWhen(true)] out GatewayAction? action) => _actions.TryDequeue(out action);

    public void Dispose()
    {
        _store.Dispose();
        _opener?.Dispose();
        _keys?.Dispose();
    }

    private void Report(Moment now)
    {
        while (Phase is SessionPhase.Streaming or SessionPhase.Finishing && _reporter!.Report(_store.Answered, now) is { } frame)
        {
            _frames.Enqueue(frame);
        }
    }

    /// <summary>Every ending comes through here: wipe first, then make the machine safe if it was ever driven.</summary>
    private void Stop(EndReason reason, string text, Moment now)
    {
        if (Phase is SessionPhase.Finishing or SessionPhase.Ended)
        {
            return;
        }
        _ending = NewEnd(reason, text);
        _store.Wipe();
        if (Phase != SessionPhase.Streaming)
        {
            if (_keys is not null)
            {
                SendEnded(Safety.Done);
            }
            Close(madeSafe: true);
            return;
        }
        _stopped = now;
        Phase = SessionPhase.Finishing;
        bool emergency = _actions.Any(static action => action is GatewayAction.EmergencyStop);
        _actions.Clear();
        if (emergency)
        {
            _actions.Enqueue(new GatewayAction.EmergencyStop());
        }
        // A head that is rising is not where the last sample has it.
        var last = _last is { } sample && !_lift.IsDown ? sample with { Z = Math.Max(sample.Z, _lift.Top) } : _last;
        _actions.Enqueue(new GatewayAction.MakeSafe(SafeRest.Lines(_profile!, last)));
        SendEnded(Safety.UnderWay);
    }

    private void SendEnded(Safety safety, IReadOnlyList<PreflightWarning>? warnings = null)
    {
        LastWord = new Ended(SessionId!.Value, _reporter!.NextCounter(), _ending!.Reason, _ending.Text, safety, [.. _halts.Refused.Warnings(Ignored), .. warnings ?? []]).Encode(_keys!.Telemetry);
        _frames.Enqueue(LastWord);
    }

    private void Close(bool madeSafe)
    {
        End = _ending! with { MadeSafe = madeSafe };
        Phase = SessionPhase.Ended;
        _opener?.Dispose();
        _keys?.Dispose();
        _actions.Enqueue(new GatewayAction.Close(End));
    }

    private SessionEnd NewEnd(EndReason reason, string text) => new(reason, reason.Side(), Phase, text, _opener?.Count ?? 0, _store.Verified);
}
