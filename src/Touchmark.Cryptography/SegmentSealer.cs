namespace Touchmark.Cryptography;

/// <summary>
/// Seals segments in order (the engine's half of spec/segment.md). A sealed segment is the ciphertext followed by the 16-byte tag. Segments count from 1: the
/// chain's c_0 stands before the first. Not for use by two threads at once; allocates nothing per segment.
/// </summary>
public sealed class SegmentSealer : IDisposable
{
    /// <summary>Longest plaintext of a segment, in bytes.</summary>
    public const int MaxPlaintext = 4096;

    /// <summary>Bytes that sealing adds.</summary>
    public const int Overhead = SegmentChain.TagSize;

    private readonly SegmentChain _chain;

    /// <param name="keys">The session's keys; what is needed of them is copied into locked memory.</param>
    /// <param name="sessionId">16 bytes.</param>
    public SegmentSealer(SessionKeys keys, ReadOnlySpan<byte> sessionId)
    {
        ArgumentNullException.ThrowIfNull(keys);
        _chain = new(keys, sessionId);
    }

    /// <summary>Goes on in a new epoch: the next segment is number <paramref name="count"/> + 1.</summary>
    /// <param name="keys">The epoch's keys; copied into locked memory.</param>
    /// <param name="sessionId">16 bytes.</param>
    /// <param name="count">Segments that the receiver opened before.</param>
    /// <param name="head">Its chain head behind them, 32 bytes.</param>
    public SegmentSealer(EpochKeys keys, ReadOnlySpan<byte> sessionId, ulong count, ReadOnlySpan<byte> head)
    {
        ArgumentNullException.ThrowIfNull(keys);
        _chain = new(keys, sessionId, count, head);
    }

    /// <summary>Length of an IV in bytes.</summary>
    public const int IvSize = SegmentChain.IvSize;

    /// <summary>The IV of any segment of the epoch with this chain key: it needs nothing but the number, so a list of IVs need not be kept.</summary>
    public static void ComputeIv(LockedBuffer chainKey, ulong number, Span<byte> iv)
    {
        ArgumentNullException.ThrowIfNull(chainKey);
        SegmentChain.ComputeIv(chainKey, number, iv);
    }

    /// <summary>How many segments were sealed, which is also the number of the last one.</summary>
    public ulong Count => _chain.Count;

    /// <summary>c_Count, 32 bytes: equal on both sides when both saw the same segments.</summary>
    public ReadOnlySpan<byte> ChainHead => _chain.Head;

    /// <summary>The 12-byte IV of the last segment, for the certificate.</summary>
    public ReadOnlySpan<byte> LastIv => _chain.Iv;

    /// <summary>
    /// Seals the next segment into <paramref name="sealedSegment"/>, which is <see cref="Overhead"/> bytes longer than the plaintext, and returns its
    /// number.
    /// </summary>
    public ulong Seal(ReadOnlySpan<byte> plaintext, Span<byte> sealedSegment)
    {
        if (plaintext.Length is 0 or > MaxPlaintext)
            throw new ArgumentException($"A segment holds 1 to {MaxPlaintext} bytes, this one {plaintext.Length}.", nameof(plaintext));
        if (sealedSegment.Length != plaintext.Length + Overhead)
            throw new ArgumentException($"Must be {plaintext.Length + Overhead} bytes, is {sealedSegment.Length}.", nameof(sealedSegment));

        Span<byte> associatedData = stackalloc byte[SegmentChain.AssociatedDataSize];
        _chain.Prepare(associatedData);
        Span<byte> tag = sealedSegment[plaintext.Length..];
        _chain.Cipher.Encrypt(_chain.Iv, plaintext, sealedSegment[..plaintext.Length], tag, associatedData);
        _chain.Advance(tag);
        return _chain.Count;
    }

    public void Dispose() => _chain.Dispose();
}
