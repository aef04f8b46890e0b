namespace Touchmark.Cryptography.MlDsa;

/// <summary>Polynomials as bits, little-endian, and the hints (FIPS 204, 7.1 and 7.2), for ML-DSA-65.</summary>
internal static class Packing
{
    /// <summary>ω: most hints in a signature.</summary>
    internal const int MaxHints = 55;

    internal const int HintPolynomials = 6;

    /// <summary>Bytes of the packed hints.</summary>
    internal const int HintBytes = MaxHints + HintPolynomials;

    /// <summary>Packs coefficients in [0, 2^bits) (algorithm 16).</summary>
    internal static void Pack(ReadOnlySpan<int> a, Span<byte> packed, int bits)
    {
        ulong pending = 0;
        int have = 0;
        int at = 0;
        foreach (int x in a)
        {
            pending |= (ulong)(uint)x << have;
            for (have += bits; have >= 8; have -= 8)
            {
                packed[at++] = (byte)pending;
                pending >>= 8;
            }
        }
    }

    /// <summary>The other way round (algorithm 18).</summary>
    internal static void Unpack(ReadOnlySpan<byte> packed, Span<int> a, int bits)
    {
        ulong pending = 0;
        int have = 0;
        int at = 0;
        int mask = (1 << bits) - 1;
        foreach (ref int x in a)
        {
            for (; have < bits; have += 8)
                pending |= (ulong)packed[at++] << have;
            x = (int)pending & mask;
            pending >>= bits;
            have -= bits;
        }
    }

    /// <summary>Packs coefficients in (top - 2^bits, top] as top - a (algorithm 17).</summary>
    internal static void PackSigned(ReadOnlySpan<int> a, Span<byte> packed, int bits, int top)
    {
        Span<int> shifted = stackalloc int[Polynomial.N];
        int size = bits * Polynomial.N / 8;
        for (int at = 0; at < a.Length; at += Polynomial.N)
        {
            for (int i = 0; i < shifted.Length; i++)
                shifted[i] = top - a[at + i];
            Pack(shifted, packed.Slice(at / Polynomial.N * size, size), bits);
        }
        shifted.Clear();
    }

    /// <summary>The other way round (algorithm 19).</summary>
    internal static void UnpackSigned(ReadOnlySpan<byte> packed, Span<int> a, int bits, int top)
    {
        int size = bits * Polynomial.N / 8;
        for (int at = 0; at < a.Length; at += Polynomial.N)
            Unpack(packed.Slice(at / Polynomial.N * size, size), a.Slice(at, Polynomial.N), bits);
        foreach (ref int x in a)
            x = top - x;
    }

    /// <summary>Places of the ones, polynomial by polynomial, and where each polynomial's list ends (algorithm 20).</summary>
    internal static void PackHints(ReadOnlySpan<int> hints, Span<byte> packed)
    {
        packed = packed[..HintBytes];
        packed.Clear();
        int count = 0;
        for (int p = 0; p < HintPolynomials; p++)
        {
            for (int i = 0; i < Polynomial.N; i++)
            {
                if (hints[(p * Polynomial.N) + i] != 0)
                    packed[count++] = (byte)i;
            }
            packed[MaxHints + p] = (byte)count;
        }
    }

    /// <summary>
    /// False unless the places ascend strictly, the ends never fall, and what is not used is zero: one set of hints has one encoding (algorithm 21).
    /// </summary>
    internal static bool TryUnpackHints(ReadOnlySpan<byte> packed, Span<int> hints)
    {
        packed = packed[..HintBytes];
        hints.Clear();
        int count = 0;
        for (int p = 0; p < HintPolynomials; p++)
        {
            int end = packed[MaxHints + p];
            if (end < count || end > MaxHints)
                return false;
            for (int first = count; count < end; count++)
            {
                if (count > first && packed[count - 1] >= packed[count])
                    return false;
                hints[(p * Polynomial.N) + packed[count]] = 1;
            }
        }
        return !packed[count..MaxHints].ContainsAnyExcept((byte)0);
    }
}
