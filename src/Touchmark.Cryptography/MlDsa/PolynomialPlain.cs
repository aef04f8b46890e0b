namespace Touchmark.Cryptography.MlDsa;

/// <summary>The transforms and products of <see cref="Polynomial"/>, one coefficient after the other, for any machine.</summary>
internal static class PolynomialPlain
{
    internal static void Transform(Span<int> a)
    {
        int k = 1;
        for (int length = 128; length > 0; length >>= 1)
        {
            for (int start = 0; start < Polynomial.N; start += 2 * length)
            {
                long zeta = Polynomial.Zetas[k++];
                Span<int> low = a.Slice(start, length);
                Span<int> high = a.Slice(start + length, length)[..low.Length];
                for (int j = 0; j < low.Length; j++)
                {
                    int t = Polynomial.MontgomeryReduce(zeta * high[j]);
                    high[j] = low[j] - t;
                    low[j] += t;
                }
            }
        }
    }

    internal static void InverseTransform(Span<int> a)
    {
        int k = Polynomial.N - 1;
        for (int length = 1; length < Polynomial.N; length <<= 1)
        {
            for (int start = 0; start < Polynomial.N; start += 2 * length)
            {
                long zeta = -Polynomial.Zetas[k--];
                Span<int> low = a.Slice(start, length);
                Span<int> high = a.Slice(start + length, length)[..low.Length];
                for (int j = 0; j < low.Length; j++)
                {
                    int t = low[j];
                    low[j] = t + high[j];
                    high[j] = Polynomial.MontgomeryReduce(zeta * (t - high[j]));
                }
            }
        }
        foreach (ref int x in a)
            x = Polynomial.MontgomeryReduce((long)Polynomial.InverseScale * x);
    }

    internal static void Multiply(Span<int> product, ReadOnlySpan<int> a, ReadOnlySpan<int> b)
    {
        a = a[..product.Length];
        b = b[..product.Length];
        for (int i = 0; i < product.Length; i++)
            product[i] = Polynomial.MontgomeryReduce((long)a[i] * b[i]);
    }

    internal static void MultiplyRow(Span<int> product, ReadOnlySpan<int> row, ReadOnlySpan<int> vector)
    {
        product = product[..Polynomial.N];
        vector = vector[..row.Length];
        for (int i = 0; i < product.Length; i++)
        {
            long sum = 0;
            for (int at = i; at < row.Length; at += Polynomial.N)
                sum += (long)row[at] * vector[at];
            product[i] = Polynomial.MontgomeryReduce(sum);
        }
    }
}
