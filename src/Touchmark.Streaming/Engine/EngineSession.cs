using System.Buffers;
using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.GCode;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>
/// The engine's half of one session: offers a job, lets out no more motion than the window allows, confirms what telemetry shows to be executed, and ends the
/// session for whoever's fault it is. Frames, segments and the time go in; frames come out. No I/O; not thread-safe.
/// </summary>
public sealed class EngineSession : IDisposable
{
    /// <summary>Time between two signs of life, s.</summary>
    private const double AliveSeconds = 1;

    /// <summary>Time for the gateway to make the printer safe, s; the gateway gives up before.</summary>
    private const double SafetySeconds = 100;

    /// <summary>The printer's clock may run this many times slower than the engine's: a loaded host, never a stopped one.</summary>
    private const double SlowestClock = 4;

    private readonly EngineSessionOptions _options;
    private readonly Queue<ReadOnlyMemory<byte>> _frames = new();
    private readonly ArrayBufferWriter<byte> _ivs = new();
    private readonly Queue<SegmentPlan> _unverified = new();
    private readonly TelemetryGate _gate;
    private readonly Observations _observations = new();
    private EngineHandshake? _handshake;
    private SessionKeys? _keys;
    private SegmentSealer? _sealer;
    private MachineProfile? _profile;
    private Segment? _next;
    private SessionEnd? _ending;
    private bool _supplied;
    private ulong _controlCounter;
    private ulong _telemetryCounter;
    private double _maxExposure;
    private double _silence;
    private double _printerClock = double.NaN;
    private int _forged;
    private Moment _begun;
    private Moment _spoke;
    private Moment _advanced;
    private Moment _stopped;
    private DateTimeOffset? _started;
    private DateTimeOffset? _ended;

    public EngineSession(EngineSessionOptions options)
    {
        _options = options;
        _gate = new TelemetryGate(options.Facts.Extruders);
    }

    public SessionPhase Phase { get; private set; }

    /// <summary>Set once the session is over.</summary>
    public SessionEnd? End { get; private set; }

    /// <summary>While true, <see cref="Supply"/> the next segment, or call <see cref="SupplyEnd"/> when there is none.</summary>
    public bool WantsSegment => Phase == SessionPhase.Streaming && _next is null && !_supplied;

    public SessionProgress Progress => new(Phase, _options.Facts.Segments, SegmentsSent, _gate.VerifiedThrough, _options.Facts.MotionSeconds, _gate.ExecutedSeconds,
        Exposure, _maxExposure, _observations.Last);

    /// <summary>The facts so far; complete once <see cref="End"/> is set.</summary>
    public SessionRecord Record => new()
    {
        SessionId = _options.SessionId,
        Facts = _options.Facts,
        Profile = _profile,
        TranscriptHash = _keys is null ? default(ReadOnlyMemory<byte>) : _keys.TranscriptHash.ToArray(),
        Offered = _begun.Utc,
        Started = _started,
        Ended = _ended,
        Ivs = _ivs.WrittenMemory,
        ChainHead = _sealer is null ? default(ReadOnlyMemory<byte>) : _sealer.ChainHead.ToArray(),
        SegmentsSent = SegmentsSent,
        SegmentsVerified = _gate.VerifiedThrough,
        MotionExecuted = _gate.ExecutedSeconds,
        MaxExposure = _maxExposure,
        Nozzle = _observations.Nozzle,
        Bed = _observations.Bed,
        Chamber = _observations.Chamber,
        Adjustments = _observations.Adjustments,
        Alerts = _observations.Alerts,
        ForgedFrames = _forged,
    };

    private ulong SegmentsSent => _sealer?.Count ?? 0;

    private double Exposure => _gate.SentSeconds - _gate.ExecutedSeconds;

    /// <summary>Makes the offer.</summary>
    public void Begin(Moment now)
    {
        if (Phase != SessionPhase.New)
        {
            throw new InvalidOperationException("A session begins once.");
        }
        _handshake = new EngineHandshake(_options, now.Utc);
        _frames.Enqueue(_handshake.OfferFrame);
        (_begun, _advanced) = (now, now);
        Phase = SessionPhase.Offered;
    }

