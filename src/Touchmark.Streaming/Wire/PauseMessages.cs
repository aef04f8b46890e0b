using System.Security.Cryptography;
using Touchmark.Cryptography;

namespace Touchmark.Streaming.Wire;

/// <summary>Engine to gateway: nothing more is sent until further notice, raise the head when the printer has taken everything over; or: it goes on. Under the control key.</summary>
/// <param name="SessionId">The session.</param>
/// <param name="Counter">Larger than in every control frame before; names the order.</param>
/// <param name="IsOn">Whether it begins or ends.</param>
internal sealed record Hold(Guid SessionId, ulong Counter, bool IsOn)
{
    public ReadOnlyMemory<byte> Encode(LockedBuffer controlKey)
    {
        var writer = new WireWriter(80);
        writer.Array(5);
        writer.Unsigned((ulong)WireType.Hold);
        writer.Id(SessionId);
        writer.Unsigned(Counter);
        writer.Boolean(IsOn);
        writer.Mac(controlKey);
        return writer.Frame;
    }

    public static Hold? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(5);
        reader.Type(WireType.Hold);
        var message = new Hold(reader.Id(), reader.Unsigned(), reader.Boolean());
        reader.Bytes(HMACSHA256.HashSizeInBytes);
        return reader.IsComplete ? message : null;
    }
}

/// <summary>Gateway to engine: the printer has taken over everything, and the head is being raised or stays where it is. Before any telemetry of the raised head; under the telemetry key.</summary>
/// <param name="SessionId">The session.</param>
/// <param name="Counter">Larger than in every telemetry frame before.</param>
/// <param name="Order">Counter of the hold that this answers.</param>
/// <param name="Received">Segments from the first on that were opened; all of them are taken over.</param>
/// <param name="Lift">By how much the head is raised behind the last of them, mm; 0 when it is not.</param>
/// <param name="LiftedAt">Printer clock when that was ordered, s.</param>
internal sealed record Held(Guid SessionId, ulong Counter, ulong Order, ulong Received, double Lift, double LiftedAt)
{
    public ReadOnlyMemory<byte> Encode(LockedBuffer telemetryKey)
    {
        var writer = new WireWriter(112);
        writer.Array(8);
        writer.Unsigned((ulong)WireType.Held);
        writer.Id(SessionId);
        writer.Unsigned(Counter);
        writer.Unsigned(Order);
        writer.Unsigned(Received);
        writer.Signed(Units.Length(Lift));
        writer.Signed(Units.Microseconds(LiftedAt));
        writer.Mac(telemetryKey);
        return writer.Frame;
    }

    public static Held? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(8);
        reader.Type(WireType.Held);
        var message = new Held(reader.Id(), reader.Unsigned(), reader.Unsigned(), reader.Unsigned(), reader.Length(), reader.Microseconds());
        reader.Bytes(HMACSHA256.HashSizeInBytes);
        return reader.IsComplete ? message : null;
    }
}
