using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;

namespace Touchmark.Streaming.Wire;

/// <summary>Writes what <see cref="WireReader"/> reads: one deterministic CBOR array, growing a buffer that becomes the frame.</summary>
internal ref struct WireWriter(int capacity)
{
    /// <summary>A byte string head and 32 bytes: the last element of an authenticated frame.</summary>
    public const int MacSize = 2 + HMACSHA256.HashSizeInBytes;

    private byte[] _buffer = new byte[capacity];
    private int _length;

    public readonly ReadOnlyMemory<byte> Frame => _buffer.AsMemory(0, _length);

    public readonly ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public void Array(int count) => Head(4, (ulong)count);

    public void Unsigned(ulong value) => Head(0, value);

    public void Signed(long value)
    {
        if (value < 0)
        {
            Head(1, (ulong)(-1 - value));
        }
        else
        {
            Head(0, (ulong)value);
        }
    }

    public void Boolean(bool value) => Head(0, value ? 1UL : 0UL);

    public void Bytes(scoped ReadOnlySpan<byte> value) => value.CopyTo(BytesToFill(value.Length));

    /// <summary>Starts a byte string of <paramref name="length"/> bytes that the caller fills in at once.</summary>
    public Span<byte> BytesToFill(int length)
    {
        Head(2, (ulong)length);
        return Grow(length);
    }

    public void Id(Guid value) => value.TryWriteBytes(BytesToFill(16), bigEndian: true, out _);

    public void Text(string value)
    {
        int length = Encoding.UTF8.GetByteCount(value);
        Head(3, (ulong)length);
        Encoding.UTF8.GetBytes(value, Grow(length));
    }

    public void Time(DateTimeOffset value) => Unsigned((ulong)value.ToMicroseconds());

    /// <summary>Ends an authenticated frame: the HMAC-SHA-256 of every byte before it.</summary>
    public void Mac(LockedBuffer key)
    {
        int covered = _length;
        var mac = BytesToFill(HMACSHA256.HashSizeInBytes);
        HMACSHA256.HashData(key.Span, _buffer.AsSpan(0, covered), mac);
    }

    /// <summary>Whether <paramref name="frame"/> ends with the HMAC of everything before it; compared in constant time.</summary>
    public static bool HasMac(ReadOnlySpan<byte> frame, LockedBuffer key)
    {
        if (frame.Length <= MacSize)
        {
            return false;
        }
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key.Span, frame[..^MacSize], expected);
        return CryptographicOperations.FixedTimeEquals(expected, frame[^HMACSHA256.HashSizeInBytes..]);
    }

    private void Head(int type, ulong value)
    {
        int size = value switch { < 24 => 0, <= byte.MaxValue => 1, <= ushort.MaxValue => 2, <= uint.MaxValue => 4, _ => 8 };
        var head = Grow(1 + size);
        head[0] = (byte)((type << 5) | size switch { 0 => (int)value, 1 => 24, 2 => 25, 4 => 26, _ => 27 });
        switch (size)
        {
            case 1:
                head[1] = (byte)value;
                break;
            case 2:
                BinaryPrimitives.WriteUInt16BigEndian(head[1..], (ushort)value);
                break;
            case 4:
                BinaryPrimitives.WriteUInt32BigEndian(head[1..], (uint)value);
                break;
            case 8:
                BinaryPrimitives.WriteUInt64BigEndian(head[1..], value);
                break;
            default:
                break;
        }
    }

    private Span<byte> Grow(int count)
    {
        if (_buffer.Length - _length < count)
        {
            System.Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
        }
        _length += count;
        return _buffer.AsSpan(_length - count, count);
    }
}
