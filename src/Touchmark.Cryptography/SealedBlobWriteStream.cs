using System.Buffers;

namespace Touchmark.Cryptography;

/// <summary>
/// Writes a sealed blob (<see cref="SealedBlob.CreateWriter(Stream, ReadOnlySpan{byte}, ReadOnlySpan{byte}, bool)"/>). Call <see cref="ChunkedWriteStream.Complete"/> when
/// all is written.
/// </summary>
public sealed class SealedBlobWriteStream : ChunkedWriteStream
{
    private readonly BlobCipher _cipher;
    private readonly byte[] _sealed = ArrayPool<byte>.Shared.Rent(SealedBlob.SealedChunkSize);
    private ReadOnlyMemory<byte> _header;
    private long _chunk;

    internal SealedBlobWriteStream(Stream destination, BlobCipher cipher, byte[] header, bool leaveOpen)
        : base(destination, SealedBlob.ChunkSize, leaveOpen)
    {
        _cipher = cipher;
        _header = header;
    }

    /// <summary>Seals a chunk. The header goes out with the first.</summary>
    private protected override ReadOnlyMemory<byte> Seal(ReadOnlySpan<byte> plain, bool last)
    {
        // A chunk's number is used up even if writing it fails: no nonce is ever used for two contents.
        _cipher.Seal(_chunk++, last, plain, _sealed);
        ReadOnlyMemory<byte> output = _sealed.AsMemory(0, plain.Length + BlobCipher.TagSize);
        if (_header.IsEmpty)
            return output;
        output = (byte[])[.. _header.Span, .. output.Span];
        _header = default;
        return output;
    }

    private protected override void DisposeKeys()
    {
        _cipher.Dispose();
        ArrayPool<byte>.Shared.Return(_sealed);
    }
}
