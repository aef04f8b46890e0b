namespace Touchmark.GCode.Binary;

/// <summary>
/// Decodes heatshrink (github.com/atomicobject/heatshrink), an LZSS for small machines. Bits from the highest on: 1 and eight bits are a byte; 0, the distance less one in as many bits as the window
/// has, and the length less one copy what was written before. In front of the beginning there are zeros.
/// </summary>
internal static class Heatshrink
{
    private const int LengthBits = 4;

    /// <summary>Fills <paramref name="output"/>; false when the input ends before it is full, or goes on afterwards.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> input, int windowBits, Span<byte> output)
    {
        var bits = new BitReader(input);
        int written = 0;
        while (written < output.Length)
        {
            if (!bits.TryRead(1, out int literal))
            {
                return false;
            }

            if (literal == 1)
            {
                if (!bits.TryRead(8, out int value))
                {
                    return false;
                }

                output[written++] = (byte)value;
            }
            else
            {
                if (!bits.TryRead(windowBits, out int distance) || !bits.TryRead(LengthBits, out int length))
                {
                    return false;
                }

                for (int end = Math.Min(written + length + 1, output.Length); written < end; written++)
                {
                    int from = written - distance - 1;
                    output[written] = from < 0 ? (byte)0 : output[from];
                }
            }
        }

        return bits.Left < 8;
    }

    private ref struct BitReader(ReadOnlySpan<byte> input)
    {
        private readonly ReadOnlySpan<byte> _input = input;
        private int _at;

        public readonly int Left => (_input.Length * 8) - _at;

        public bool TryRead(int count, out int value)
        {
            value = 0;
            if (count > Left)
            {
                return false;
            }

            for (int end = _at + count; _at < end; _at++)
            {
                value = (value << 1) | ((_input[_at >> 3] >> (7 - (_at & 7))) & 1);
            }

            return true;
        }
    }
}
