using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Touchmark.Cryptography.MlDsa;

/// <summary>
/// The transforms and products of <see cref="Polynomial"/>, eight coefficients at a time. They compute what the plain code does, step by step and in the same
/// ranges; tests hold one against the other. No branch or address depends on a coefficient.
/// </summary>
internal static class PolynomialAvx2
{
    private const int Width = 8;

    // Layers of 4, 2 and 1 coefficients lie inside a vector: two vectors are taken apart into the lower and the upper halves of their blocks, and put together again.
    private const int PairSize = 2 * Width;
    private static readonly InnerLayers Forward = new(static (blocks, block) => Polynomial.Zetas[blocks + block]);
    private static readonly InnerLayers Backward = new(static (blocks, block) => -Polynomial.Zetas[(2 * blocks) - 1 - block]);

    internal static bool IsSupported => Avx2.IsSupported;

    internal static void Transform(Span<int> polynomial)
    {
        ref int a = ref MemoryMarshal.GetReference(polynomial[..Polynomial.N]);
        int k = 1;
        for (int length = Polynomial.N / 2; length >= Width; length >>= 1)
        {
            for (int start = 0; start < Polynomial.N; start += 2 * length)
            {
                Vector256<int> zeta = Vector256.Create(Polynomial.Zetas[k++]);
                for (int j = start; j < start + length; j += Width)
                {
                    Vector256<int> low = Load(ref a, j);
                    Vector256<int> high = Load(ref a, j + length);
                    Butterfly(ref low, ref high, zeta);
                    Store(low, ref a, j);
                    Store(high, ref a, j + length);
                }
            }
        }
        for (int at = 0; at < Polynomial.N; at += PairSize)
        {
            Vector256<int> low = Load(ref a, at);
            Vector256<int> high = Load(ref a, at + Width);
            Exchange4(ref low, ref high);
            Butterfly(ref low, ref high, Forward.Four(at));
            Exchange4(ref low, ref high);
            Exchange2(ref low, ref high);
            Butterfly(ref low, ref high, Forward.Two(at));
            Exchange2(ref low, ref high);
            Split1(ref low, ref high);
            Butterfly(ref low, ref high, Forward.One(at));
            Join1(ref low, ref high);
            Store(low, ref a, at);
            Store(high, ref a, at + Width);
        }
    }

    internal static void InverseTransform(Span<int> polynomial)
    {
        ref int a = ref MemoryMarshal.GetReference(polynomial[..Polynomial.N]);
        for (int at = 0; at < Polynomial.N; at += PairSize)
        {
            Vector256<int> low = Load(ref a, at);
            Vector256<int> high = Load(ref a, at + Width);
            Split1(ref low, ref high);
            InverseButterfly(ref low, ref high, Backward.One(at));
            Join1(ref low, ref high);
            Exchange2(ref low, ref high);
            InverseButterfly(ref low, ref high, Backward.Two(at));
            Exchange2(ref low, ref high);
            Exchange4(ref low, ref high);
            InverseButterfly(ref low, ref high, Backward.Four(at));
            Exchange4(ref low, ref high);
            Store(low, ref a, at);
            Store(high, ref a, at + Width);
        }
        int k = (Polynomial.N / Width) - 1;
        for (int length = Width; length < Polynomial.N; length <<= 1)
        {
            for (int start = 0; start < Polynomial.N; start += 2 * length)
            {
                Vector256<int> zeta = Vector256.Create(-Polynomial.Zetas[k--]);
                for (int j = start; j < start + length; j += Width)
                {
                    Vector256<int> low = Load(ref a, j);
                    Vector256<int> high = Load(ref a, j + length);
                    InverseButterfly(ref low, ref high, zeta);
                    Store(low, ref a, j);
                    Store(high, ref a, j + length);
                }
            }
        }
        Vector256<int> scale = Vector256.Create(Polynomial.InverseScale);
        for (int j = 0; j < Polynomial.N; j += Width)
            Store(Multiply(scale, Load(ref a, j)), ref a, j);
    }

    /// <summary>product = a ∘ b · R^-1; lengths are multiples of 8.</summary>
    internal static void Multiply(Span<int> product, ReadOnlySpan<int> a, ReadOnlySpan<int> b)
    {
        ref int to = ref MemoryMarshal.GetReference(product);
        ref int left = ref MemoryMarshal.GetReference(a[..product.Length]);
        ref int right = ref MemoryMarshal.GetReference(b[..product.Length]);
        for (int i = 0; i < product.Length; i += Width)
            Store(Multiply(Load(ref left, i), Load(ref right, i)), ref to, i);
    }

