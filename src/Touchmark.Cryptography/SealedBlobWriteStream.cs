using System.Buffers;

namespace Touchmark.Cryptography;

/// <summary>
/// Writes a sealed blob (<see cref="SealedBlob.CreateWriter(Stream, ReadOnlySpan{byte}, ReadOnlySpan{byte}, bool)"/>). Call <see cref="Complete"/> when
/// all is written.
/// </summary>
public sealed class SealedBlobWriteStream : Stream
{
    private readonly Stream _destination;
    private readonly BlobCipher _cipher;
    private readonly bool _leaveOpen;
    private readonly LockedBuffer _plain = new(SealedBlob.ChunkSize);
    private readonly byte[] _sealed = ArrayPool<byte>.Shared.Rent(SealedBlob.SealedChunkSize);
    private ReadOnlyMemory<byte> _header;
    private int _pending;
    private long _chunk;
    private bool _completed;
    private bool _disposed;

    internal SealedBlobWriteStream(Stream destination, BlobCipher cipher, byte[] header, bool leaveOpen)
    {
        _destination = destination;
        _cipher = cipher;
        _header = header;
        _leaveOpen = leaveOpen;
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => !_completed && !_disposed;

    /// <summary>Plaintext bytes written so far.</summary>
    public override long Length => (_chunk * SealedBlob.ChunkSize) + _pending;

    public override long Position
    {
        get => Length;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        RequireOpen();
        while (!buffer.IsEmpty)
        {
            if (_pending == SealedBlob.ChunkSize)
                _destination.Write(SealChunk(last: false).Span);
            buffer = buffer[Take(buffer)..];
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        RequireOpen();
        while (!buffer.IsEmpty)
        {
            if (_pending == SealedBlob.ChunkSize)
                await _destination.WriteAsync(SealChunk(last: false), cancellationToken);
            buffer = buffer[Take(buffer.Span)..];
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Seals the last chunk and flushes the destination: the blob is whole.</summary>
    public void Complete()
    {
        RequireOpen();
        _destination.Write(SealChunk(last: true).Span);
        _destination.Flush();
    }

    /// <inheritdoc cref="Complete"/>
    public async Task CompleteAsync(CancellationToken cancellationToken = default)
    {
        RequireOpen();
        await _destination.WriteAsync(SealChunk(last: true), cancellationToken);
        await _destination.FlushAsync(cancellationToken);
    }

    /// <summary>Does nothing: a chunk is sealed when it is full or the last.</summary>
    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            _plain.Dispose();
            _cipher.Dispose();
            ArrayPool<byte>.Shared.Return(_sealed);
            if (!_leaveOpen)
                _destination.Dispose();
        }
        base.Dispose(disposing);
    }

    private int Take(ReadOnlySpan<byte> buffer)
    {
        int n = Math.Min(buffer.Length, SealedBlob.ChunkSize - _pending);
        buffer[..n].CopyTo(_plain.Span[_pending..]);
        _pending += n;
        return n;
    }

    /// <summary>Seals what is pending. The header goes out with the first chunk.</summary>
    private ReadOnlyMemory<byte> SealChunk(bool last)
    {
        // A chunk's number is used up even if writing it fails: no nonce is ever used for two contents.
        _completed = last;
        _cipher.Seal(_chunk++, last, _plain.Span[.._pending], _sealed);
        ReadOnlyMemory<byte> output = _sealed.AsMemory(0, _pending + BlobCipher.TagSize);
        _pending = 0;
        if (_header.IsEmpty)
            return output;
        output = (byte[])[.. _header.Span, .. output.Span];
        _header = default;
        return output;
    }

    private void RequireOpen()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_completed)
            throw new InvalidOperationException("The blob is complete.");
    }
}
