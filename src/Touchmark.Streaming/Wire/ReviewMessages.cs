namespace Touchmark.Streaming.Wire;

/// <summary>Engine to gateway: have the vault beside the printer enter what an auditor made of a finding in one of its bundles.</summary>
/// <param name="OrderId">What the answer names, as the others name a job.</param>
/// <param name="BundleId">The bundle.</param>
/// <param name="Signal">The signal's name, at most <see cref="MaxSignal"/> bytes.</param>
/// <param name="Accepts">Whether the finding is taken for right.</param>
/// <param name="Comment">Why, at most <see cref="MaxComment"/> bytes of UTF-8.</param>
/// <param name="Who">Who decided, and where they are signed in; at most <see cref="MaxWho"/> bytes of UTF-8.</param>
public sealed record ReviewOrder(Guid OrderId, Guid BundleId, string Signal, bool Accepts, string Comment, string Who)
{
    public const int MaxSignal = 64;
    public const int MaxComment = 4096;
    public const int MaxWho = 128;

    public ReadOnlyMemory<byte> Encode()
    {
        var writer = new WireWriter(256);
        writer.Array(7);
        writer.Unsigned((ulong)WireType.ReviewOrder);
        writer.Id(OrderId);
        writer.Id(BundleId);
        writer.Text(Units.Cut(Signal, MaxSignal));
        writer.Boolean(Accepts);
        writer.Text(Units.Cut(Comment, MaxComment));
        writer.Text(Units.Cut(Who, MaxWho));
        return writer.Frame;
    }

    public static ReviewOrder? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(7);
        reader.Type(WireType.ReviewOrder);
        var message = new ReviewOrder(reader.Id(), reader.Id(), reader.Text(MaxSignal), reader.Boolean(), reader.Text(MaxComment), reader.Text(MaxWho));
        return reader.IsComplete ? message : null;
    }
}

/// <summary>Gateway to engine: the decision that the vault signed and entered.</summary>
/// <param name="OrderId">Of the order.</param>
/// <param name="Statement">At most <see cref="BundleReport.MaxStatement"/> bytes.</param>
public sealed record ReviewReport(Guid OrderId, ReadOnlyMemory<byte> Statement)
{
    public ReadOnlyMemory<byte> Encode()
    {
        var writer = new WireWriter(Statement.Length + 32);
        writer.Array(3);
        writer.Unsigned((ulong)WireType.ReviewReport);
        writer.Id(OrderId);
        writer.Bytes(Statement.Span);
        return writer.Frame;
    }

    public static ReviewReport? TryDecode(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        reader.Array(3);
        reader.Type(WireType.ReviewReport);
        var message = new ReviewReport(reader.Id(), reader.Bytes(0, BundleReport.MaxStatement).ToArray());
        return reader.IsComplete ? message : null;
    }
}
