using System.Buffers;

namespace Touchmark.Cryptography;

/// <summary>
/// Reads a sealed blob at any place (<see cref="SealedBlob.OpenReader"/>). One chunk is open at a time, in locked memory. A damaged chunk throws
/// <see cref="InvalidDataException"/> and yields nothing of itself.
/// </summary>
public sealed class SealedBlobReadStream : Stream
{
    private readonly Stream _source;
    private readonly BlobCipher _cipher;
    private readonly bool _leaveOpen;
    private readonly long _chunks;
    private readonly LockedBuffer _plain;
    private readonly byte[] _sealed;
    private long _position;
    private long _open = -1;
    private bool _disposed;

    internal SealedBlobReadStream(Stream source, BlobCipher cipher, bool leaveOpen)
    {
        _source = source;
        _cipher = cipher;
        _leaveOpen = leaveOpen;

        long body = source.Length - SealedBlob.HeaderSize;
        _chunks = (body + SealedBlob.SealedChunkSize - 1) / SealedBlob.SealedChunkSize;
        Length = body - (_chunks * BlobCipher.TagSize);
        if (body < BlobCipher.TagSize || LengthOf(_chunks - 1) < (_chunks == 1 ? 0 : 1))
            throw new InvalidDataException("The sealed blob is cut off.");
        _plain = new(SealedBlob.ChunkSize);
        _sealed = ArrayPool<byte>.Shared.Rent(SealedBlob.SealedChunkSize);
        try
        {
            Open(_chunks - 1);
        }
        catch
        {
            Release();
            throw;
        }
    }

    public override bool CanRead => !_disposed;

    public override bool CanSeek => !_disposed;

    public override bool CanWrite => false;

    /// <summary>Length of the plaintext in bytes.</summary>
    public override long Length { get; }

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_position >= Length || buffer.IsEmpty)
            return 0;
        long chunk = _position / SealedBlob.ChunkSize;
        if (chunk != _open)
            Open(chunk);
        return Take(buffer);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_position >= Length || buffer.IsEmpty)
            return 0;
        long chunk = _position / SealedBlob.ChunkSize;
        if (chunk != _open)
        {
            _open = -1;
            Memory<byte> sealedChunk = Seek(chunk);
            await _source.ReadExactlyAsync(sealedChunk, cancellationToken);
            OpenRead(chunk, sealedChunk.Span);
        }
        return Take(buffer.Span);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => Length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            Release();
            _cipher.Dispose();
            if (!_leaveOpen)
                _source.Dispose();
        }
        base.Dispose(disposing);
    }

    private int LengthOf(long chunk) =>
        chunk < _chunks - 1 ? SealedBlob.ChunkSize : (int)(Length - (chunk * SealedBlob.ChunkSize));

    private void Open(long chunk)
    {
        _open = -1;
        Span<byte> sealedChunk = Seek(chunk).Span;
        _source.ReadExactly(sealedChunk);
        OpenRead(chunk, sealedChunk);
    }

    private Memory<byte> Seek(long chunk)
    {
        _source.Position = SealedBlob.HeaderSize + (chunk * SealedBlob.SealedChunkSize);
        return _sealed.AsMemory(0, LengthOf(chunk) + BlobCipher.TagSize);
    }

    private void OpenRead(long chunk, ReadOnlySpan<byte> sealedChunk)
    {
        if (!_cipher.TryOpen(chunk, last: chunk == _chunks - 1, sealedChunk, _plain.Span[..LengthOf(chunk)]))
        {
            throw new InvalidDataException(
                $"The sealed blob does not open at chunk {chunk} of {_chunks}: it was altered or cut off, or the key or the context is another.");
        }
        _open = chunk;
    }

    private int Take(Span<byte> buffer)
    {
        int at = (int)(_position % SealedBlob.ChunkSize);
        int n = Math.Min(buffer.Length, LengthOf(_open) - at);
        _plain.Span.Slice(at, n).CopyTo(buffer);
        _position += n;
        return n;
    }

    private void Release()
    {
        _plain.Dispose();
        ArrayPool<byte>.Shared.Return(_sealed);
    }
}
