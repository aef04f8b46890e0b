using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.GCode;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>
/// The engine's half of one session: offers a job, lets out no more motion than the window allows, confirms what telemetry shows to be executed, and ends the
/// session for whoever's fault it is. Frames, segments and the time go in; frames come out. No I/O; not thread-safe.
/// </summary>
public sealed partial class EngineSession : IDisposable
{
    /// <summary>Time between two signs of life, s.</summary>
    private const double AliveSeconds = 1;

    /// <summary>Time for the gateway to make the printer safe, s; the gateway gives up before.</summary>
    private const double SafetySeconds = 100;

    /// <summary>Time to keep the ending of a complete print, s; after it the gateway is told all the same, because a hot head stands on the part.</summary>
    private const double KeepingSeconds = 5;

    private readonly EngineSessionOptions _options;
    private readonly Queue<ReadOnlyMemory<byte>> _frames = new();
    private readonly TelemetryGate _gate;
    private readonly SegmentOutlet _outlet;
    private readonly Silence _silence = new();
    private readonly Observations _observations = new();
    private readonly SnapshotWatch _snapshot;
    private readonly SegmentDresser _dresser;
    private SessionKeys? _keys;
    private MachineProfile? _profile;
    private string _transport = "";
    private SessionEnd? _ending;
    private HaltReason? _halt;
    private bool _supplied;
    private ulong _controlCounter;
    private int _forged;
    private Moment _spoke;
    private Moment _advanced;
    private Moment _stopped;
    private DateTimeOffset? _started;
    private DateTimeOffset? _ended;

    public EngineSession(EngineSessionOptions options)
    {
        _options = options;
        _snapshot = new SnapshotWatch(options.Profile.Behaviour);
        _gate = new TelemetryGate(options.Facts.Extruders);
        _outlet = new SegmentOutlet(options.SessionId, options.Settings, _gate);
        _dresser = new SegmentDresser(options, _gate, _observations);
    }

    public SessionPhase Phase { get; private set; }

    /// <summary>Set once the session is over.</summary>
    public SessionEnd? End { get; private set; }

    /// <summary>While true, <see cref="Supply"/> the next segment, or call <see cref="SupplyEnd"/> when there is none.</summary>
    public bool WantsSegment => Phase == SessionPhase.Streaming && (_restoration?.WantsSegment ?? (_outlet.IsEmpty && !_supplied));

    public SessionProgress Progress => new(Phase, _options.Facts.Segments, _outlet.Sent, _gate.VerifiedThrough, _options.Facts.MotionSeconds, _gate.ExecutedSeconds,
        _outlet.Exposure, _outlet.MaxExposure, _observations.Last)
    {
        Adjusted = _dresser.Adjusted, Alerts = _observations.AlertCount, IsGatewayAway = _absence.IsOn, Paused = PauseNow,
        Ending = Phase == SessionPhase.Finishing ? _ending?.Reason : null, EndingText = Phase == SessionPhase.Finishing ? _ending?.Text : null,
    };

    /// <summary>The facts so far; complete once <see cref="End"/> is set.</summary>
    public SessionRecord Record => new()
    {
        SessionId = _options.SessionId,
        Facts = _options.Facts,
        Profile = _profile,
        PrinterTransport = _transport,
        TranscriptHash = _keys is null ? default(ReadOnlyMemory<byte>) : _keys.TranscriptHash.ToArray(),
        Offered = _begun.Utc,
        Started = _started,
        Ended = _ended,
        Ivs = _outlet.Ivs,
        ChainHead = _outlet.ChainHead,
        SegmentsSent = _outlet.Sent,
        SegmentsVerified = _gate.VerifiedThrough,
        MotionExecuted = _gate.ExecutedSeconds,
        MaxExposure = _outlet.MaxExposure,
        MaxSegmentsOut = _outlet.MaxSegmentsOut,
        Nozzle = _observations.Nozzle,
        Bed = _observations.Bed,
        Chamber = _observations.Chamber,
        Adjustments = _observations.Adjustments,
        Challenges = _dresser.Tally,
        Alerts = _observations.Alerts,
        Behaviour = _snapshot.Figures,
        ForgedFrames = _forged,
    };

    /// <summary>Takes a frame from the gateway. False: it was not genuine or not in its place, and was ignored and counted.</summary>
    public bool Receive(ReadOnlySpan<byte> frame, Moment now)
    {
        var type = WireFrame.Peek(frame, out var sessionId);
        bool taken = sessionId == _options.SessionId && Phase is not (SessionPhase.New or SessionPhase.Ended) && type switch
        {
            WireType.Accept => TakeAccept(frame, now),
            WireType.Refuse => TakeRefuse(frame, now),
            WireType.Telemetry => TakeTelemetry(frame, now),
            WireType.Resumed => TakeResumed(frame, now),
            WireType.Held => TakeHeld(frame, now),
            WireType.Ended => TakeEnded(frame, now),
            _ => false,
        };
        if (!taken)
        {
            _forged++;
        }
        return taken;
    }

