using System.Security.Cryptography;
using Touchmark.Cryptography;

namespace Touchmark.Streaming.Wire;

/// <summary>Engine to gateway: one sealed segment. Its own tag authenticates it.</summary>
/// <param name="sessionId">The session.</param>
/// <param name="number">From 1, as in the chain.</param>
/// <param name="sealed">Ciphertext and tag.</param>
internal readonly ref struct SegmentMessage(Guid sessionId, ulong number, ReadOnlySpan<byte> @sealed)
{
    public Guid SessionId { get; } = sessionId;

    public ulong Number { get; } = number;

    public ReadOnlySpan<byte> Sealed { get; } = @sealed;

    /// <summary>Seals <paramref name="plaintext"/> as the next segment right into the frame.</summary>
    public static ReadOnlyMemory<byte> Seal(Guid sessionId, SegmentSealer sealer, ReadOnlySpan<byte> plaintext)
    {
        var writer = new WireWriter(plaintext.Length + SegmentSealer.Overhead + 40);
        writer.Array(4);
        writer.Unsigned((ulong)WireType.Segment);
        writer.Id(sessionId);
        writer.Unsigned(sealer.Count + 1);
        sealer.Seal(plaintext, writer.BytesToFill(plaintext.Length + SegmentSealer.Overhead));
        return writer.Frame;
    }

    public static bool TryDecode(ReadOnlySpan<byte> frame, out SegmentMessage message)
    {
        var reader = new WireReader(frame);
        reader.Array(4);
        reader.Type(WireType.Segment);
        message = new SegmentMessage(reader.Id(), reader.Unsigned(), reader.Bytes(SegmentSealer.Overhead + 1, SegmentSealer.Overhead + SegmentSealer.MaxPlaintext));
        return reader.IsComplete;
    }
}

/// <summary>Gateway to engine: what the printer reported. Under the telemetry key.</summary>
/// <param name="SessionId">The session.</param>
/// <param name="Counter">Larger than in every telemetry frame before.</param>
/// <param name="Answered">Segments from the first on that the printer has taken over (or that needed no answer).</param>
/// <param name="Samples">In the order of the printer's clock.</param>
internal sealed record Telemetry(Guid SessionId, ulong Counter, ulong Answered, IReadOnlyList<PrinterSample> Samples)
{
    /// <summary>Samples in one frame at most.</summary>
    public const int MaxSamples = 64;

    private const int SampleItems = 17;

    public ReadOnlyMemory<byte> Encode(LockedBuffer telemetryKey)
    {
        var writer = new WireWriter(96 + (Samples.Count * 72));
        writer.Array(6);
        writer.Unsigned((ulong)WireType.Telemetry);
        writer.Id(SessionId);
        writer.Unsigned(Counter);
        writer.Unsigned(Answered);
        writer.Array(Samples.Count);
        foreach (var sample in Samples)
        {
            Write(ref writer, sample);
        }
        writer.Mac(telemetryKey);
        return writer.Frame;
    }

