using Touchmark.Cryptography;

namespace Touchmark.Streaming.Wire;

/// <summary>Engine to gateway: opens a connection.</summary>
/// <param name="Version">Of the protocol; 1.</param>
/// <param name="Channel">What the connection is for, for example <c>gateway</c>: both sides sign it, so a signature made here is of no use elsewhere.</param>
/// <param name="EngineNonce">32 fresh bytes.</param>
internal sealed record Challenge(ulong Version, string Channel, ReadOnlyMemory<byte> EngineNonce)
{
    public ReadOnlyMemory<byte> Encode()
    {
        var writer = new WireWriter(128);
        writer.Array(4);
        writer.Unsigned((ulong)WireType.Challenge);
        writer.Unsigned(Version);
        writer.Text(Channel);
        writer.Bytes(EngineNonce.Span);
        return writer.Frame;
    }

    public static Challenge? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(4);
        reader.Type(WireType.Challenge);
        var message = new Challenge(reader.Unsigned(), reader.Text(64), reader.Copy(32));
        return reader.IsComplete ? message : null;
    }
}

/// <summary>Gateway to engine: who it is, and the proof that it holds the device key.</summary>
internal sealed record Hello(ulong Version, Guid PrinterId, ReadOnlyMemory<byte> GatewayNonce, string Software, ReadOnlyMemory<byte> Signature)
{
    public ReadOnlyMemory<byte> Encode()
    {
        var writer = new WireWriter(256);
        writer.Array(6);
        writer.Unsigned((ulong)WireType.Hello);
        writer.Unsigned(Version);
        writer.Id(PrinterId);
        writer.Bytes(GatewayNonce.Span);
        writer.Text(Software);
        writer.Bytes(Signature.Span);
        return writer.Frame;
    }

    public static Hello? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(6);
        reader.Type(WireType.Hello);
        var message = new Hello(reader.Unsigned(), reader.Id(), reader.Copy(32), reader.Text(64), reader.Copy(Es256.SignatureSize));
        return reader.IsComplete ? message : null;
    }
}

/// <summary>Engine to gateway: the proof that it holds the transport key that the gateway pinned.</summary>
internal sealed record Welcome(DateTimeOffset Time, ReadOnlyMemory<byte> Signature)
{
    public ReadOnlyMemory<byte> Encode()
    {
        var writer = new WireWriter(96);
        writer.Array(3);
        writer.Unsigned((ulong)WireType.Welcome);
        writer.Time(Time);
        writer.Bytes(Signature.Span);
        return writer.Frame;
    }

    public static Welcome? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(3);
        reader.Type(WireType.Welcome);
        var message = new Welcome(reader.Time(), reader.Copy(Es256.SignatureSize));
        return reader.IsComplete ? message : null;
    }
}

/// <summary>Gateway to engine while no session runs: how the printer is, for the portal. Nothing is decided on it.</summary>
/// <param name="Time">Gateway's clock.</param>
/// <param name="State">Klipper's state.</param>
/// <param name="Busy">Whether the printer runs a job that is not ours.</param>
/// <param name="NozzleC">°C.</param>
/// <param name="BedC">°C.</param>
/// <param name="Text">The printer's own words, at most 256 bytes of UTF-8.</param>
public sealed record PrinterStatus(DateTimeOffset Time, PrinterState State, bool Busy, double NozzleC, double BedC, string Text)
{
    private const int MaxText = 256;

    public ReadOnlyMemory<byte> Encode()
    {
        var writer = new WireWriter(64);
        writer.Array(7);
        writer.Unsigned((ulong)WireType.Status);
        writer.Time(Time);
        writer.Unsigned((ulong)State);
        writer.Boolean(Busy);
        writer.Signed(Units.Temperature(NozzleC));
        writer.Signed(Units.Temperature(BedC));
        writer.Text(Units.Cut(Text, MaxText));
        return writer.Frame;
    }

    /// <summary>Null for anything but a well-formed status frame.</summary>
    public static PrinterStatus? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(7);
        reader.Type(WireType.Status);
        var message = new PrinterStatus(reader.Time(), (PrinterState)reader.Choice((int)PrinterState.Disconnected), reader.Boolean(),
            reader.Temperature(), reader.Temperature(), reader.Text(MaxText));
        return reader.IsComplete ? message : null;
    }
}
