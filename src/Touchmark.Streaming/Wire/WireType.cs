namespace Touchmark.Streaming.Wire;

/// <summary>First element of every frame. On the wire: frozen, a new message gets a new number.</summary>
public enum WireType
{
    None = 0,
    Challenge = 1,
    Hello = 2,
    Welcome = 3,
    Status = 4,
    BundleOrder = 5,
    BundleReport = 6,
    EndorsementOrder = 7,
    EndorsementReport = 8,
    VaultRefusal = 9,
    VaultNotice = 10,
    ReviewOrder = 11,
    ReviewReport = 12,
    Offer = 16,
    Accept = 17,
    Refuse = 18,
    Start = 19,
    Segment = 20,
    Telemetry = 21,
    Verified = 22,
    Halt = 23,
    Purge = 24,
    Finish = 25,
    Ended = 26,
    Alive = 27,
    Resume = 28,
    Resumed = 29,
    Hold = 30,
    Held = 31,
}

/// <summary>Bounds of a frame, and what can be told from it without decoding it.</summary>
public static class WireFrame
{
    /// <summary>Longest frame of any type, bytes: a socket need not read more.</summary>
    public const int MaxBytes = 32 * 1024;

    /// <summary>The type of <paramref name="frame"/>, and the session that it belongs to (empty for the messages of a connection); None for anything that is not a frame of ours.</summary>
    public static WireType Peek(ReadOnlySpan<byte> frame, out Guid sessionId)
    {
        sessionId = Guid.Empty;
        if (frame.Length is 0 or > MaxBytes)
        {
            return WireType.None;
        }
        var reader = new WireReader(frame);
        reader.ArrayUpTo(16);
        var type = (WireType)reader.Unsigned((ulong)WireType.Held);
        if (reader.Failed || !Enum.IsDefined(type))
        {
            return WireType.None;
        }
        if (type >= WireType.Offer)
        {
            sessionId = reader.Id();
        }
        return reader.Failed ? WireType.None : type;
    }
}
