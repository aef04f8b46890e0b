using System.Buffers.Binary;

namespace Touchmark.Vault.Review.Learning;

/// <summary>Numbers of a model's state, one after the other as binary64, big-endian: the same numbers are always the same bytes.</summary>
internal sealed class PackedNumbers
{
    private readonly List<double> _numbers = [];
    private int _next;

    public PackedNumbers()
    {
    }

    /// <param name="packed">Bytes that may have been altered: what is missing or not finite reads as 0 and shows in <see cref="IsWhole"/>.</param>
    public PackedNumbers(ReadOnlySpan<byte> packed)
    {
        for (; packed.Length >= sizeof(double); packed = packed[sizeof(double)..])
        {
            _numbers.Add(BinaryPrimitives.ReadDoubleBigEndian(packed));
        }

        IsSound = packed.IsEmpty && _numbers.TrueForAll(double.IsFinite);
    }

    /// <summary>Whether everything was read and nothing was missing.</summary>
    public bool IsWhole => IsSound && _next == _numbers.Count;

    private bool IsSound { get; set; } = true;

    public void Put(double number) => _numbers.Add(number);

    public double Take()
    {
        if (_next < _numbers.Count && IsSound)
        {
            return _numbers[_next++];
        }

        IsSound = false;
        return 0;
    }

    /// <summary>A count that was put; 0, and not sound, where it is no whole number from 0 to <paramref name="most"/>.</summary>
    public int TakeCount(int most)
    {
        var number = Take();
        if (number >= 0 && number <= most && number == Math.Floor(number))
        {
            return (int)number;
        }

        IsSound = false;
        return 0;
    }

    /// <summary>The bytes of what is written.</summary>
    public static byte[] Of(Action<PackedNumbers> write)
    {
        var state = new PackedNumbers();
        write(state);
        return state.ToBytes();
    }

    private byte[] ToBytes()
    {
        var bytes = new byte[_numbers.Count * sizeof(double)];
        for (var i = 0; i < _numbers.Count; i++)
        {
            BinaryPrimitives.WriteDoubleBigEndian(bytes.AsSpan(i * sizeof(double)), _numbers[i]);
        }

        return bytes;
    }
}
