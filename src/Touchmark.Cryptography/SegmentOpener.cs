using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>
/// Opens segments in order, straight into locked memory (the gateway's half of spec/segment.md). A segment that was altered, dropped, replayed or moved, or
/// that was made for another machine or session, fails here; after the first failure nothing opens any more. Not for use by two threads at once; allocates
/// nothing per segment.
/// </summary>
public sealed class SegmentOpener : IDisposable
{
    private readonly SegmentChain _chain;

    /// <param name="keys">The session's keys; what is needed of them is copied into locked memory.</param>
    /// <param name="sessionId">16 bytes.</param>
    public SegmentOpener(SessionKeys keys, ReadOnlySpan<byte> sessionId)
    {
        ArgumentNullException.ThrowIfNull(keys);
        _chain = new(keys, sessionId);
    }

    /// <summary>Goes on in a new epoch: the next segment is number <paramref name="count"/> + 1.</summary>
    /// <param name="keys">The epoch's keys; copied into locked memory.</param>
    /// <param name="sessionId">16 bytes.</param>
    /// <param name="count">Segments that were opened before.</param>
    /// <param name="head">The chain head behind them, 32 bytes.</param>
    public SegmentOpener(EpochKeys keys, ReadOnlySpan<byte> sessionId, ulong count, ReadOnlySpan<byte> head)
    {
        ArgumentNullException.ThrowIfNull(keys);
        _chain = new(keys, sessionId, count, head);
    }

    /// <summary>How many segments were opened, which is also the number of the last one.</summary>
    public ulong Count => _chain.Count;

    /// <summary>c_Count, 32 bytes: equal on both sides when both saw the same segments.</summary>
    public ReadOnlySpan<byte> ChainHead => _chain.Head;

    /// <summary>The 12-byte IV of the last segment.</summary>
    public ReadOnlySpan<byte> LastIv => _chain.Iv;

    /// <summary>True once a segment failed: the session is over.</summary>
    public bool IsPoisoned { get; private set; }

    /// <summary>
    /// Opens the next segment into the first <paramref name="length"/> bytes of <paramref name="destination"/>, which must have room for it
    /// (<see cref="SegmentSealer.MaxPlaintext"/> always suffices). False when it does not belong here; <paramref name="destination"/> is then wiped.
    /// </summary>
    public bool TryOpen(ReadOnlySpan<byte> sealedSegment, LockedBuffer destination, out int length)
    {
        ArgumentNullException.ThrowIfNull(destination);
        length = sealedSegment.Length - SegmentSealer.Overhead;
        if (IsPoisoned || length is <= 0 or > SegmentSealer.MaxPlaintext)
            return Poison(destination, out length);
        if (destination.Length < length)
            throw new ArgumentException($"A segment of {length} bytes does not fit into {destination.Length}.", nameof(destination));

        Span<byte> associatedData = stackalloc byte[SegmentChain.AssociatedDataSize];
        _chain.Prepare(associatedData);
        ReadOnlySpan<byte> tag = sealedSegment[length..];
        try
        {
            _chain.Cipher.Decrypt(_chain.Iv, sealedSegment[..length], tag, destination.Span[..length], associatedData);
        }
        catch (AuthenticationTagMismatchException)
        {
            return Poison(destination, out length);
        }
        _chain.Advance(tag);
        return true;
    }

    public void Dispose() => _chain.Dispose();

    private bool Poison(LockedBuffer destination, out int length)
    {
        IsPoisoned = true;
        destination.Wipe();
        length = 0;
        return false;
    }
}