    /// <summary>See <see cref="Polynomial.MultiplyRow"/>.</summary>
    internal static void MultiplyRow(Span<int> product, ReadOnlySpan<int> row, ReadOnlySpan<int> vector)
    {
        ref int to = ref MemoryMarshal.GetReference(product[..Polynomial.N]);
        ref int left = ref MemoryMarshal.GetReference(row);
        ref int right = ref MemoryMarshal.GetReference(vector[..row.Length]);
        for (int i = 0; i < Polynomial.N; i += Width)
        {
            Vector256<long> even = default;
            Vector256<long> odd = default;
            for (int at = i; at < row.Length; at += Polynomial.N)
            {
                Vector256<int> x = Load(ref left, at);
                Vector256<int> y = Load(ref right, at);
                even += Avx2.Multiply(x, y);
                odd += Avx2.Multiply(Odd(x), Odd(y));
            }
            Store(Reduce(even, odd), ref to, i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Butterfly(ref Vector256<int> low, ref Vector256<int> high, Vector256<int> zeta)
    {
        Vector256<int> t = Multiply(zeta, high);
        high = low - t;
        low += t;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InverseButterfly(ref Vector256<int> low, ref Vector256<int> high, Vector256<int> zeta)
    {
        Vector256<int> t = low;
        low = t + high;
        high = Multiply(zeta, t - high);
    }

    /// <summary>a · b · R^-1, lane by lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Multiply(Vector256<int> a, Vector256<int> b) => Reduce(Avx2.Multiply(a, b), Avx2.Multiply(Odd(a), Odd(b)));

    /// <summary><see cref="Polynomial.MontgomeryReduce"/> of the products of the even and of the odd lanes, put in their places.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Reduce(Vector256<long> even, Vector256<long> odd)
    {
        Vector256<int> inverse = Vector256.Create(Polynomial.InverseOfQ);
        Vector256<int> q = Vector256.Create(Polynomial.Q);
        even -= Avx2.Multiply(Avx2.Multiply(even.AsInt32(), inverse).AsInt32(), q);
        odd -= Avx2.Multiply(Avx2.Multiply(odd.AsInt32(), inverse).AsInt32(), q);
        return Avx2.Blend(Odd(even.AsInt32()), odd.AsInt32(), 0b1010_1010);
    }

    /// <summary>The odd lanes, where the even ones are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Odd(Vector256<int> a) => Avx2.Shuffle(a, 0b11_11_01_01);

    /// <summary>Blocks of 8: the four lower coefficients of each into one vector, the upper into the other. Its own inverse, as is the next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Exchange4(ref Vector256<int> a, ref Vector256<int> b) =>
        (a, b) = (Avx2.Permute2x128(a, b, 0x20), Avx2.Permute2x128(a, b, 0x31));

    /// <summary>Blocks of 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Exchange2(ref Vector256<int> a, ref Vector256<int> b) =>
        (a, b) = (Avx2.UnpackLow(a.AsInt64(), b.AsInt64()).AsInt32(), Avx2.UnpackHigh(a.AsInt64(), b.AsInt64()).AsInt32());

    /// <summary>Blocks of 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Split1(ref Vector256<int> a, ref Vector256<int> b) =>
        (a, b) = (Avx.Shuffle(a.AsSingle(), b.AsSingle(), 0b10_00_10_00).AsInt32(), Avx.Shuffle(a.AsSingle(), b.AsSingle(), 0b11_01_11_01).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Join1(ref Vector256<int> a, ref Vector256<int> b) => (a, b) = (Avx2.UnpackLow(a, b), Avx2.UnpackHigh(a, b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Load(ref int from, int at) => Vector256.LoadUnsafe(ref from, (nuint)at);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<int> value, ref int to, int at) => value.StoreUnsafe(ref to, (nuint)at);

    /// <summary>The factors of the layers inside a vector, lane by lane in the order in which the exchanges lay the blocks of a pair of vectors.</summary>
    private sealed class InnerLayers(Func<int, int, int> factor)
    {
        private readonly int[] _four = Arrange(4, [0, 0, 0, 0, 1, 1, 1, 1], factor);
        private readonly int[] _two = Arrange(2, [0, 0, 2, 2, 1, 1, 3, 3], factor);
        private readonly int[] _one = Arrange(1, [0, 1, 4, 5, 2, 3, 6, 7], factor);

        internal Vector256<int> Four(int at) => Vector256.LoadUnsafe(ref _four[at / 2]);

        internal Vector256<int> Two(int at) => Vector256.LoadUnsafe(ref _two[at / 2]);

        internal Vector256<int> One(int at) => Vector256.LoadUnsafe(ref _one[at / 2]);

        private static int[] Arrange(int length, ReadOnlySpan<int> order, Func<int, int, int> factor)
        {
            int blocks = Polynomial.N / 2 / length;
            int blocksOfPair = Width / length;
            var factors = new int[Polynomial.N / 2];
            for (int i = 0; i < factors.Length; i++)
                factors[i] = factor(blocks, (i / Width * blocksOfPair) + order[i % Width]);
            return factors;
        }
    }
}
