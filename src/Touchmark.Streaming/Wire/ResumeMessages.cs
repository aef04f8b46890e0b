using System.Security.Cryptography;
using Touchmark.Cryptography;

namespace Touchmark.Streaming.Wire;

/// <summary>Engine to gateway, first on a new connection while a session runs: go on with it. Under the control key.</summary>
/// <param name="SessionId">The session.</param>
/// <param name="Counter">Larger than in every control frame before.</param>
/// <param name="NewEpoch">Whether the engine lost its place (it was restarted) and segments go on under fresh keys.</param>
/// <param name="Nonce">32 fresh bytes: the answer repeats them, and they go into the fresh keys.</param>
internal sealed record Resume(Guid SessionId, ulong Counter, bool NewEpoch, ReadOnlyMemory<byte> Nonce)
{
    public const int NonceSize = 32;

    public ReadOnlyMemory<byte> Encode(LockedBuffer controlKey)
    {
        var writer = new WireWriter(112);
        writer.Array(6);
        writer.Unsigned((ulong)WireType.Resume);
        writer.Id(SessionId);
        writer.Unsigned(Counter);
        writer.Boolean(NewEpoch);
        writer.Bytes(Nonce.Span);
        writer.Mac(controlKey);
        return writer.Frame;
    }

    public static Resume? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(6);
        reader.Type(WireType.Resume);
        var message = new Resume(reader.Id(), reader.Unsigned(), reader.Boolean(), reader.Copy(NonceSize));
        reader.Bytes(HMACSHA256.HashSizeInBytes);
        return reader.IsComplete ? message : null;
    }
}

/// <summary>Gateway to engine: where the session stands on this side. Under the telemetry key.</summary>
/// <param name="SessionId">The session.</param>
/// <param name="Counter">Larger than in every telemetry frame before.</param>
/// <param name="EngineNonce">The resume's.</param>
/// <param name="GatewayNonce">32 fresh bytes, for the keys of a new epoch.</param>
/// <param name="Received">Segments from the first on that were opened.</param>
/// <param name="Answered">Segments from the first on that the printer has taken over.</param>
/// <param name="ChainHead">c of the last segment that was opened, 32 bytes.</param>
/// <param name="MachineId">Of the machine that is there now, read again: 32 bytes.</param>
/// <param name="Lift">By how much the head was raised behind the last segment, mm; 0 when it was not.</param>
/// <param name="LiftedAt">Printer clock when that was ordered, s.</param>
internal sealed record Resumed(
    Guid SessionId, ulong Counter, ReadOnlyMemory<byte> EngineNonce, ReadOnlyMemory<byte> GatewayNonce, ulong Received, ulong Answered, ReadOnlyMemory<byte> ChainHead,
    ReadOnlyMemory<byte> MachineId, double Lift, double LiftedAt)
{
    public ReadOnlyMemory<byte> Encode(LockedBuffer telemetryKey)
    {
        var writer = new WireWriter(256);
        writer.Array(12);
        writer.Unsigned((ulong)WireType.Resumed);
        writer.Id(SessionId);
        writer.Unsigned(Counter);
        writer.Bytes(EngineNonce.Span);
        writer.Bytes(GatewayNonce.Span);
        writer.Unsigned(Received);
        writer.Unsigned(Answered);
        writer.Bytes(ChainHead.Span);
        writer.Bytes(MachineId.Span);
        writer.Signed(Units.Length(Lift));
        writer.Signed(Units.Microseconds(LiftedAt));
        writer.Mac(telemetryKey);
        return writer.Frame;
    }

    public static Resumed? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(12);
        reader.Type(WireType.Resumed);
        var message = new Resumed(reader.Id(), reader.Unsigned(), reader.Copy(Resume.NonceSize), reader.Copy(Resume.NonceSize), reader.Unsigned(), reader.Unsigned(),
            reader.Copy(SHA256.HashSizeInBytes), reader.Copy(SHA256.HashSizeInBytes), reader.Length(), reader.Microseconds());
        reader.Bytes(HMACSHA256.HashSizeInBytes);
        return reader.IsComplete ? message : null;
    }
}
