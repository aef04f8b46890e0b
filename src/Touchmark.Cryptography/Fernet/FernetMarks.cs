using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>
/// The chunks of a token's file, and what checking them leaves behind for reading: of each its tag, under a key that only this object knows (AES-GMAC, the chunk's number as nonce), and its last
/// block of ciphertext, which the next chunk's first block needs. Bytes are counted from the IV on, which is where the first chunk begins.
/// </summary>
internal sealed class FernetMarks : IDisposable
{
    private const int TagSize = 16;
    private const int MarkSize = TagSize + Fernet.BlockSize;

    private readonly AesGcm _mac;
    private readonly long _characters;
    private readonly byte[] _marks;

    /// <param name="characters">Length of a file that has that of a token.</param>
    /// <param name="bytes">Bytes that they encode.</param>
    internal FernetMarks(long characters, long bytes)
    {
        _characters = characters;
        Bytes = bytes - Fernet.StartSize;
        Chunks = (Bytes + FernetFile.Chunk - 1) / FernetFile.Chunk;
        _marks = new byte[Chunks * MarkSize];
        using LockedBuffer key = LockedBuffer.Random(32);
        _mac = new AesGcm(key.Span, TagSize);
    }

    internal long Chunks { get; }

    /// <summary>IV, ciphertext and the token's HMAC.</summary>
    internal long Bytes { get; }

    /// <summary>Where the ciphertext ends.</summary>
    internal long SignedEnd => Bytes - Fernet.TagSize;

    /// <summary>Where a chunk is in the file.</summary>
    internal (long At, int Length) Place(long chunk)
    {
        long at = Fernet.StartText + (chunk * FernetFile.TextChunk);
        return (at, (int)Math.Min(FernetFile.TextChunk, _characters - at));
    }

    /// <summary>Decodes a chunk, and remembers it; false when it is not base64url.</summary>
    internal bool TryAdd(long chunk, ReadOnlySpan<byte> text, Span<byte> bytes)
    {
        if (!TryDecode(chunk, text, bytes))
            return false;
        Span<byte> mark = MarkOf(chunk);
        _mac.Encrypt(Nonce(chunk), [], [], mark[..TagSize], text);
        if (text.Length == FernetFile.TextChunk)
            bytes[(FernetFile.Chunk - Fernet.BlockSize)..FernetFile.Chunk].CopyTo(mark[TagSize..]);
        return true;
    }

    /// <summary>Decodes a chunk; false when it is not the one that was added.</summary>
    internal bool TryRead(long chunk, ReadOnlySpan<byte> text, Span<byte> bytes)
    {
        try
        {
            _mac.Decrypt(Nonce(chunk), [], MarkOf(chunk)[..TagSize], [], text);
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
        return TryDecode(chunk, text, bytes);
    }

    /// <summary>Bytes of a chunk.</summary>
    internal int SizeOf(long chunk) => (int)Math.Min(FernetFile.Chunk, Bytes - (chunk * FernetFile.Chunk));

    /// <summary>The block before the first one of a chunk, which is not the first chunk.</summary>
    internal ReadOnlySpan<byte> BlockBefore(long chunk) => MarkOf(chunk - 1)[TagSize..];

    public void Dispose() => _mac.Dispose();

    private bool TryDecode(long chunk, ReadOnlySpan<byte> text, Span<byte> bytes) =>
        StrictBase64Url.TryDecode(text, last: chunk == Chunks - 1, bytes, out int written) && written == SizeOf(chunk);

    private Span<byte> MarkOf(long chunk) => _marks.AsSpan((int)chunk * MarkSize, MarkSize);

    private static byte[] Nonce(long chunk)
    {
        var nonce = new byte[12];
        BinaryPrimitives.WriteInt64BigEndian(nonce, chunk);
        return nonce;
    }
}
