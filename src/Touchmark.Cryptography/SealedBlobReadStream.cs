namespace Touchmark.Cryptography;

/// <summary>Reads a sealed blob at any place (<see cref="SealedBlob.OpenReader(Stream, ReadOnlySpan{byte}, ReadOnlySpan{byte}, bool)"/>).</summary>
public sealed class SealedBlobReadStream : ChunkedReadStream
{
    private readonly BlobCipher _cipher;
    private readonly long _start;
    private readonly long _chunks;
    private readonly int _lastChunkSize;

    /// <param name="source">Holds the blob from <paramref name="start"/> on.</param>
    /// <param name="start">Where its header begins.</param>
    /// <param name="length">Bytes of the blob, header included.</param>
    /// <param name="cipher">Disposed with the stream.</param>
    /// <param name="leaveOpen">Whether the source outlives the stream.</param>
    internal SealedBlobReadStream(Stream source, long start, long length, BlobCipher cipher, bool leaveOpen)
        : base(source, SealedBlob.SealedChunkSize, SealedBlob.ChunkSize, lead: 0, leaveOpen)
    {
        _cipher = cipher;
        _start = start + SealedBlob.HeaderSize;
        long body = length - SealedBlob.HeaderSize;
        _chunks = (body + SealedBlob.SealedChunkSize - 1) / SealedBlob.SealedChunkSize;
        _lastChunkSize = (int)(body - ((_chunks - 1) * SealedBlob.SealedChunkSize));
        try
        {
            if (_chunks == 0 || _lastChunkSize < BlobCipher.TagSize + (_chunks == 1 ? 0 : 1))
                throw new InvalidDataException("The sealed blob is cut off.");
            SetContentLength(body - (_chunks * BlobCipher.TagSize));
            OpenAt((_chunks - 1) * SealedBlob.ChunkSize);
        }
        catch
        {
            Release();
            throw;
        }
    }

    private protected override (long At, int Length) Place(long chunk) =>
        (_start + (chunk * SealedBlob.SealedChunkSize), chunk == _chunks - 1 ? _lastChunkSize : SealedBlob.SealedChunkSize);

    private protected override bool TryOpen(long chunk, ReadOnlySpan<byte> raw, Span<byte> plain) => _cipher.TryOpen(chunk, last: chunk == _chunks - 1, raw, plain[..(raw.Length - BlobCipher.TagSize)]);

    private protected override InvalidDataException Damaged(long chunk) =>
        new($"The sealed blob does not open at chunk {chunk} of {_chunks}: it was altered or cut off, or the key or the context is another.");

    private protected override void DisposeKeys() => _cipher.Dispose();
}
