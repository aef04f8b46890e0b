using System.Buffers.Text;

namespace Touchmark.GCode;

/// <summary>Plain decimal numbers: an optional minus, digits, an optional point. No exponent, no infinity, no NaN.</summary>
internal static class GCodeNumber
{
    private const int ExactDigits = 15;

    private static readonly double[] PowersOfTen =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

    public static bool TryParse(ReadOnlySpan<byte> text, out double value)
    {
        value = 0;
        bool negative = !text.IsEmpty && text[0] == '-';
        int at = negative ? 1 : 0;
        ulong mantissa = 0;
        int digits = 0;
        int point = -1;
        for (; at < text.Length; at++)
        {
            uint digit = (uint)text[at] - '0';
            if (digit <= 9)
            {
                digits++;
                mantissa = unchecked((mantissa * 10) + digit);
            }
            else if (text[at] == '.' && point < 0)
            {
                point = digits;
            }
            else
            {
                return false;
            }
        }

        if (digits == 0)
        {
            return false;
        }

        if (digits > ExactDigits)
        {
            return Utf8Parser.TryParse(text, out value, out int used) && used == text.Length && double.IsFinite(value);
        }

        // Both operands are exact, so the quotient is the correctly rounded value.
        double magnitude = point < 0 ? mantissa : mantissa / PowersOfTen[digits - point];
        value = negative ? -magnitude : magnitude;
        return true;
    }
}
