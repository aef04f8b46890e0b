using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>
/// What sealing and opening have in common: the cipher, the counter and the chain value, which together fix IV and associated data of the next segment
/// (spec/segment.md). Both sides compute them; nothing but ciphertext and tag travels.
/// </summary>
internal sealed class SegmentChain : IDisposable
{
    internal const int SessionIdSize = 16;
    internal const int IvSize = 12;
    internal const int TagSize = 16;
    internal const int AssociatedDataSize = SessionIdSize + sizeof(ulong) + SHA256.HashSizeInBytes;

    private readonly LockedBuffer _chainKey;
    private readonly byte[] _sessionId;
    private readonly byte[] _head = new byte[SHA256.HashSizeInBytes];
    private readonly byte[] _iv = new byte[IvSize];

    internal SegmentChain(SessionKeys keys, ReadOnlySpan<byte> sessionId)
        : this(keys.Segment, keys.Chain, sessionId) =>
        HMACSHA256.HashData(_chainKey.Span, keys.TranscriptHash, _head);

    /// <summary>The chain of a later epoch: goes on behind segment <paramref name="count"/>, whose link was <paramref name="head"/> in the epoch before.</summary>
    internal SegmentChain(EpochKeys keys, ReadOnlySpan<byte> sessionId, ulong count, ReadOnlySpan<byte> head)
        : this(keys.Segment, keys.Chain, sessionId)
    {
        Span<byte> input = stackalloc byte[5 + sizeof(ulong) + SHA256.HashSizeInBytes];
        "epoch"u8.CopyTo(input);
        BinaryPrimitives.WriteUInt64BigEndian(input[5..], count);
        head.CopyTo(input[(5 + sizeof(ulong))..]);
        HMACSHA256.HashData(_chainKey.Span, input, _head);
        Count = count;
    }

    private SegmentChain(LockedBuffer segment, LockedBuffer chain, ReadOnlySpan<byte> sessionId)
    {
        if (sessionId.Length != SessionIdSize)
            throw new ArgumentException($"Must be {SessionIdSize} bytes, is {sessionId.Length}.", nameof(sessionId));
        _sessionId = sessionId.ToArray();
        // A copy, so that a session's keys and its cipher may be disposed in any order.
        _chainKey = LockedBuffer.CopyOf(chain.Span);
        Cipher = new AesGcm(segment.Span, TagSize);
    }

    internal AesGcm Cipher { get; }

    /// <summary>Number of the last segment that went through; 0 before the first.</summary>
    internal ulong Count { get; private set; }

    /// <summary>c_Count: c_0 before the first segment.</summary>
    internal ReadOnlySpan<byte> Head => _head;

    /// <summary>IV of the segment that went through last, or that <see cref="Prepare"/> was called for.</summary>
    internal ReadOnlySpan<byte> Iv => _iv;

    /// <summary>Computes IV and associated data of segment Count + 1.</summary>
    internal void Prepare(Span<byte> associatedData)
    {
        ComputeIv(_chainKey, Count + 1, _iv);
        _sessionId.CopyTo(associatedData);
        BinaryPrimitives.WriteUInt64BigEndian(associatedData[SessionIdSize..], Count + 1);
        _head.CopyTo(associatedData[(SessionIdSize + sizeof(ulong))..]);
    }

    internal static void ComputeIv(LockedBuffer chainKey, ulong number, Span<byte> iv)
    {
        Span<byte> input = stackalloc byte[2 + sizeof(ulong)];
        "iv"u8.CopyTo(input);
        BinaryPrimitives.WriteUInt64BigEndian(input[2..], number);
        Span<byte> mac = stackalloc byte[SHA256.HashSizeInBytes];
        HMACSHA256.HashData(chainKey.Span, input, mac);
        mac[..IvSize].CopyTo(iv);
    }

    /// <summary>Moves the chain on over the segment that was prepared.</summary>
    internal void Advance(ReadOnlySpan<byte> tag)
    {
        Span<byte> input = stackalloc byte[SHA256.HashSizeInBytes + sizeof(ulong) + IvSize + TagSize];
        _head.CopyTo(input);
        BinaryPrimitives.WriteUInt64BigEndian(input[32..], Count + 1);
        _iv.CopyTo(input[40..]);
        tag.CopyTo(input[52..]);
        HMACSHA256.HashData(_chainKey.Span, input, _head);
        Count++;
    }

    public void Dispose()
    {
        Cipher.Dispose();
        _chainKey.Dispose();
    }
}
