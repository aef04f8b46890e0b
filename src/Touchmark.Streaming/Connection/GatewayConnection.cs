using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>The gateway's side of its connection to the engine: challenge in, hello out, welcome in.</summary>
/// <param name="printerId">From enrolment.</param>
/// <param name="device">The device key; stays its owner's.</param>
/// <param name="engineKey">The engine's transport key that was pinned at enrolment, 65 bytes.</param>
/// <param name="software">Program and version, for the portal.</param>
public sealed class GatewayConnection(Guid printerId, P256PrivateKey device, ReadOnlyMemory<byte> engineKey, string software)
{
    private readonly byte[] _nonce = RandomNumberGenerator.GetBytes(32);
    private Challenge? _challenge;

    /// <summary>Whether the engine has proved that it is the one of the enrolment: before that nothing else is to be believed.</summary>
    public bool IsEstablished { get; private set; }

    /// <summary>Answers the challenge. False: not a challenge for <paramref name="channel"/>, or another version, or the second one.</summary>
    public bool TryAnswer(ReadOnlySpan<byte> frame, string channel, out ReadOnlyMemory<byte> hello)
    {
        hello = default;
        if (_challenge is not null || frame.Length > WireFrame.MaxBytes || Challenge.TryDecode(frame) is not { Version: ConnectionTranscript.Version } challenge
            || !string.Equals(challenge.Channel, channel, StringComparison.Ordinal))
        {
            return false;
        }
        _challenge = challenge;
        byte[] signature = new byte[Es256.SignatureSize];
        Es256.Sign(device, Signed("gateway", DateTimeOffset.UnixEpoch), signature);
        hello = new Hello(ConnectionTranscript.Version, printerId, _nonce, GatewaySoftware.Write(software), signature).Encode();
        return true;
    }

    /// <summary>Checks the engine's proof. False: this is not the engine that the gateway was enrolled with, and the connection is to be closed.</summary>
    public bool TryFinish(ReadOnlySpan<byte> frame)
    {
        if (_challenge is null || IsEstablished || frame.Length > WireFrame.MaxBytes || Welcome.TryDecode(frame) is not { } welcome)
        {
            return false;
        }
        IsEstablished = Es256.Verify(engineKey.Span, Signed("engine", welcome.Time), welcome.Signature.Span);
        return IsEstablished;
    }

    private byte[] Signed(string role, DateTimeOffset time) =>
        ConnectionTranscript.Encode(role, _challenge!, printerId, _nonce, device.PublicKey.Span, engineKey.Span, time);
}
