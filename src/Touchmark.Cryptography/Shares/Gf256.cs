namespace Touchmark.Cryptography.Shares;

/// <summary>
/// The field of SLIP-0039: GF(256) modulo x⁸ + x⁴ + x³ + x + 1. Without tables and branches, so that neither time nor cache tells of the operands.
/// </summary>
internal static class Gf256
{
    private const int Modulus = 0x11B;

    internal static byte Multiply(byte left, byte right)
    {
        int product = 0;
        int shifted = left;
        for (int bit = 0; bit < 8; bit++)
        {
            product ^= shifted & -(right >> bit & 1);
            shifted = shifted << 1 ^ Modulus & -(shifted >> 7 & 1);
        }
        return (byte)product;
    }

    /// <summary>The inverse of anything but 0, as its 254th power; 0 for 0.</summary>
    internal static byte Invert(byte value)
    {
        // 254 is 2 + 4 + … + 128.
        byte power = value;
        byte product = 1;
        for (int bit = 1; bit < 8; bit++)
        {
            power = Multiply(power, power);
            product = Multiply(product, power);
        }
        return product;
    }

    /// <summary>
    /// The values at <paramref name="x"/> of the polynomials of lowest degree through these points, one polynomial for each byte of a value (Lagrange).
    /// </summary>
    /// <param name="x">Where to evaluate. Places are public, values are secret.</param>
    /// <param name="places">Each once.</param>
    /// <param name="values">Side by side, in the order of the places, each as long as <paramref name="result"/>.</param>
    /// <param name="result">Overwritten.</param>
    internal static void Interpolate(byte x, ReadOnlySpan<byte> places, ReadOnlySpan<byte> values, Span<byte> result)
    {
        result.Clear();
        for (int point = 0; point < places.Length; point++)
        {
            byte numerator = 1;
            byte denominator = 1;
            for (int other = 0; other < places.Length; other++)
            {
                if (other == point)
                    continue;
                numerator = Multiply(numerator, (byte)(x ^ places[other]));
                denominator = Multiply(denominator, (byte)(places[point] ^ places[other]));
            }
            byte weight = Multiply(numerator, Invert(denominator));
            ReadOnlySpan<byte> value = values.Slice(point * result.Length, result.Length);
            for (int at = 0; at < result.Length; at++)
                result[at] ^= Multiply(weight, value[at]);
        }
    }
}
