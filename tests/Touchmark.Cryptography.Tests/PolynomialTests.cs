using FsCheck;
using FsCheck.Fluent;
using Touchmark.Cryptography.MlDsa;

namespace Touchmark.Cryptography.Tests;

/// <summary>What is computed eight at a time is what is computed one by one.</summary>
public sealed class PolynomialTests
{
    private static readonly int[] Edges = [0, 1, -1, Polynomial.Q - 1, 1 - Polynomial.Q, Polynomial.Q / 2, -Polynomial.Q / 2];

    private static readonly Arbitrary<int[]> Polynomials =
        Gen.ArrayOf(Gen.Frequency((1, Gen.Elements(Edges)), (9, Gen.Choose(1 - Polynomial.Q, Polynomial.Q - 1))), 5 * Polynomial.N).ToArbitrary();

    [Fact]
    public void Both_transforms_agree()
    {
        RequireVectors();
        Prop.ForAll(Polynomials, a => Same(a, PolynomialAvx2.Transform, PolynomialPlain.Transform)).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Both_inverse_transforms_agree()
    {
        RequireVectors();
        Prop.ForAll(Polynomials, a => Same(a, PolynomialAvx2.InverseTransform, PolynomialPlain.InverseTransform)).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Both_products_agree()
    {
        RequireVectors();
        Prop.ForAll(Polynomials, Polynomials, (a, b) =>
        {
            int[] vectors = new int[a.Length], plain = new int[a.Length];
            int[] row = new int[Polynomial.N], plainRow = new int[Polynomial.N];
            PolynomialAvx2.Multiply(vectors, a, b);
            PolynomialPlain.Multiply(plain, a, b);
            PolynomialAvx2.MultiplyRow(row, a, b);
            PolynomialPlain.MultiplyRow(plainRow, a, b);
            return vectors.AsSpan().SequenceEqual(plain) && row.AsSpan().SequenceEqual(plainRow);
        }).QuickCheckThrowOnFailure();
    }

    private static void RequireVectors() => Assert.SkipUnless(PolynomialAvx2.IsSupported, "This machine has no AVX2: only the plain code runs here.");

    private static bool Same(int[] polynomial, Operation vectors, Operation plain)
    {
        var (a, b) = (polynomial[..Polynomial.N], polynomial[..Polynomial.N]);
        vectors(a);
        plain(b);
        return a.AsSpan().SequenceEqual(b);
    }

    private delegate void Operation(Span<int> polynomial);
}
