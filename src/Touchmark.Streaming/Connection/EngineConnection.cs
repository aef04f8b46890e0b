using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>
/// The engine's side of a gateway's connection: <see cref="ChallengeFrame"/> out, hello in, welcome out. Looking the printer up lies between
/// <see cref="TryReadHello"/> and <see cref="TryWelcome"/>, because it needs a database.
/// </summary>
public sealed class EngineConnection
{
    private readonly Challenge _challenge;
    private Hello? _hello;

    /// <param name="channel">What the connection is for; the gateway signs it.</param>
    public EngineConnection(string channel)
    {
        _challenge = new Challenge(ConnectionTranscript.Version, channel, RandomNumberGenerator.GetBytes(32));
        ChallengeFrame = _challenge.Encode();
    }

    /// <summary>The first frame on the connection.</summary>
    public ReadOnlyMemory<byte> ChallengeFrame { get; }

    /// <summary>The gateway's program and version as it says; nothing is decided on it.</summary>
    public string Software => GatewaySoftware.Read(_hello?.Software ?? "").Program;

    /// <summary>Whether the gateway says that it can hold a print (spec/session.md, Pauses).</summary>
    public bool KnowsHold => GatewaySoftware.Read(_hello?.Software ?? "").KnowsHold;

    /// <summary>Reads who the gateway says it is. False: not a hello, or another version, or the second one.</summary>
    public bool TryReadHello(ReadOnlySpan<byte> frame, out Guid printerId)
    {
        printerId = Guid.Empty;
        if (_hello is not null || frame.Length > WireFrame.MaxBytes || Hello.TryDecode(frame) is not { Version: ConnectionTranscript.Version } hello)
        {
            return false;
        }
        _hello = hello;
        printerId = hello.PrinterId;
        return true;
    }

    /// <summary>Checks that the gateway holds <paramref name="deviceKey"/> and makes the frame that proves this engine to it. False: it does not hold it.</summary>
    /// <param name="deviceKey">Of the printer that <see cref="TryReadHello"/> named, from its enrolment: 65 bytes.</param>
    /// <param name="transportKey">The engine's key that gateways pin.</param>
    /// <param name="now">Engine's clock.</param>
    /// <param name="welcome">The answer.</param>
    public bool TryWelcome(ReadOnlySpan<byte> deviceKey, ISigner transportKey, DateTimeOffset now, out ReadOnlyMemory<byte> welcome)
    {
        welcome = default;
        if (_hello is not { } hello)
        {
            return false;
        }
        var engineKey = transportKey.PublicKey.Span;
        byte[] signed = ConnectionTranscript.Encode("gateway", _challenge, hello.PrinterId, hello.GatewayNonce.Span, deviceKey, engineKey, DateTimeOffset.UnixEpoch);
        if (!Es256.Verify(deviceKey, signed, hello.Signature.Span))
        {
            return false;
        }
        byte[] signature = new byte[Es256.SignatureSize];
        transportKey.Sign(ConnectionTranscript.Encode("engine", _challenge, hello.PrinterId, hello.GatewayNonce.Span, deviceKey, engineKey, now), signature);
        welcome = new Welcome(now, signature).Encode();
        return true;
    }
}
