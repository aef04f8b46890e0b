using System.Security.Cryptography;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>What each kind of frame does to the session. A frame that is not genuine, or not in its place, changes nothing.</summary>
public sealed partial class GatewaySession
{
    private bool TakeOffer(ReadOnlySpan<byte> frame, Moment now)
    {
        if (Phase != SessionPhase.New || Offer.TryDecode(frame) is not { } offer)
        {
            return false;
        }
        _handshake = new GatewayHandshake(_device, _engineKey, offer, SHA256.HashData(frame), now);
        Phase = SessionPhase.Offered;
        _actions.Enqueue(new GatewayAction.RunPreflight(offer.Facts));
        return true;
    }

    private bool TakeStart(ReadOnlySpan<byte> frame, Moment now)
    {
        if (Phase != SessionPhase.Accepted)
        {
            return false;
        }
        if (!_handshake!.IsStart(frame, _keys!))
        {
            Stop(EndReason.HandshakeFailed, "The engine did not prove that it is the one this gateway was enrolled with.", now);
            return false;
        }
        _heard = now;
        Phase = SessionPhase.Streaming;
        return true;
    }

    private bool TakeSegment(ReadOnlySpan<byte> frame, Moment now)
    {
        if (Phase != SessionPhase.Streaming || _absence.IsOn)
        {
            return false;
        }
        if (!SegmentMessage.TryDecode(frame, out var message) || message.Number != _opener!.Count + 1 || !_store.TryOpen(_opener, message.Sealed))
        {
            Stop(EndReason.SegmentUnreadable, $"Segment {_opener!.Count + 1} did not open: something between engine and gateway dropped, repeated or altered it.", now);
            return false;
        }
        Hear(now);
        Release();
        if (_store.Count > _handshake!.Offer.WindowSegments)
        {
            Stop(EndReason.ProtocolViolation, "The engine sent more segments than it said it would.", now);
            return false;
        }
        HandOver();
        return true;
    }

    private bool TakeHalt(ReadOnlySpan<byte> frame, Moment now)
    {
        if (_keys is null || _halts.Judge(frame, _keys.Control, _handshake!.EngineTime(now), out var reason) != HaltVerdict.Genuine)
        {
            return false;
        }
        if (Phase is SessionPhase.Streaming or SessionPhase.Finishing)
        {
            _actions.Clear();
            _actions.Enqueue(new GatewayAction.EmergencyStop());
            _last = null;
            if (Phase == SessionPhase.Finishing)
            {
                _actions.Enqueue(new GatewayAction.MakeSafe(SafeRest.Lines(_profile!, last: null)));
            }
        }
        Stop(reason.Ending(), "An authenticated HALT stopped the printer.", now);
        return true;
    }

    private bool TakeControl(WireType type, ReadOnlySpan<byte> frame, Moment now)
    {
        if (_keys is null || !WireWriter.HasMac(frame, _keys.Control))
        {
            return false;
        }
        switch (type)
        {
            case WireType.Verified when Verified.TryDecode(frame) is { } verified && IsNew(verified.Counter, now):
                if (Phase == SessionPhase.Streaming && !_store.Verify(verified.Through))
                {
                    Stop(EndReason.ProtocolViolation, "The engine confirmed a segment that the printer has not taken over.", now);
                }
                return true;
            case WireType.Purge when Purge.TryDecode(frame) is { } purge && IsNew(purge.Counter, now):
                Stop(purge.Reason, "The engine ended the session.", now);
                return true;
            case WireType.Finish when Finish.TryDecode(frame) is { } finish && IsNew(finish.Counter, now):
                bool whole = finish.Segments == _opener!.Count && finish.Segments == _store.Verified && finish.ChainHead.Span.SequenceEqual(_opener.ChainHead);
                Stop(whole ? EndReason.Completed : EndReason.SegmentUnreadable,
                    whole ? "Printed." : "The engine and the gateway do not agree on the segments of this print.", now);
                return true;
            case WireType.Alive when Alive.TryDecode(frame) is { } alive:
                return IsNew(alive.Counter, now);
            case WireType.Hold when Phase == SessionPhase.Streaming && !_absence.IsOn && Hold.TryDecode(frame) is { } hold && IsNew(hold.Counter, now):
                return TakeHold(hold);
            case WireType.Resume when Phase is SessionPhase.Streaming or SessionPhase.Finishing && Resume.TryDecode(frame) is { } resume && IsNew(resume.Counter, now):
                TakeResume(resume, now);
                return true;
            default:
                return false;
        }
    }

    private bool IsNew(ulong counter, Moment now)
    {
        if (counter <= _controlCounter)
        {
            return false;
        }
        _controlCounter = counter;
        Hear(now);
        return true;
    }

    private void Hear(Moment now)
    {
        _heard = now;
        _absence.Hear();
    }
}
