using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>The gateway goes away and comes back: how the session waits and goes on.</summary>
public sealed partial class EngineSession
{
    private readonly GatewayAbsence _absence = new();

    /// <summary>Whether the gateway is gone and the session waits for it to come back: on the connection that there is, nothing more is to be expected.</summary>
    public bool IsGatewayAway => _absence.IsOn && !_absence.IsAsking;

    /// <summary>The connection to the gateway is gone. A print waits for it, as long as the licence allows; before the start it is the end.</summary>
    public void ConnectionLost(Moment now) => ConnectionLost("the connection to the gateway was lost", now);

    /// <summary>There is a new connection to the gateway: asks it to go on.</summary>
    public void Reconnected(Moment now)
    {
        if (_keys is null || Phase is not (SessionPhase.Streaming or SessionPhase.Finishing))
        {
            return;
        }
        ConnectionLost(now);
        Say(_absence.Ask(_options.SessionId, ++_controlCounter, newEpoch: _restoration is not null, _keys.Control), now);
    }

    private void ConnectionLost(string cause, Moment now)
    {
        if (Phase == SessionPhase.Ended)
        {
            return;
        }
        // They went nowhere; what they said is said again.
        _frames.Clear();
        if (_keys is null)
        {
            Finish(EndReason.ConnectionLost, "The connection to the gateway was lost.", now);
            return;
        }
        _absence.Begin(cause, now);
    }

    private bool TakeResumed(ReadOnlySpan<byte> frame, Moment now)
    {
        if (_keys is null || !WireWriter.HasMac(frame, _keys.Telemetry) || Resumed.TryDecode(frame) is not { } resumed || resumed.Counter <= _telemetryCounter || !_absence.IsAnswer(resumed))
        {
            return false;
        }
        _telemetryCounter = resumed.Counter;
        double seconds = _absence.Seconds(now);
        byte[] nonce = _absence.EngineNonce.ToArray();
        _absence.End();
        if (_ending is not null)
        {
            // A finish is believed only by a gateway that knows everything to be confirmed.
            SayVerified(now);
            if (!WantsEndingKept)
            {
                Order(_ending.Reason, now);
            }
            return true;
        }
        if (!resumed.MachineId.Span.SequenceEqual(_profile!.MachineId().Span))
        {
            Stop(EndReason.IdentityChanged, "Behind the gateway that came back is another machine.", now);
            return true;
        }
        bool restored = _restoration is not null;
        bool fits = restored
            ? resumed.Received >= _restoration!.Verified && resumed.Received <= _options.Facts.Segments
            : resumed.Received <= _outlet.Sent && resumed.Received >= _outlet.AnsweredThrough;
        if (resumed.Answered > resumed.Received || !fits)
        {
            Stop(EndReason.ProtocolViolation, "The gateway that came back does not have the segments that it was sent.", now);
            return true;
        }
        _silence.Reset();
        string word = restored && resumed.Received > _restoration!.Verified
            ? FormattableString.Invariant($" Segments {_restoration.Verified + 1} to {resumed.Received} count as printed on the gateway's word.") : "";
        _observations.Raise("RESUMED", FormattableString.Invariant($"After {seconds:F1} s in which {_absence.Cause}, the print went on from segment {resumed.Received + 1}.{word}"), now.Utc);
        if (restored)
        {
            // Saved before its first segment left: that was soon after the offer.
            _started ??= resumed.Received > 0 ? _begun.Utc : null;
            Continue(nonce, resumed);
            CatchUp(now);
            return true;
        }
        Answered(resumed.Answered);
        _gate.Excuse(resumed.Received, resumed.Lift, resumed.LiftedAt);
        SayVerified(now);
        foreach (var segment in _outlet.After(resumed.Received))
        {
            Say(segment, now);
        }
        RepeatHold(now);
        Pump(now);
        FinishWhenVerified(now);
        return true;
    }

    /// <summary>The gateway's device says that it does not have this session: it was started anew, and a session's keys are in memory only.</summary>
    private bool TakeDecline(ReadOnlySpan<byte> frame, Moment now)
    {
        if (Refuse.TryDecode(frame) is null || !_absence.IsDeclined(frame, _options.DeviceKey.Span))
        {
            return false;
        }
        Finish(EndReason.GatewayStopped, "The gateway was started anew and has lost the keys of this print.", now);
        return true;
    }

    /// <summary>The gateway has made the printer safe by itself, or has not: nobody will know.</summary>
    private void GiveUp(Moment now)
    {
        _observations.Raise("SAFE_REST_UNCONFIRMED", "The gateway did not come back to report that the printer is safe.", now.Utc);
        Finish(EndReason.ConnectionLost, FormattableString.Invariant($"The gateway was away for {_absence.Seconds(now):F0} s, because {_absence.Cause}; the licence allows {_options.Settings.OutageSeconds:F0} s."), now);
    }
}