    public static Telemetry? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(6);
        reader.Type(WireType.Telemetry);
        var sessionId = reader.Id();
        ulong counter = reader.Unsigned();
        ulong answered = reader.Unsigned();
        int count = reader.ArrayUpTo(MaxSamples);
        var samples = count == 0 ? [] : new PrinterSample[count];
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            samples[i] = Read(ref reader);
        }
        reader.Bytes(HMACSHA256.HashSizeInBytes);
        return reader.IsComplete ? new Telemetry(sessionId, counter, answered, samples) : null;
    }

    private static void Write(ref WireWriter writer, in PrinterSample sample)
    {
        writer.Array(SampleItems);
        writer.Signed(Units.Microseconds(sample.EventTime));
        writer.Signed(Units.Length(sample.X));
        writer.Signed(Units.Length(sample.Y));
        writer.Signed(Units.Length(sample.Z));
        writer.Signed(Units.Filament(sample.E));
        writer.Signed(Units.Length(sample.Velocity));
        writer.Signed(Units.Temperature(sample.NozzleC));
        writer.Signed(Units.Temperature(sample.NozzleTargetC));
        writer.Signed(Units.Temperature(sample.BedC));
        writer.Signed(Units.Temperature(sample.BedTargetC));
        writer.Signed(Units.Temperature(sample.ChamberC));
        writer.Signed(Units.Temperature(sample.ChamberTargetC));
        writer.Signed(Units.Thousandths(sample.FanSpeed));
        writer.Signed(Units.Thousandths(sample.SpeedFactor));
        writer.Signed(Units.Thousandths(sample.ExtrudeFactor));
        writer.Unsigned((ulong)sample.Homed);
        writer.Unsigned((ulong)sample.State);
    }

    private static PrinterSample Read(ref WireReader reader)
    {
        reader.Array(SampleItems);
        return new PrinterSample
        {
            EventTime = reader.Microseconds(),
            X = reader.Length(),
            Y = reader.Length(),
            Z = reader.Length(),
            E = reader.Filament(),
            Velocity = reader.Length(),
            NozzleC = reader.Temperature(),
            NozzleTargetC = reader.Temperature(),
            BedC = reader.Temperature(),
            BedTargetC = reader.Temperature(),
            ChamberC = reader.Temperature(),
            ChamberTargetC = reader.Temperature(),
            FanSpeed = reader.Thousandths(),
            SpeedFactor = reader.Thousandths(),
            ExtrudeFactor = reader.Thousandths(),
            Homed = (HomedAxes)reader.Choice((int)HomedAxes.All),
            State = (PrinterState)reader.Choice((int)PrinterState.Disconnected),
        };
    }
}

/// <summary>Engine to gateway: telemetry has confirmed the segments up to this one; they are wiped. Under the control key.</summary>
internal sealed record Verified(Guid SessionId, ulong Counter, ulong Through)
{
    public ReadOnlyMemory<byte> Encode(LockedBuffer controlKey)
    {
        var writer = new WireWriter(80);
        writer.Array(5);
        writer.Unsigned((ulong)WireType.Verified);
        writer.Id(SessionId);
        writer.Unsigned(Counter);
        writer.Unsigned(Through);
        writer.Mac(controlKey);
        return writer.Frame;
    }

    public static Verified? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(5);
        reader.Type(WireType.Verified);
        var message = new Verified(reader.Id(), reader.Unsigned(), reader.Unsigned());
        reader.Bytes(HMACSHA256.HashSizeInBytes);
        return reader.IsComplete ? message : null;
    }
}

/// <summary>Why the emergency path is taken. On the wire: frozen.</summary>
public enum HaltReason
{
    /// <summary>A person pressed the button.</summary>
    Operator = 0,

    /// <summary>Whoever runs the engine, or the engine itself, saw danger to the machine.</summary>
    Safety = 1,

    /// <summary>The owner of the design.</summary>
    DesignOwner = 2,

    /// <summary>The licence was revoked, and its policy is to stop at once.</summary>
    Revoked = 3,

    /// <summary>What telemetry reports is not what the segments must cause.</summary>
    ProxySuspected = 4,
}

/// <summary>Engine to gateway: emergency path now. Under the control key.</summary>
internal sealed record Halt(Guid SessionId, DateTimeOffset Time, HaltReason Reason, ReadOnlyMemory<byte> Nonce)
{
    public const int NonceSize = 16;

    public ReadOnlyMemory<byte> Encode(LockedBuffer controlKey)
    {
        var writer = new WireWriter(96);
        writer.Array(6);
        writer.Unsigned((ulong)WireType.Halt);
        writer.Id(SessionId);
        writer.Time(Time);
        writer.Unsigned((ulong)Reason);
        writer.Bytes(Nonce.Span);
        writer.Mac(controlKey);
        return writer.Frame;
    }

    public static Halt? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(6);
        reader.Type(WireType.Halt);
        var message = new Halt(reader.Id(), reader.Time(), (HaltReason)reader.Choice((int)HaltReason.ProxySuspected), reader.Copy(NonceSize));
        reader.Bytes(HMACSHA256.HashSizeInBytes);
        return reader.IsComplete ? message : null;
    }
}

