using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>
/// Files at rest: AES-256-GCM in chunks of 64 KiB (a STREAM construction, spec/sealed-blob.md), so that any part can be read without the rest, and no chunk
/// can be altered, moved, taken from another blob or cut off unnoticed.
/// </summary>
public static class SealedBlob
{
    public const int KeySize = 32;

    /// <summary>Plaintext bytes of every chunk but the last.</summary>
    public const int ChunkSize = 64 * 1024;

    internal const int SaltSize = 32;
    internal const int HeaderSize = 8 + SaltSize;
    internal const int SealedChunkSize = ChunkSize + BlobCipher.TagSize;

    /// <summary>Bytes of the blob that holds <paramref name="plaintextBytes"/> bytes.</summary>
    public static long SizeOf(long plaintextBytes) =>
        HeaderSize + plaintextBytes + (Math.Max(1, (plaintextBytes + ChunkSize - 1) / ChunkSize) * BlobCipher.TagSize);

    /// <summary>
    /// Starts a blob on <paramref name="destination"/>. The blob is whole only after <see cref="ChunkedWriteStream.Complete"/>; one that was merely disposed
    /// does not open, so that an interrupted write cannot pass for a short file.
    /// </summary>
    /// <param name="destination">Written from its present position; disposed with the writer unless <paramref name="leaveOpen"/>.</param>
    /// <param name="key">32 bytes. One key may seal any number of blobs: each draws a salt and derives a key of its own.</param>
    /// <param name="context">What the blob is, for example its id and role; it opens under the same context only, so that blobs cannot be exchanged.</param>
    /// <param name="leaveOpen">Whether the destination outlives the writer.</param>
    public static SealedBlobWriteStream CreateWriter(Stream destination, ReadOnlySpan<byte> key, ReadOnlySpan<byte> context, bool leaveOpen = false)
    {
        Span<byte> salt = stackalloc byte[SaltSize];
        RandomNumberGenerator.Fill(salt);
        return CreateWriter(destination, key, context, salt, leaveOpen);
    }

    /// <summary>Opens a blob for reading at any place. Its last chunk is checked at once, which proves that the blob is whole and how long it is.</summary>
    /// <param name="source">A seekable stream that holds the blob from its beginning to its end; disposed with the reader unless <paramref
    /// name="leaveOpen"/>.</param>
    /// <param name="key">The 32 bytes that it was sealed with.</param>
    /// <param name="context">The context that it was sealed with.</param>
    /// <param name="leaveOpen">Whether the source outlives the reader.</param>
    /// <exception cref="InvalidDataException">Not a blob, cut off, altered, or of another key or context.</exception>
    public static SealedBlobReadStream OpenReader(Stream source, ReadOnlySpan<byte> key, ReadOnlySpan<byte> context, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(source);
        return OpenReader(source, 0, source.Length, key, context, leaveOpen);
    }

    /// <summary>Opens a blob that is a part of a file.</summary>
    /// <param name="source">A seekable stream; disposed with the reader unless <paramref name="leaveOpen"/>.</param>
    /// <param name="start">Where the blob begins in it.</param>
    /// <param name="length">Bytes of the blob.</param>
    /// <param name="key">The 32 bytes that it was sealed with.</param>
    /// <param name="context">The context that it was sealed with.</param>
    /// <param name="leaveOpen">Whether the source outlives the reader.</param>
    /// <exception cref="InvalidDataException">Not a blob, cut off, altered, or of another key or context.</exception>
    public static SealedBlobReadStream OpenReader(Stream source, long start, long length, ReadOnlySpan<byte> key, ReadOnlySpan<byte> context, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(source);
        var header = new byte[HeaderSize];
        source.Position = start;
        if (source.ReadAtLeast(header, HeaderSize, throwOnEndOfStream: false) < HeaderSize || !BlobCipher.IsMagic(header))
            throw new InvalidDataException("This is not a sealed blob of version 1: its header is missing.");
        return new SealedBlobReadStream(source, start, length, new BlobCipher(header, key, context), leaveOpen);
    }

    internal static SealedBlobWriteStream CreateWriter(
        Stream destination, ReadOnlySpan<byte> key, ReadOnlySpan<byte> context, ReadOnlySpan<byte> salt, bool leaveOpen)
    {
        ArgumentNullException.ThrowIfNull(destination);
        byte[] header = BlobCipher.MakeHeader(salt);
        return new SealedBlobWriteStream(destination, new BlobCipher(header, key, context), header, leaveOpen);
    }
}

/// <summary>Seals and opens single chunks of one blob.</summary>
internal sealed class BlobCipher : IDisposable
{
    internal const int TagSize = 16;
    private const int NonceSize = 12;

    private readonly AesGcm _cipher;
    private readonly byte[] _header;

    internal BlobCipher(byte[] header, ReadOnlySpan<byte> key, ReadOnlySpan<byte> context)
    {
        if (key.Length != SealedBlob.KeySize)
            throw new ArgumentException($"Must be {SealedBlob.KeySize} bytes, is {key.Length}.", nameof(key));
        _header = header;
        ReadOnlySpan<byte> label = "touchmark sealed-blob v1"u8;
        Span<byte> info = stackalloc byte[label.Length + SHA256.HashSizeInBytes];
        label.CopyTo(info);
        SHA256.HashData(context, info[label.Length..]);
        using var blobKey = new LockedBuffer(SealedBlob.KeySize);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, blobKey.Span, header.AsSpan(8), info);
        _cipher = new AesGcm(blobKey.Span, TagSize);
    }

    private static ReadOnlySpan<byte> Magic => "tm-blob1"u8;

    internal static byte[] MakeHeader(ReadOnlySpan<byte> salt) => [.. Magic, .. salt];

    internal static bool IsMagic(ReadOnlySpan<byte> header) => header.StartsWith(Magic);

    internal void Seal(long chunk, bool last, ReadOnlySpan<byte> plaintext, Span<byte> sealedChunk)
    {
        Span<byte> nonce = stackalloc byte[NonceSize];
        WriteNonce(nonce, chunk, last);
        _cipher.Encrypt(nonce, plaintext, sealedChunk[..plaintext.Length], sealedChunk.Slice(plaintext.Length, TagSize), _header);
    }

    /// <summary>False, and <paramref name="plaintext"/> zeroed, when the chunk is not what was sealed in this place.</summary>
    internal bool TryOpen(long chunk, bool last, ReadOnlySpan<byte> sealedChunk, Span<byte> plaintext)
    {
        Span<byte> nonce = stackalloc byte[NonceSize];
        WriteNonce(nonce, chunk, last);
        try
        {
            _cipher.Decrypt(nonce, sealedChunk[..^TagSize], sealedChunk[^TagSize..], plaintext, _header);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            CryptographicOperations.ZeroMemory(plaintext);
            return false;
        }
    }

    public void Dispose() => _cipher.Dispose();

    private static void WriteNonce(Span<byte> nonce, long chunk, bool last)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt64BigEndian(nonce[3..], chunk);
        nonce[11] = last ? (byte)1 : (byte)0;
    }
}
