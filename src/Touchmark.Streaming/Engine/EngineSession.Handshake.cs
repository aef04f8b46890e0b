using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>The offer, and what the gateway answers to it.</summary>
public sealed partial class EngineSession
{
    private EngineHandshake? _handshake;
    private Moment _begun;

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

    private bool TakeAccept(ReadOnlySpan<byte> frame, Moment now)
    {
        if (Phase != SessionPhase.Offered || Accept.TryDecode(frame) is not { } accept)
        {
            return false;
        }
        if (_handshake!.TakeAccept(accept, frame, out string problem) is not var (keys, profile))
        {
            Finish(EndReason.HandshakeFailed, problem, now);
            return false;
        }
        (_keys, _profile, _transport) = (keys, profile, accept.Notes.Transport);
        foreach (var (code, text) in accept.Notes.Warnings)
        {
            _observations.Raise(code, text, now.Utc);
        }
        _outlet.Open(keys);
        Phase = SessionPhase.Accepted;
        var differences = MachineProfile.Compare(_options.Profile, profile);
        if (!profile.MachineId().Span.SequenceEqual(_options.Profile.MachineId().Span))
        {
            Stop(EndReason.IdentityChanged, $"This is not the machine that was enrolled: {string.Join("; ", differences.Where(static difference => difference.IdentifiesMachine))}.", now);
            return true;
        }
        if (differences.Count > 0)
        {
            _observations.Raise("PROFILE_CHANGED", $"The machine differs from its enrolment: {string.Join("; ", differences.Take(8))}.", now.Utc);
        }
        Say(_handshake.StartFrame(keys), now);
        _handshake.Dispose();
        Phase = SessionPhase.Streaming;
        RepeatHold(now);
        return true;
    }

    private bool TakeRefuse(ReadOnlySpan<byte> frame, Moment now)
    {
        if (Phase != SessionPhase.Offered)
        {
            return TakeDecline(frame, now);
        }
        if (Refuse.TryDecode(frame) is not { } refuse || !_handshake!.IsRefusedBy(frame))
        {
            return false;
        }
        _ending = NewEnd(EndReason.Refused, refuse.Refusal.Text) with { Refusal = refuse.Refusal };
        Close(madeSafe: true, now);
        return true;
    }
}
