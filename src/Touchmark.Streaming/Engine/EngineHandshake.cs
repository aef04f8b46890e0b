using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>The engine's side of offer, accept and start: makes the offer, and turns a good accept into session keys.</summary>
internal sealed class EngineHandshake : IDisposable
{
    private readonly EngineSessionOptions _options;
    private readonly P256PrivateKey _ephemeral = P256.GenerateKey();
    private readonly Offer _offer;
    private readonly byte[] _offerHash;

    public EngineHandshake(EngineSessionOptions options, DateTimeOffset now)
    {
        _options = options;
        var settings = options.Settings;
        _offer = new Offer
        {
            SessionId = options.SessionId,
            EngineNonce = RandomNumberGenerator.GetBytes(32),
            Time = now,
            EngineEphemeral = _ephemeral.PublicKey,
            Facts = options.Facts,
            ReportSeconds = settings.ReportSeconds,
            OutageSeconds = settings.OutageSeconds,
            WindowSegments = Math.Min(settings.WindowSegments, SessionSettings.MaxWindowSegments),
        };
        OfferFrame = _offer.Encode();
        _offerHash = SHA256.HashData(OfferFrame.Span);
    }

    public ReadOnlyMemory<byte> OfferFrame { get; }

    /// <summary>The keys and the presented profile, when the device proved itself; null, and why not, otherwise.</summary>
    public (SessionKeys Keys, MachineProfile Profile)? TakeAccept(Accept accept, ReadOnlySpan<byte> frame, out string problem)
    {
        byte[] transcript = Transcript.Encode(_offer, accept.GatewayNonce.Span, accept.GatewayEphemeral.Span, _options.DeviceKey.Span, accept.Profile.Span);
        if (!Es256.Verify(_options.DeviceKey.Span, SHA256.HashData(transcript), accept.Signature.Span))
        {
            problem = "The gateway did not prove that it holds the device key of its enrolment.";
            return null;
        }
        if (MachineProfile.TryDecode(accept.Profile, out string? unreadable) is not { } profile)
        {
            problem = $"The machine's profile cannot be read: {unreadable}.";
            return null;
        }
        if (!SessionKeys.TryDeriveAsEngine(_ephemeral, accept.GatewayEphemeral.Span, _options.DeviceKey.Span, transcript, accept.Profile.Span, out var keys))
        {
            problem = "The gateway's ephemeral key is no key.";
            return null;
        }
        if (!WireWriter.HasMac(frame, keys.Telemetry))
        {
            keys.Dispose();
            problem = "What the gateway said of its printer was altered on the way.";
            return null;
        }
        problem = "";
        return (keys, profile);
    }

    /// <summary>The frame that starts the session.</summary>
    public ReadOnlyMemory<byte> StartFrame(SessionKeys keys)
    {
        byte[] signature = new byte[Es256.SignatureSize];
        _options.TransportKey.Sign(keys.TranscriptHash, signature);
        return new Start(_options.SessionId, signature, _offerHash).Encode(keys.Control);
    }

    public bool IsRefusedBy(ReadOnlySpan<byte> frame) => Refuse.IsSigned(frame, _offerHash, _options.DeviceKey.Span);

    public void Dispose() => _ephemeral.Dispose();
}
