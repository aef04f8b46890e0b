using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Touchmark.Cryptography.MlDsa;

/// <summary>
/// Arithmetic in Z_q[X]/(X^256 + 1), q = 8,380,417 (FIPS 204, 7.5, 7.6 and appendix A). A polynomial is 256 ints in a span; a vector is polynomials side by
/// side. Products are kept in Montgomery form, R = 2^32, and made by <see cref="PolynomialAvx2"/> or by <see cref="PolynomialPlain"/>. No branch or address depends on a coefficient.
/// </summary>
internal static class Polynomial
{
    internal const int N = 256;
    internal const int Q = 8_380_417;

    internal const int InverseOfQ = 58_728_449; // q^-1 mod 2^32
    internal const int InverseScale = 41_978; // R^2 / 256 mod q

    /// <summary>ζ^brv8(k) · R mod± q with ζ = 1753, the order in which the transform needs them (FIPS 204, algorithm 41).</summary>
    internal static readonly int[] Zetas = MakeZetas();

    /// <summary>a · R^-1 mod q, in (-q, q), for |a| &lt; 2^31 q.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int MontgomeryReduce(long a)
    {
        int t = (int)a * InverseOfQ;
        return (int)((a - ((long)t * Q)) >> 32);
    }

    /// <summary>a mod q, in about (-0.75 q, 0.75 q), for any a ≤ 2^31 - 2^22 - 1.</summary>
    internal static void Reduce(Span<int> a)
    {
        foreach (ref Vector256<int> x in Vectors(a))
            x -= ((x + Vector256.Create(1 << 22)) >> 23) * Q;
    }

    /// <summary>Adds q to each negative a.</summary>
    internal static void ToPositive(Span<int> a)
    {
        foreach (ref Vector256<int> x in Vectors(a))
            x += (x >> 31) & Vector256.Create(Q);
    }

    internal static void Add(Span<int> sum, ReadOnlySpan<int> a)
    {
        Span<Vector256<int>> sums = Vectors(sum);
        ReadOnlySpan<Vector256<int>> terms = Vectors(a)[..sums.Length];
        for (int i = 0; i < sums.Length; i++)
            sums[i] += terms[i];
    }

    internal static void Subtract(Span<int> difference, ReadOnlySpan<int> a)
    {
        Span<Vector256<int>> differences = Vectors(difference);
        ReadOnlySpan<Vector256<int>> terms = Vectors(a)[..differences.Length];
        for (int i = 0; i < differences.Length; i++)
            differences[i] -= terms[i];
    }

    /// <summary>Eight coefficients at a time, by whatever width the machine has: a vector of polynomials has no rest.</summary>
    internal static Span<Vector256<int>> Vectors(Span<int> a) => MemoryMarshal.Cast<int, Vector256<int>>(a);

    internal static ReadOnlySpan<Vector256<int>> Vectors(ReadOnlySpan<int> a) => MemoryMarshal.Cast<int, Vector256<int>>(a);

    /// <summary>Into the transformed domain, in place, for every polynomial of the vector. |a| &lt; q in, below 9q out.</summary>
    internal static void Transform(Span<int> vector)
    {
        for (int at = 0; at < vector.Length; at += N)
        {
            if (PolynomialAvx2.IsSupported)
                PolynomialAvx2.Transform(vector.Slice(at, N));
            else
                PolynomialPlain.Transform(vector.Slice(at, N));
        }
    }

    /// <summary>Back, in place, times R (which takes the R^-1 of a product away). |a| &lt; q in and out.</summary>
    internal static void InverseTransform(Span<int> vector)
    {
        for (int at = 0; at < vector.Length; at += N)
        {
            if (PolynomialAvx2.IsSupported)
                PolynomialAvx2.InverseTransform(vector.Slice(at, N));
            else
                PolynomialPlain.InverseTransform(vector.Slice(at, N));
        }
    }

    /// <summary>product = a ∘ b · R^-1.</summary>
    internal static void Multiply(Span<int> product, ReadOnlySpan<int> a, ReadOnlySpan<int> b)
    {
        if (PolynomialAvx2.IsSupported)
            PolynomialAvx2.Multiply(product, a, b);
        else
            PolynomialPlain.Multiply(product, a, b);
    }

    /// <summary>The transformed product of one row of the matrix with a vector, · R^-1: 5 terms of less than 9q · q each stay below 2^31 q.</summary>
    internal static void MultiplyRow(Span<int> product, ReadOnlySpan<int> row, ReadOnlySpan<int> vector)
    {
        if (PolynomialAvx2.IsSupported)
            PolynomialAvx2.MultiplyRow(product, row, vector);
        else
            PolynomialPlain.MultiplyRow(product, row, vector);
    }

    /// <summary>Whether some |a| is at least <paramref name="bound"/>. Looks at every coefficient whatever it finds.</summary>
    internal static bool ExceedsNorm(ReadOnlySpan<int> a, int bound)
    {
        Vector256<int> exceeded = default;
        foreach (Vector256<int> x in Vectors(a))
            exceeded |= (Vector256.Create(bound - 1) - (x - ((x >> 31) & (x + x)))) >> 31;
        return exceeded != default;
    }

    private static int[] MakeZetas()
    {
        var powers = new long[N];
        powers[0] = (1L << 32) % Q;
        for (int i = 1; i < N; i++)
            powers[i] = powers[i - 1] * 1753 % Q;
        var zetas = new int[N];
        for (int k = 0; k < N; k++)
        {
            int reversed = 0;
            for (int bit = 0; bit < 8; bit++)
                reversed |= ((k >> bit) & 1) << (7 - bit);
            long power = powers[reversed];
            zetas[k] = (int)(power > Q / 2 ? power - Q : power);
        }
        return zetas;
    }
}