    /// <summary>Takes a frame from the gateway. False: it was not genuine or not in its place, and was ignored and counted.</summary>
    public bool Receive(ReadOnlySpan<byte> frame, Moment now)
    {
        var type = WireFrame.Peek(frame, out var sessionId);
        bool taken = sessionId == _options.SessionId && Phase is not (SessionPhase.New or SessionPhase.Ended) && type switch
        {
            WireType.Accept => TakeAccept(frame, now),
            WireType.Refuse => TakeRefuse(frame, now),
            WireType.Telemetry => TakeTelemetry(frame, now),
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
            case SessionPhase.Streaming:
                _silence += elapsed;
                if (_silence > _options.Settings.TelemetrySilenceSeconds)
                {
                    Purge(EndReason.TelemetryLost, $"No genuine telemetry for {_silence:F0} s.", now);
                }
                break;
            case SessionPhase.Finishing when now.Since(_stopped) > SafetySeconds:
                _observations.Raise("SAFE_REST_UNCONFIRMED", "The gateway did not report that the printer is safe.", now.Utc);
                Close(madeSafe: false, now);
                break;
            default:
                break;
        }
        if (Phase is SessionPhase.Streaming or SessionPhase.Finishing && now.Since(_spoke) >= AliveSeconds)
        {
            Say(new Alive(_options.SessionId, ++_controlCounter).Encode(_keys!.Control), now);
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
        _next = segment;
        Pump(now);
    }

    /// <summary>There are no more segments.</summary>
    public void SupplyEnd(Moment now)
    {
        if (WantsSegment)
        {
            _supplied = true;
            FinishWhenVerified(now);
        }
    }

    /// <summary>The stored toolpath cannot be read on.</summary>
    public void SupplyFailed(string text, Moment now) => Purge(EndReason.SupplyFailed, text, now);

    /// <summary>The emergency path: the printer stops within a second and loses its position.</summary>
    public void Halt(HaltReason reason, Moment now)
    {
        if (_keys is null || Phase is SessionPhase.Ended)
        {
            Purge(EndReason.Halted, "The print was stopped by a HALT.", now);
            return;
        }
        Say(new Halt(_options.SessionId, now.Utc, reason, RandomNumberGenerator.GetBytes(Wire.Halt.NonceSize)).Encode(_keys.Control), now);
        Conclude(EndReason.Halted, "The print was stopped by a HALT.", now);
    }

    /// <summary>Ends the session in order: nothing more is sent, the gateway wipes and makes the printer safe.</summary>
    /// <param name="reason"><see cref="EndReason.Cancelled"/>, <see cref="EndReason.Revoked"/> or <see cref="EndReason.EngineStopping"/>.</param>
    /// <param name="text">One sentence for people.</param>
    /// <param name="now">Now.</param>
    public void Stop(EndReason reason, string text, Moment now) => Purge(reason, text, now);

    /// <summary>The connection to the gateway is gone. The gateway wipes and makes the printer safe by itself.</summary>
    public void ConnectionLost(Moment now)
    {
        if (Phase == SessionPhase.Ended)
        {
            return;
        }
        if (_ending is not null)
        {
            _observations.Raise("SAFE_REST_UNCONFIRMED", "The connection was lost before the gateway reported that the printer is safe.", now.Utc);
            Close(madeSafe: false, now);
            return;
        }
        Finish(EndReason.ConnectionLost, "The connection to the gateway was lost.", now);
    }

    /// <summary>The next frame for the gateway.</summary>
    public bool TryTakeFrame(out ReadOnlyMemory<byte> frame) => _frames.TryDequeue(out frame);

    /// <summary>HMAC-SHA-256 of <paramref name="document"/> with the session's certificate key: ties a certificate to this session and machine. Valid until disposal.</summary>
    /// <exception cref="InvalidOperationException">The handshake did not get as far as keys.</exception>
    public byte[] CertificateMac(ReadOnlySpan<byte> document) =>
        HMACSHA256.HashData((_keys ?? throw new InvalidOperationException("This session has no keys.")).Certificate.Span, document);

    public void Dispose()
    {
        _next?.Dispose();
        _next = null;
        _handshake?.Dispose();
        _sealer?.Dispose();
        _keys?.Dispose();
    }

    private bool TakeAccept(ReadOnlySpan<byte> frame, Moment now)
    {
        if (Phase != SessionPhase.Offered || Accept.TryDecode(frame) is not { } accept)
        {
            return false;
        }
        if (_handshake!.TakeAccept(accept, out string problem) is not var (keys, profile))
        {
            Finish(EndReason.HandshakeFailed, problem, now);
            return false;
        }
        (_keys, _profile) = (keys, profile);
        _sealer = new SegmentSealer(keys, _options.SessionId.ToByteArray(bigEndian: true));
        _advanced = now;
        Phase = SessionPhase.Accepted;
        var differences = MachineProfile.Compare(_options.Profile, profile);
        if (!profile.MachineId().Span.SequenceEqual(_options.Profile.MachineId().Span))
        {
            Purge(EndReason.IdentityChanged, $"This is not the machine that was enrolled: {Words(differences.Where(static difference => difference.IdentifiesMachine))}.", now);
            return true;
        }
        if (differences.Count > 0)
        {
            _observations.Raise("PROFILE_CHANGED", $"The machine differs from its enrolment: {Words(differences)}.", now.Utc);
        }
        Say(_handshake.StartFrame(keys), now);
        _handshake.Dispose();
        Phase = SessionPhase.Streaming;
        return true;

        static string Words(IEnumerable<ProfileDifference> differences) =>
            string.Join("; ", differences.Take(8).Select(static difference => $"{difference.Field} was {difference.Enrolled}, is {difference.Presented}"));
    }

    private bool TakeRefuse(ReadOnlySpan<byte> frame, Moment now)
    {
        if (Phase != SessionPhase.Offered || Refuse.TryDecode(frame) is not { } refuse || !_handshake!.IsRefusedBy(frame))
        {
            return false;
        }
        _ending = NewEnd(EndReason.Refused, refuse.Refusal.Text) with { Refusal = refuse.Refusal };
        Close(madeSafe: true, now);
        return true;
    }

    private bool TakeTelemetry(ReadOnlySpan<byte> frame, Moment now)
    {
        if (_keys is null || !WireWriter.HasMac(frame, _keys.Telemetry) || Telemetry.TryDecode(frame) is not { } telemetry || telemetry.Counter <= _telemetryCounter)
        {
            return false;
        }
        _telemetryCounter = telemetry.Counter;
        if (Phase != SessionPhase.Streaming)
        {
            return true;
        }
        if (telemetry.Answered > SegmentsSent)
        {
            Purge(EndReason.ProtocolViolation, "The gateway answered for a segment that was never sent.", now);
            return true;
        }
        _gate.Answered(telemetry.Answered);
        foreach (var sample in telemetry.Samples)
        {
            CountClock(sample.EventTime);
            _observations.Observe(sample, _options.Facts.ChamberC > 0, now.Utc);
            _gate.Observe(sample);
        }
        if (_gate.Verdict is { } verdict)
        {
            Purge(verdict.Reason, verdict.Text, now);
            return true;
        }
        Confirm(now);
        Pump(now);
        FinishWhenVerified(now);
        return true;
    }

    private bool TakeEnded(ReadOnlySpan<byte> frame, Moment now)
    {
        if (_keys is null || !WireWriter.HasMac(frame, _keys.Telemetry) || Ended.TryDecode(frame) is not { } ended || ended.Counter <= _telemetryCounter)
        {
            return false;
        }
        _telemetryCounter = ended.Counter;
        bool unearned = ended.Reason == EndReason.Completed && _ending is null;
        Conclude(unearned ? EndReason.ProtocolViolation : ended.Reason, unearned ? "The gateway ended the print before its end." : ended.Text, now);
        if (ended.Safety != Safety.UnderWay)
        {
            if (ended.Safety == Safety.Failed)
            {
                _observations.Raise("SAFE_REST_FAILED", ended.Text, now.Utc);
            }
            Close(ended.Safety == Safety.Done, now);
        }
        return true;
    }

    /// <summary>Silence is a leaky bucket that the printer's clock empties: nothing heard, the same sample again and a clock that crawls all fill it.</summary>
    private void CountClock(double eventTime)
    {
        double ticked = double.IsNaN(_printerClock) ? double.PositiveInfinity : eventTime - _printerClock;
        if (ticked > 0)
        {
            _silence = Math.Max(0, _silence - (SlowestClock * ticked));
            _printerClock = eventTime;
        }
    }

    private void Confirm(Moment now)
    {
        ulong before = SegmentsSent - (ulong)_unverified.Count;
        if (_gate.VerifiedThrough <= before)
        {
            return;
        }
        for (ulong number = before; number < _gate.VerifiedThrough; number++)
        {
            var plan = _unverified.Dequeue();
            _observations.Expect(plan);
            if (plan.Kind == SegmentKind.Macro)
            {
                _observations.Forget();
            }
        }
        Say(new Verified(_options.SessionId, ++_controlCounter, _gate.VerifiedThrough).Encode(_keys!.Control), now);
    }

    /// <summary>Lets the next segment out when the window has room: nothing goes beyond a wait, and a long segment may go when the printer would starve.</summary>
    private void Pump(Moment now)
    {
        var settings = _options.Settings;
        if (Phase != SessionPhase.Streaming || _next is not { } segment || _gate.IsWaiting || _unverified.Count >= settings.WindowSegments
            || (Exposure + segment.Plan.DurationSeconds > settings.WindowSeconds && Exposure > settings.FloorSeconds))
        {
            return;
        }
        _next = null;
        using (segment)
        {
            Say(SegmentMessage.Seal(_options.SessionId, _sealer!, segment.Text.Span), now);
            _sealer!.LastIv.CopyTo(_ivs.GetSpan(12));
            _ivs.Advance(12);
            _unverified.Enqueue(segment.Plan);
            _gate.Add(segment.Plan);
        }
        _started ??= now.Utc;
        _maxExposure = Math.Max(_maxExposure, Exposure);
    }

    private void FinishWhenVerified(Moment now)
    {
        if (Phase != SessionPhase.Streaming || !_supplied || _unverified.Count > 0)
        {
            return;
        }
        if (SegmentsSent != _options.Facts.Segments)
        {
            Purge(EndReason.SupplyFailed, $"The toolpath has {SegmentsSent} segments and not the {_options.Facts.Segments} that were announced.", now);
            return;
        }
        Say(new Finish(_options.SessionId, ++_controlCounter, SegmentsSent, _sealer!.ChainHead.ToArray()).Encode(_keys!.Control), now);
        Conclude(EndReason.Completed, "Printed.", now);
    }

    private void Say(ReadOnlyMemory<byte> frame, Moment now)
    {
        _frames.Enqueue(frame);
        _spoke = now;
    }

    /// <summary>Ends the session and, where there are keys, orders the gateway to wipe and to make the printer safe.</summary>
    private void Purge(EndReason reason, string text, Moment now)
    {
        if (Phase is SessionPhase.Finishing or SessionPhase.Ended)
        {
            return;
        }
        if (_keys is null)
        {
            Finish(reason, text, now);
            return;
        }
        Say(new Purge(_options.SessionId, ++_controlCounter, reason).Encode(_keys.Control), now);
        Conclude(reason, text, now);
    }

    /// <summary>The first cause of an ending is the one that counts; from now on the printer is being made safe.</summary>
    private void Conclude(EndReason reason, string text, Moment now)
    {
        if (_ending is not null)
        {
            return;
        }
        _ending = NewEnd(reason, text) with { Evidence = reason == EndReason.ProxySuspected ? _gate.Evidence : [] };
        _stopped = now;
        Phase = SessionPhase.Finishing;
        _next?.Dispose();
        _next = null;
    }

    private void Finish(EndReason reason, string text, Moment now)
    {
        Conclude(reason, text, now);
        Close(madeSafe: false, now);
    }

    private void Close(bool madeSafe, Moment now)
    {
        if (_forged > 0)
        {
            _observations.Raise("FORGED_FRAMES", $"{_forged} frames were ignored because they were not genuine or not in their place.", now.Utc);
        }
        _ended = now.Utc;
        _next?.Dispose();
        _next = null;
        End = _ending! with { MadeSafe = madeSafe };
        Phase = SessionPhase.Ended;
    }

    private SessionEnd NewEnd(EndReason reason, string text) => new(reason, reason.Side(), Phase, text, SegmentsSent, _gate.VerifiedThrough);
}
