using System.Security.Cryptography;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>How a session ends, on either side's word.</summary>
public sealed partial class EngineSession
{
    /// <summary>The emergency path: the printer stops within a second and loses its position. It works on a session that is being ended already, too.</summary>
    /// <param name="reason">What for.</param>
    /// <param name="text">One sentence for people.</param>
    /// <param name="now">Now.</param>
    public void Halt(HaltReason reason, string text, Moment now)
    {
        if (_keys is null || Phase is SessionPhase.Ended)
        {
            Stop(reason.Ending(), text, now);
            return;
        }
        _halt = reason;
        Order(reason.Ending(), now);
        Conclude(reason.Ending(), text, now);
    }

    /// <summary>Ends the session in order: nothing more is sent, the gateway wipes and makes the printer safe.</summary>
    /// <param name="reason"><see cref="EndReason.Cancelled"/>, <see cref="EndReason.Revoked"/> or <see cref="EndReason.EngineStopping"/>.</param>
    /// <param name="text">One sentence for people.</param>
    /// <param name="now">Now.</param>
    public void Stop(EndReason reason, string text, Moment now)
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
        Order(reason, now);
        Conclude(reason, text, now);
    }

    /// <summary>
    /// Everything is confirmed. With <see cref="EngineSessionOptions.KeepsEnding"/> the gateway hears so after <see cref="EndingKept"/>: it says then that the print is complete, and
    /// an engine that was killed in between and remembers less could not believe it.
    /// </summary>
    public bool WantsEndingKept { get; private set; }

    /// <summary>What <see cref="Save"/> gave since <see cref="WantsEndingKept"/> is on the disk.</summary>
    public void EndingKept(Moment now)
    {
        if (WantsEndingKept)
        {
            WantsEndingKept = false;
            if (Phase == SessionPhase.Finishing && !_absence.IsOn)
            {
                Order(EndReason.Completed, now);
            }
        }
    }

    private bool TakeEnded(ReadOnlySpan<byte> frame, Moment now)
    {
        if (_keys is null || !WireWriter.HasMac(frame, _keys.Telemetry) || Ended.TryDecode(frame) is not { } ended || ended.Counter <= _telemetryCounter)
        {
            return false;
        }
        _telemetryCounter = ended.Counter;
        _absence.End();
        bool unearned = ended.Reason == EndReason.Completed && _ending is null;
        Conclude(unearned ? EndReason.ProtocolViolation : ended.Reason, unearned ? "The gateway ended the print before its end." : ended.Text, now);
        if (ended.Safety != Safety.UnderWay)
        {
            foreach (var (code, text) in ended.Warnings)
            {
                _observations.Raise(code, text, now.Utc);
            }
            if (ended.Safety == Safety.Failed)
            {
                _observations.Raise("SAFE_REST_FAILED", ended.Text, now.Utc);
            }
            Close(ended.Safety == Safety.Done, now);
        }
        return true;
    }

    /// <summary>Tells the gateway to end.</summary>
    private void Order(EndReason reason, Moment now) => Say(reason switch
    {
        _ when _halt is { } halt => new Halt(_options.SessionId, now.Utc, halt, RandomNumberGenerator.GetBytes(Wire.Halt.NonceSize)).Encode(_keys!.Control),
        EndReason.Completed => new Finish(_options.SessionId, ++_controlCounter, _outlet.Sent, _outlet.ChainHead).Encode(_keys!.Control),
        _ => new Purge(_options.SessionId, ++_controlCounter, reason).Encode(_keys!.Control),
    }, now);

    /// <summary>The first cause of an ending is the one that counts; from now on the printer is being made safe.</summary>
    private void Conclude(EndReason reason, string text, Moment now)
    {
        if (_ending is not null)
        {
            return;
        }
        EndPause(now);
        _ending = NewEnd(reason, text) with { Evidence = reason == EndReason.ProxySuspected ? _gate.Evidence : [] };
        _stopped = now;
        Phase = SessionPhase.Finishing;
        _outlet.Drop();
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
        End = _ending! with { MadeSafe = madeSafe };
        Phase = SessionPhase.Ended;
    }

    private SessionEnd NewEnd(EndReason reason, string text) => new(reason, reason.Side(), Phase, text, _outlet.Sent, _gate.VerifiedThrough);
}
