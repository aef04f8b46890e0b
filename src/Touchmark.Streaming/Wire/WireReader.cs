using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using Touchmark.Evidence.Cbor;

namespace Touchmark.Streaming.Wire;

/// <summary>
/// Reads the CBOR subset of wire messages (definite arrays, integers, byte and text strings, each in its shortest form) straight from a frame. The first
/// thing that is wrong makes every later read yield an empty value and <see cref="IsComplete"/> false, so a decoder reads its fields in one go and asks
/// once. Never throws and allocates nothing but the texts.
/// </summary>
/// <remarks>Evidence's tree decoder builds a value per item, which is right for documents; frames come a few times a second from each of a thousand printers.</remarks>
internal ref struct WireReader(ReadOnlySpan<byte> frame)
{
    private const int UnsignedType = 0;
    private const int NegativeType = 1;
    private const int BytesType = 2;
    private const int TextType = 3;
    private const int ArrayType = 4;

    private readonly ReadOnlySpan<byte> _frame = frame;
    private bool _failed;

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    /// <summary>Whether everything read was well-formed and in range, and nothing is left.</summary>
    public readonly bool IsComplete => !_failed && Position == _frame.Length;

    public readonly bool Failed => _failed;

    public void Fail() => _failed = true;

    /// <summary>An array of exactly <paramref name="count"/> items.</summary>
    public void Array(int count)
    {
        if (Head(ArrayType) != (ulong)count)
        {
            _failed = true;
        }
    }

    /// <summary>An array of at most <paramref name="max"/> items; how many.</summary>
    public int ArrayUpTo(int max)
    {
        ulong count = Head(ArrayType);
        return Check(count <= (ulong)max) ? (int)count : 0;
    }

    public ulong Unsigned(ulong max = ulong.MaxValue)
    {
        ulong value = Head(UnsignedType);
        return Check(value <= max) ? value : 0;
    }

    public long Signed(long min, long max)
    {
        bool negative = !_failed && Position < _frame.Length && _frame[Position] >> 5 == NegativeType;
        ulong argument = Head(negative ? NegativeType : UnsignedType);
        if (!Check(argument <= long.MaxValue))
        {
            return 0;
        }
        long value = negative ? -1 - (long)argument : (long)argument;
        return Check(value >= min && value <= max) ? value : 0;
    }

    /// <summary>One of the values 0 to <paramref name="last"/> of an enum.</summary>
    public int Choice(int last) => (int)Unsigned((ulong)last);

    public bool Boolean() => Unsigned(1) == 1;

    public ReadOnlySpan<byte> Bytes(int length) => Bytes(length, length);

    public ReadOnlySpan<byte> Bytes(int min, int max)
    {
        ulong length = Head(BytesType);
        return Check(length >= (ulong)min && length <= (ulong)max) ? Take((int)length) : default;
    }

    /// <summary>A copy of a byte string of exactly <paramref name="length"/> bytes.</summary>
    public byte[] Copy(int length) => Bytes(length).ToArray();

    /// <summary>A UUID: 16 bytes, big-endian.</summary>
    public Guid Id()
    {
        var bytes = Bytes(16);
        return _failed ? Guid.Empty : new Guid(bytes, bigEndian: true);
    }

    /// <summary>Valid UTF-8 of at most <paramref name="maxBytes"/> bytes.</summary>
    public string Text(int maxBytes)
    {
        ulong length = Head(TextType);
        var bytes = Check(length <= (ulong)maxBytes) ? Take((int)length) : default;
        return Check(Utf8.IsValid(bytes)) ? Encoding.UTF8.GetString(bytes) : "";
    }

    /// <summary>Microseconds since 1970-01-01T00:00:00Z.</summary>
    public DateTimeOffset Time()
    {
        const ulong Latest = 253_402_300_799_000_000; // the last second of the year 9999
        return CborTime.FromMicroseconds((long)Unsigned(Latest));
    }

    private ulong Head(int type)
    {
        if (_failed || Position >= _frame.Length || _frame[Position] >> 5 != type)
        {
            _failed = true;
            return 0;
        }
        int info = _frame[Position++] & 31;
        if (info < 24)
        {
            return (ulong)info;
        }
        int size = info switch { 24 => 1, 25 => 2, 26 => 4, 27 => 8, _ => 0 };
        var argument = size == 0 ? default : Take(size);
        ulong value = argument.Length switch
        {
            1 => argument[0],
            2 => BinaryPrimitives.ReadUInt16BigEndian(argument),
            4 => BinaryPrimitives.ReadUInt32BigEndian(argument),
            8 => BinaryPrimitives.ReadUInt64BigEndian(argument),
            _ => 0,
        };
        // Shortest form only: a value that would have fitted into fewer bytes is another encoding of the same thing.
        bool shortest = size switch { 1 => value >= 24, 2 => value > byte.MaxValue, 4 => value > ushort.MaxValue, 8 => value > uint.MaxValue, _ => false };
        return Check(shortest) ? value : 0;
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (!Check(length <= _frame.Length - Position))
        {
            return default;
        }
        Position += length;
        return _frame.Slice(Position - length, length);
    }

    private bool Check(bool good)
    {
        _failed |= !good;
        return !_failed;
    }
}