/// <summary>Engine to gateway: the session is over for this reason; wipe and make the printer safe. Under the control key.</summary>
internal sealed record Purge(Guid SessionId, ulong Counter, EndReason Reason)
{
    public ReadOnlyMemory<byte> Encode(LockedBuffer controlKey)
    {
        var writer = new WireWriter(80);
        writer.Array(5);
        writer.Unsigned((ulong)WireType.Purge);
        writer.Id(SessionId);
        writer.Unsigned(Counter);
        writer.Unsigned((ulong)Reason);
        writer.Mac(controlKey);
        return writer.Frame;
    }

    public static Purge? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(5);
        reader.Type(WireType.Purge);
        var message = new Purge(reader.Id(), reader.Unsigned(), (EndReason)reader.Choice((int)EndReasons.Last));
        reader.Bytes(HMACSHA256.HashSizeInBytes);
        return reader.IsComplete ? message : null;
    }
}

/// <summary>Engine to gateway: all segments are confirmed; make the printer safe. Under the control key.</summary>
/// <param name="SessionId">The session.</param>
/// <param name="Counter">Of control messages.</param>
/// <param name="Segments">How many there were.</param>
/// <param name="ChainHead">32 bytes; must equal the gateway's own.</param>
internal sealed record Finish(Guid SessionId, ulong Counter, ulong Segments, ReadOnlyMemory<byte> ChainHead)
{
    public ReadOnlyMemory<byte> Encode(LockedBuffer controlKey)
    {
        var writer = new WireWriter(128);
        writer.Array(6);
        writer.Unsigned((ulong)WireType.Finish);
        writer.Id(SessionId);
        writer.Unsigned(Counter);
        writer.Unsigned(Segments);
        writer.Bytes(ChainHead.Span);
        writer.Mac(controlKey);
        return writer.Frame;
    }

    public static Finish? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(6);
        reader.Type(WireType.Finish);
        var message = new Finish(reader.Id(), reader.Unsigned(), reader.Unsigned(), reader.Copy(SHA256.HashSizeInBytes));
        reader.Bytes(HMACSHA256.HashSizeInBytes);
        return reader.IsComplete ? message : null;
    }
}

/// <summary>How far the gateway is with making the printer safe.</summary>
internal enum Safety
{
    UnderWay = 0,
    Done = 1,
    Failed = 2,
}

/// <summary>Gateway to engine: it has stopped for this reason and wiped everything. Sent when it stops and again, with what the certificate should say, when the printer is safe. Under the telemetry key.</summary>
internal sealed record Ended(Guid SessionId, ulong Counter, EndReason Reason, string Text, Safety Safety, IReadOnlyList<PreflightWarning> Warnings)
{
    private const int MaxText = 512;

    public ReadOnlyMemory<byte> Encode(LockedBuffer telemetryKey)
    {
        var writer = new WireWriter(160);
        writer.Array(8);
        writer.Unsigned((ulong)WireType.Ended);
        writer.Id(SessionId);
        writer.Unsigned(Counter);
        writer.Unsigned((ulong)Reason);
        writer.Text(Units.Cut(Text, MaxText));
        writer.Unsigned((ulong)Safety);
        Wire.Warnings.Write(ref writer, Warnings);
        writer.Mac(telemetryKey);
        return writer.Frame;
    }

    public static Ended? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(8);
        reader.Type(WireType.Ended);
        var message = new Ended(reader.Id(), reader.Unsigned(), (EndReason)reader.Choice((int)EndReasons.Last), reader.Text(MaxText), (Safety)reader.Choice((int)Safety.Failed),
            Wire.Warnings.Read(ref reader));
        reader.Bytes(HMACSHA256.HashSizeInBytes);
        return reader.IsComplete ? message : null;
    }
}

/// <summary>Engine to gateway: still here. Under the control key.</summary>
internal sealed record Alive(Guid SessionId, ulong Counter)
{
    public ReadOnlyMemory<byte> Encode(LockedBuffer controlKey)
    {
        var writer = new WireWriter(80);
        writer.Array(4);
        writer.Unsigned((ulong)WireType.Alive);
        writer.Id(SessionId);
        writer.Unsigned(Counter);
        writer.Mac(controlKey);
        return writer.Frame;
    }

    public static Alive? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(4);
        reader.Type(WireType.Alive);
        var message = new Alive(reader.Id(), reader.Unsigned());
        reader.Bytes(HMACSHA256.HashSizeInBytes);
        return reader.IsComplete ? message : null;
    }
}
