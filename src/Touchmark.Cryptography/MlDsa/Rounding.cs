using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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
    internal static void Decompose(ReadOnlySpan<int> a, Span<int> high, Span<int> low)
    {
        ReadOnlySpan<Vector256<int>> values = Polynomial.Vectors(a);
        Span<Vector256<int>> highs = Polynomial.Vectors(high)[..values.Length];
        Span<Vector256<int>> lows = Polynomial.Vectors(low)[..values.Length];
        for (int i = 0; i < values.Length; i++)
            highs[i] = Decompose(values[i], out lows[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Decompose(Vector256<int> a, out Vector256<int> low)
    {
        // Rounded division by 2γ2 = 523,776 = 2^7 · 4092: 1025 / 2^22 stands for 1 / 4092, exact on this range.
        Vector256<int> high = (((((a + Vector256.Create(127)) >> 7) * 1025) + Vector256.Create(1 << 21)) >> 22) & Vector256.Create(15);
        low = a - (high * (2 * Gamma2));
        low -= ((Vector256.Create((Polynomial.Q - 1) / 2) - low) >> 31) & Vector256.Create(Polynomial.Q);
        return high;
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

    /// <summary>The high parts of a in [0, q), corrected by hints, in place (algorithm 40).</summary>
    internal static void UseHints(Span<int> a, ReadOnlySpan<int> hints)
    {
        Span<Vector256<int>> values = Polynomial.Vectors(a);
        ReadOnlySpan<Vector256<int>> corrections = Polynomial.Vectors(hints)[..values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            Vector256<int> high = Decompose(values[i], out Vector256<int> low);
            Vector256<int> up = Vector256.GreaterThan(low, default);
            values[i] = (high + Vector256.ConditionalSelect(up, corrections[i], -corrections[i])) & Vector256.Create(15);
        }
    }
}
