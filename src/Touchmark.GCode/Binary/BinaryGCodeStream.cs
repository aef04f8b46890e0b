namespace Touchmark.GCode.Binary;

/// <summary>A file of either kind read as text (<see cref="BinaryGCode.OpenText"/>): its first bytes decide.</summary>
internal sealed class BinaryGCodeStream(Stream source) : Stream
{
    /// <summary>Longest text, bytes: packed blocks of zeros are small.</summary>
    private const long MaxText = 4L << 30;

    private readonly byte[] _beginning = new byte[BinaryGCode.MagicSize];
    private int _begun;
    private BlockDecoder? _decoder;
    private bool _plain;
    private ReadOnlyMemory<byte> _text;
    private long _given;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    private Memory<byte> Room => _decoder?.Room ?? _beginning.AsMemory(_begun);

    public override int Read(Span<byte> buffer)
    {
        while (_text.IsEmpty && !buffer.IsEmpty)
        {
            if (_plain)
            {
                return source.Read(buffer);
            }

            if (!Take(source.Read(Room.Span)))
            {
                return 0;
            }
        }

        return Give(buffer);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_text.IsEmpty && !buffer.IsEmpty)
        {
            if (_plain)
            {
                return await source.ReadAsync(buffer, cancellationToken);
            }

            if (!Take(await source.ReadAsync(Room, cancellationToken)))
            {
                return 0;
            }
        }

        return Give(buffer.Span);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Takes what was read into the room; false at the file's end.</summary>
    private bool Take(int read)
    {
        if (_decoder is null)
        {
            Begin(read);
        }
        else if (read == 0)
        {
            return _decoder.MayEnd ? false : throw new InvalidDataException("The binary G-code is cut off.");
        }
        else
        {
            _decoder.Advance(read);
            _text = _decoder.Text;
        }

        return true;
    }

    private void Begin(int read)
    {
        _begun += read;
        if (read > 0 && _begun < _beginning.Length)
        {
            return;
        }

        if (BinaryGCode.IsBinary(_beginning.AsSpan(0, _begun)))
        {
            _decoder = new BlockDecoder();
            _beginning.CopyTo(_decoder.Room);
            _decoder.Advance(_begun);
        }
        else
        {
            _plain = true;
            _text = _beginning.AsMemory(0, _begun);
        }
    }

    private int Give(Span<byte> buffer)
    {
        int bytes = Math.Min(buffer.Length, _text.Length);
        _text.Span[..bytes].CopyTo(buffer);
        _text = _text[bytes..];
        _given += bytes;
        return _given <= MaxText ? bytes : throw new InvalidDataException($"The binary G-code unpacks to more than {MaxText} bytes.");
    }
}
