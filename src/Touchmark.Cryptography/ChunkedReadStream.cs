using System.Buffers;

namespace Touchmark.Cryptography;

/// <summary>
/// Reads an encrypted file at any place, one chunk at a time: the file holds chunk after chunk, each is checked and decrypted when it is needed, and only the last one used is in clear, in
/// locked memory that is wiped with the stream. A chunk that is damaged throws <see cref="InvalidDataException"/> and yields nothing of itself. Not for several threads at once.
/// </summary>
public abstract class ChunkedReadStream : Stream
{
    private readonly Stream _source;
    private readonly bool _leaveOpen;
    private readonly int _chunkSize;
    private readonly int _lead;
    private readonly LockedBuffer _plain;
    private readonly byte[] _raw;
    private long _length;
    private long _position;
    private long _open = -1;
    private bool _disposed;

    /// <param name="source">Where the chunks are read from.</param>
    /// <param name="rawChunkSize">Most bytes of a chunk in the source.</param>
    /// <param name="chunkSize">Bytes of a chunk in clear, the last one's excepted.</param>
    /// <param name="lead">Bytes at the start of the first chunk that are no part of the content.</param>
    /// <param name="leaveOpen">Whether the source outlives the stream.</param>
    private protected ChunkedReadStream(Stream source, int rawChunkSize, int chunkSize, int lead, bool leaveOpen)
    {
        _source = source;
        _chunkSize = chunkSize;
        _lead = lead;
        _leaveOpen = leaveOpen;
        _plain = new(chunkSize);
        _raw = ArrayPool<byte>.Shared.Rent(rawChunkSize);
    }

    public sealed override bool CanRead => !_disposed;

    public sealed override bool CanSeek => !_disposed;

    public sealed override bool CanWrite => false;

    /// <summary>Length of the plaintext in bytes.</summary>
    public sealed override long Length => _length;

    public sealed override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    public sealed override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_position >= Length || buffer.IsEmpty)
            return 0;
        (long chunk, int at) = Locate(_position);
        if (chunk != _open)
            Open(chunk);
        return Take(chunk, at, buffer);
    }

    public sealed override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_position >= Length || buffer.IsEmpty)
            return 0;
        (long chunk, int at) = Locate(_position);
        if (chunk != _open)
        {
            Memory<byte> raw = Seek(chunk);
            int read = await _source.ReadAtLeastAsync(raw, raw.Length, throwOnEndOfStream: false, cancellationToken);
            Open(chunk, raw.Span, read);
        }
        return Take(chunk, at, buffer.Span);
    }

    public sealed override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public sealed override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public sealed override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => Length + offset,
    };

    public sealed override void Flush()
    {
    }

    public sealed override void SetLength(long value) => throw new NotSupportedException();

    public sealed override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Where a chunk is in the source, and how many bytes it has there.</summary>
    private protected abstract (long At, int Length) Place(long chunk);

    /// <summary>Decrypts a chunk to the beginning of <paramref name="plain"/>, which has the room of a whole one; false when it is not what it should be.</summary>
    private protected abstract bool TryOpen(long chunk, ReadOnlySpan<byte> raw, Span<byte> plain);

    private protected abstract InvalidDataException Damaged(long chunk);

    /// <summary>The keys: what a stream holds beside its buffers.</summary>
    private protected abstract void DisposeKeys();

    /// <summary>Says how long the content is. Chunks before its end can be opened from then on.</summary>
    private protected void SetContentLength(long length) => _length = length;

    /// <summary>Opens the chunk that holds the content's byte at <paramref name="position"/>, and tells its bytes from there on.</summary>
    private protected ReadOnlySpan<byte> OpenAt(long position)
    {
        (long chunk, int at) = Locate(position);
        Open(chunk);
        return _plain.Span[at..LengthOf(chunk)];
    }

    protected sealed override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            Release();
            if (!_leaveOpen)
                _source.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>Gives back everything but the source, which stays its owner's when opening failed.</summary>
    private protected void Release()
    {
        _disposed = true;
        _plain.Dispose();
        ArrayPool<byte>.Shared.Return(_raw);
        DisposeKeys();
    }

    private (long Chunk, int At) Locate(long position) => (Math.DivRem(position + _lead, _chunkSize, out long at), (int)at);

    private int LengthOf(long chunk) => (int)Math.Min(_chunkSize, Length + _lead - (chunk * _chunkSize));

    private void Open(long chunk)
    {
        Memory<byte> raw = Seek(chunk);
        Open(chunk, raw.Span, _source.ReadAtLeast(raw.Span, raw.Length, throwOnEndOfStream: false));
    }

    private Memory<byte> Seek(long chunk)
    {
        _open = -1;
        (_source.Position, int length) = Place(chunk);
        return _raw.AsMemory(0, length);
    }

    private void Open(long chunk, ReadOnlySpan<byte> raw, int read)
    {
        if (read < raw.Length || !TryOpen(chunk, raw, _plain.Span))
            throw Damaged(chunk);
        _open = chunk;
    }

    private int Take(long chunk, int at, Span<byte> buffer)
    {
        int n = Math.Min(buffer.Length, LengthOf(chunk) - at);
        _plain.Span.Slice(at, n).CopyTo(buffer);
        _position += n;
        return n;
    }
}
