using System.Runtime.CompilerServices;

namespace Touchmark.Cryptography.MlDsa;

/// <summary>High and low bits, and the hints that bridge them (FIPS 204, 7.4), for ML-DSA-65. No branch or address depends on a coefficient.</summary>
internal static class Rounding
{
    /// <summary>d: bits dropped from t.</summary>
    internal const int DroppedBits = 13;

    /// <summary>γ2 = (q - 1) / 32.</summary>
    internal const int Gamma2 = (Polynomial.Q - 1) / 32;

    /// <summary>Splits a in [0, q) into high · 2^13 + low with low in (-2^12, 2^12] (algorithm 35).</summary>
    internal static void Power2Round(ReadOnlySpan<int> a, Span<int> high, Span<int> low)
    {
        for (int i = 0; i < a.Length; i++)
        {
            high[i] = (a[i] + (1 << (DroppedBits - 1)) - 1) >> DroppedBits;
            low[i] = a[i] - (high[i] << DroppedBits);
        }
    }

    /// <summary>Splits a in [0, q) into high · 2γ2 + low, high in [0, 16), low in (-γ2, γ2], where a near q wraps to high 0 (algorithm 36).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Decompose(int a, out int low)
    {
        // Rounded division by 2γ2 = 523,776 = 2^7 · 4092: 1025 / 2^22 stands for 1 / 4092, exact on this range.
        int high = (((((a + 127) >> 7) * 1025) + (1 << 21)) >> 22) & 15;
        low = a - (high * 2 * Gamma2);
        low -= (((Polynomial.Q - 1) / 2) - low >> 31) & Polynomial.Q;
        return high;
    }

    internal static void Decompose(ReadOnlySpan<int> a, Span<int> high, Span<int> low)
    {
        for (int i = 0; i < a.Length; i++)
            high[i] = Decompose(a[i], out low[i]);
    }

    /// <summary>
    /// Writes 1 where adding the changed low part alters the high part, and returns how many such places there are (algorithm 39).
    /// <paramref name="low"/> is LowBits(w) - c·s2 + c·t0, <paramref name="high"/> is HighBits(w).
    /// </summary>
    internal static int MakeHint(ReadOnlySpan<int> low, ReadOnlySpan<int> high, Span<int> hint)
    {
        int count = 0;
        for (int i = 0; i < low.Length; i++)
        {
            int above = (Gamma2 - low[i]) >> 31;
            int below = (low[i] + Gamma2) >> 31;
            int atEdge = ~((low[i] + Gamma2) | -(low[i] + Gamma2)) >> 31;
            int highNotZero = (high[i] | -high[i]) >> 31;
            hint[i] = (above | below | (atEdge & highNotZero)) & 1;
            count += hint[i];
        }
        return count;
    }

    /// <summary>The high part of a in [0, q), corrected by a hint (algorithm 40).</summary>
    internal static int UseHint(int a, int hint)
    {
        int high = Decompose(a, out int low);
        int step = low > 0 ? hint : -hint;
        return (high + step) & 15;
    }
}
