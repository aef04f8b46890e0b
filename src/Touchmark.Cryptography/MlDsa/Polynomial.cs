using System.Runtime.CompilerServices;

namespace Touchmark.Cryptography.MlDsa;

/// <summary>
/// Arithmetic in Z_q[X]/(X^256 + 1), q = 8,380,417 (FIPS 204, 7.5, 7.6 and appendix A). A polynomial is 256 ints in a span; a vector is polynomials side by
/// side. Products are kept in Montgomery form, R = 2^32. No branch or address depends on a coefficient.
/// </summary>
internal static class Polynomial
{
    internal const int N = 256;
    internal const int Q = 8_380_417;

    private const int InverseOfQ = 58_728_449; // q^-1 mod 2^32
    private const int InverseScale = 41_978; // R^2 / 256 mod q

    /// <summary>ζ^brv8(k) · R mod± q with ζ = 1753, the order in which the transform needs them (FIPS 204, algorithm 41).</summary>
    private static readonly int[] Zetas = MakeZetas();

    /// <summary>a · R^-1 mod q, in (-q, q), for |a| &lt; 2^31 q.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int MontgomeryReduce(long a)
    {
        int t = (int)a * InverseOfQ;
        return (int)((a - ((long)t * Q)) >> 32);
    }

    /// <summary>a mod q, in about (-0.75 q, 0.75 q), for any a ≤ 2^31 - 2^22 - 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Reduce(int a) => a - (((a + (1 << 22)) >> 23) * Q);

    /// <summary>Adds q to a negative a.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int ToPositive(int a) => a + ((a >> 31) & Q);

    internal static void Reduce(Span<int> a)
    {
        foreach (ref int x in a)
            x = Reduce(x);
    }

    internal static void ToPositive(Span<int> a)
    {
        foreach (ref int x in a)
            x = ToPositive(x);
    }

    internal static void Add(Span<int> sum, ReadOnlySpan<int> a)
    {
        a = a[..sum.Length];
        for (int i = 0; i < sum.Length; i++)
            sum[i] += a[i];
    }

    internal static void Subtract(Span<int> difference, ReadOnlySpan<int> a)
    {
        a = a[..difference.Length];
        for (int i = 0; i < difference.Length; i++)
            difference[i] -= a[i];
    }

    /// <summary>Into the transformed domain, in place, for every polynomial of the vector. |a| &lt; q in, below 9q out.</summary>
    internal static void Transform(Span<int> vector)
    {
        for (int at = 0; at < vector.Length; at += N)
            TransformOne(vector.Slice(at, N));
    }

    /// <summary>Back, in place, times R (which takes the R^-1 of a product away). |a| &lt; q in and out.</summary>
    internal static void InverseTransform(Span<int> vector)
    {
        for (int at = 0; at < vector.Length; at += N)
            InverseTransformOne(vector.Slice(at, N));
    }

    /// <summary>product = a ∘ b · R^-1.</summary>
    internal static void Multiply(Span<int> product, ReadOnlySpan<int> a, ReadOnlySpan<int> b)
    {
        a = a[..product.Length];
        b = b[..product.Length];
        for (int i = 0; i < product.Length; i++)
            product[i] = MontgomeryReduce((long)a[i] * b[i]);
    }

    /// <summary>The transformed product of one row of the matrix with a vector, · R^-1: 5 terms of less than 9q · q each stay below 2^31 q.</summary>
    internal static void MultiplyRow(Span<int> product, ReadOnlySpan<int> row, ReadOnlySpan<int> vector)
    {
        product = product[..N];
        vector = vector[..row.Length];
        for (int i = 0; i < N; i++)
        {
            long sum = 0;
            for (int at = i; at < row.Length; at += N)
                sum += (long)row[at] * vector[at];
            product[i] = MontgomeryReduce(sum);
        }
    }

    /// <summary>Whether some |a| is at least <paramref name="bound"/>. Looks at every coefficient whatever it finds.</summary>
    internal static bool ExceedsNorm(ReadOnlySpan<int> a, int bound)
    {
        int exceeded = 0;
        foreach (int x in a)
        {
            int magnitude = x - ((x >> 31) & (2 * x));
            exceeded |= (bound - 1 - magnitude) >> 31;
        }
        return exceeded != 0;
    }

    private static void TransformOne(Span<int> a)
    {
        int k = 1;
        for (int length = 128; length > 0; length >>= 1)
        {
            for (int start = 0; start < N; start += 2 * length)
            {
                long zeta = Zetas[k++];
                Span<int> low = a.Slice(start, length);
                Span<int> high = a.Slice(start + length, length)[..low.Length];
                for (int j = 0; j < low.Length; j++)
                {
                    int t = MontgomeryReduce(zeta * high[j]);
                    high[j] = low[j] - t;
                    low[j] += t;
                }
            }
        }
    }

    private static void InverseTransformOne(Span<int> a)
    {
        int k = N - 1;
        for (int length = 1; length < N; length <<= 1)
        {
            for (int start = 0; start < N; start += 2 * length)
            {
                long zeta = -Zetas[k--];
                Span<int> low = a.Slice(start, length);
                Span<int> high = a.Slice(start + length, length)[..low.Length];
                for (int j = 0; j < low.Length; j++)
                {
                    int t = low[j];
                    low[j] = t + high[j];
                    high[j] = MontgomeryReduce(zeta * (t - high[j]));
                }
            }
        }
        foreach (ref int x in a)
            x = MontgomeryReduce((long)InverseScale * x);
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