    /// <summary>Lets time pass; to be called at least every 250 ms.</summary>
    public void Advance(Moment now)
    {
        double elapsed = now.Since(_advanced);
        _advanced = now;
        switch (Phase)
        {
            case SessionPhase.Offered when now.Since(_begun) > _options.Settings.HandshakeSeconds:
                Finish(EndReason.HandshakeTimeout, $"The gateway did not answer the offer within {_options.Settings.HandshakeSeconds:F0} s.", now);
                break;
            case SessionPhase.Streaming or SessionPhase.Finishing when _absence.IsOver(_options.Settings.OutageSeconds, now):
                GiveUp(now);
                break;
            case SessionPhase.Streaming when IsPausedTooLong(now):
                EndPausedPrint(now);
                break;
            case SessionPhase.Streaming when _absence.IsOn:
                break;
            case SessionPhase.Streaming when _absence.IsTooSilent(elapsed):
                ConnectionLost("nothing was heard from the gateway", now);
                break;
            case SessionPhase.Streaming:
                _silence.Fill(elapsed);
                if (_silence.Seconds > _options.Settings.TelemetrySilenceSeconds)
                {
                    Stop(EndReason.TelemetryLost, $"No genuine telemetry for {_silence.Seconds:F0} s.", now);
                }
                break;
            case SessionPhase.Finishing when WantsEndingKept && now.Since(_stopped) > KeepingSeconds:
                EndingKept(now);
                break;
            case SessionPhase.Finishing when now.Since(_stopped) > SafetySeconds:
                _observations.Raise("SAFE_REST_UNCONFIRMED", "The gateway did not report that the printer is safe.", now.Utc);
                Close(madeSafe: false, now);
                break;
            default:
                break;
        }
        if (Phase is SessionPhase.Streaming or SessionPhase.Finishing && !_absence.IsOn && now.Since(_spoke) >= AliveSeconds)
        {
            SayAlive(now);
        }
    }

    /// <summary>The next segment. It is this session's from now on: sealed when the window has room for it, then wiped.</summary>
    public void Supply(Segment segment, Moment now)
    {
        if (!WantsSegment)
        {
            segment.Dispose();
            return;
        }
        if (_restoration is not null)
        {
            Skip(segment, now);
            return;
        }
        _outlet.Hold(_dresser.Dress(segment, now.Utc));
        Pump(now);
    }

    /// <summary>There are no more segments.</summary>
    public void SupplyEnd(Moment now)
    {
        if (_restoration is not null)
        {
            Stop(EndReason.SupplyFailed, "The toolpath is shorter than what the gateway has of it.", now);
        }
        else if (WantsSegment)
        {
            _supplied = true;
            FinishWhenVerified(now);
        }
    }

    /// <summary>No more segments can be had, for the reason that the text gives.</summary>
    public void SupplyFailed(string text, Moment now) => Stop(EndReason.SupplyFailed, text, now);

    /// <summary>The next frame for the gateway.</summary>
    public bool TryTakeFrame(out ReadOnlyMemory<byte> frame) => _frames.TryDequeue(out frame);

    /// <summary>HMAC-SHA-256 of <paramref name="document"/> with the session's certificate key: ties a certificate to this session and machine. Valid until disposal.</summary>
    /// <exception cref="InvalidOperationException">There are no keys: the gateway never accepted.</exception>
    public byte[] CertificateMac(ReadOnlySpan<byte> document) =>
        HMACSHA256.HashData((_keys ?? throw new InvalidOperationException("This session has no keys.")).Certificate.Span, document);

    public void Dispose()
    {
        _handshake?.Dispose();
        _outlet.Dispose();
        _keys?.Dispose();
    }

    private void Pump(Moment now)
    {
        if (Phase == SessionPhase.Streaming && !_absence.IsOn && _restoration is null && !_pause.IsOn && _outlet.TryRelease(out var frame, out var plan))
        {
            _observations.Announce(plan);
            foreach (var (code, text) in _snapshot.Announce(plan))
            {
                _observations.Raise(code, text, now.Utc);
            }
            _started ??= now.Utc;
            Say(frame, now);
        }
    }

    private void FinishWhenVerified(Moment now)
    {
        if (Phase != SessionPhase.Streaming || _absence.IsOn || _restoration is not null || !_supplied || !_outlet.IsConfirmed)
        {
            return;
        }
        if (_outlet.Sent != _options.Facts.Segments)
        {
            Stop(EndReason.SupplyFailed, $"The toolpath has {_outlet.Sent} segments and not the {_options.Facts.Segments} that were announced.", now);
            return;
        }
        Conclude(EndReason.Completed, "Printed.", now);
        WantsEndingKept = true;
        if (!_options.KeepsEnding)
        {
            EndingKept(now);
        }
    }

    private void Say(ReadOnlyMemory<byte> frame, Moment now)
    {
        _frames.Enqueue(frame);
        _spoke = now;
    }
}
