namespace Touchmark.Cryptography;

/// <summary>
/// Writes an encrypted file chunk by chunk, in constant memory; what is not encrypted yet lies in locked memory. The file is whole only after <see cref="Complete"/>: one that was merely
/// disposed does not open, so that an interrupted write cannot pass for a short file.
/// </summary>
public abstract class ChunkedWriteStream : Stream
{
    private readonly Stream _destination;
    private readonly bool _leaveOpen;
    private readonly LockedBuffer _plain;
    private int _pending;
    private long _length;
    private bool _completed;
    private bool _disposed;

    /// <param name="destination">Written from its present position.</param>
    /// <param name="chunkSize">Bytes of a chunk in clear, the last one's excepted.</param>
    /// <param name="leaveOpen">Whether the destination outlives the stream.</param>
    private protected ChunkedWriteStream(Stream destination, int chunkSize, bool leaveOpen)
    {
        _destination = destination;
        _leaveOpen = leaveOpen;
        _plain = new(chunkSize);
    }

    public sealed override bool CanRead => false;

    public sealed override bool CanSeek => false;

    public sealed override bool CanWrite => !_completed && !_disposed;

    /// <summary>Plaintext bytes written so far.</summary>
    public sealed override long Length => _length;

    public sealed override long Position
    {
        get => _length;
        set => throw new NotSupportedException();
    }

    public sealed override void Write(ReadOnlySpan<byte> buffer)
    {
        RequireOpen();
        while (!buffer.IsEmpty)
        {
            if (_pending == _plain.Length)
                _destination.Write(SealPending(last: false).Span);
            buffer = buffer[Take(buffer)..];
        }
    }

    public sealed override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        RequireOpen();
        while (!buffer.IsEmpty)
        {
            if (_pending == _plain.Length)
                await _destination.WriteAsync(SealPending(last: false), cancellationToken);
            buffer = buffer[Take(buffer.Span)..];
        }
    }

    public sealed override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public sealed override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Encrypts the last chunk and flushes the destination: the file is whole.</summary>
    public void Complete()
    {
        RequireOpen();
        _destination.Write(SealPending(last: true).Span);
        _destination.Flush();
    }

    /// <inheritdoc cref="Complete"/>
    public async Task CompleteAsync(CancellationToken cancellationToken = default)
    {
        RequireOpen();
        await _destination.WriteAsync(SealPending(last: true), cancellationToken);
        await _destination.FlushAsync(cancellationToken);
    }

    /// <summary>Does nothing: a chunk is encrypted when it is full or the last.</summary>
    public sealed override void Flush()
    {
    }

    public sealed override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public sealed override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public sealed override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>The next bytes of the file: those of this chunk, which is encrypted once and never again.</summary>
    private protected abstract ReadOnlyMemory<byte> Seal(ReadOnlySpan<byte> plain, bool last);

    /// <summary>Keys and buffers.</summary>
    private protected abstract void DisposeKeys();

    protected sealed override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            _plain.Dispose();
            DisposeKeys();
            if (!_leaveOpen)
                _destination.Dispose();
        }
        base.Dispose(disposing);
    }

    private int Take(ReadOnlySpan<byte> buffer)
    {
        int n = Math.Min(buffer.Length, _plain.Length - _pending);
        buffer[..n].CopyTo(_plain.Span[_pending..]);
        _pending += n;
        _length += n;
        return n;
    }

    private ReadOnlyMemory<byte> SealPending(bool last)
    {
        _completed = last;
        int length = _pending;
        _pending = 0;
        return Seal(_plain.Span[..length], last);
    }

    private void RequireOpen()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_completed)
            throw new InvalidOperationException("The file is complete.");
    }
}
