using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>The gateway's side of offer, accept and start.</summary>
internal sealed class GatewayHandshake(P256PrivateKey device, ReadOnlyMemory<byte> engineKey, Offer offer, ReadOnlyMemory<byte> offerHash, Moment offered)
{
    public Offer Offer => offer;

    /// <summary>The engine's clock: what it said in the offer, and the time since. The gateway's own clock may be wrong.</summary>
    public DateTimeOffset EngineTime(Moment now) => offer.Time + (now.Steady - offered.Steady);

    /// <summary>Derives the session's keys and the frame that accepts; false when the engine's ephemeral key is no key.</summary>
    public bool TryAccept(MachineProfile profile, PreflightNotes notes, [NotNullWhen(true)] out SessionKeys? keys, out ReadOnlyMemory<byte> frame)
    {
        frame = default;
        byte[] encoded = profile.Encode();
        byte[] nonce = RandomNumberGenerator.GetBytes(32);
        using var ephemeral = P256.GenerateKey();
        byte[] transcript = Transcript.Encode(offer, nonce, ephemeral.PublicKey.Span, device.PublicKey.Span, encoded);
        if (!SessionKeys.TryDeriveAsGateway(ephemeral, device, offer.EngineEphemeral.Span, transcript, encoded, out keys))
        {
            return false;
        }
        byte[] signature = new byte[Es256.SignatureSize];
        Es256.Sign(device, keys.TranscriptHash, signature);
        frame = new Accept(offer.SessionId, nonce, ephemeral.PublicKey, encoded, signature, notes).Encode(keys.Telemetry);
        return true;
    }

    public ReadOnlyMemory<byte> RefuseFrame(Refusal refusal) => Refuse.Encode(offer.SessionId, refusal, offerHash.Span, new Es256Signer(device));

    /// <summary>Whether this frame starts the session, by the engine that the gateway was enrolled with and on the offer's terms.</summary>
    public bool IsStart(ReadOnlySpan<byte> frame, SessionKeys keys) =>
        WireWriter.HasMac(frame, keys.Control) && Start.TryDecode(frame) is { } start && start.OfferHash.Span.SequenceEqual(offerHash.Span)
        && Es256.Verify(engineKey.Span, keys.TranscriptHash, start.Signature.Span);
}
