using System.Buffers.Binary;

namespace Touchmark.Cryptography.MlDsa;

/// <summary>
/// Random polynomials out of seeds (FIPS 204, 7.3), for ML-DSA-65. What rejection sampling reveals through time is which draws were thrown away, never
/// those kept.
/// </summary>
internal static class Sampling
{
    /// <summary>τ: nonzero coefficients of the challenge.</summary>
    internal const int ChallengeWeight = 49;

    /// <summary>γ1 = 2^19: range of the mask.</summary>
    internal const int Gamma1 = 1 << 19;

    /// <summary>η: range of the secret vectors.</summary>
    internal const int Eta = 4;

    private const int MaskBytes = 640;

    /// <summary>The public matrix, rows side by side, in the transformed domain (algorithms 32 and 30).</summary>
    internal static void ExpandMatrix(ReadOnlySpan<byte> rho, Span<int> matrix, int rows, int columns)
    {
        var shake = new Shake(stackalloc ulong[Keccak.Lanes], Shake.Rate128);
        Span<byte> block = stackalloc byte[Shake.Rate128];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                Span<int> a = matrix.Slice(((row * columns) + column) * Polynomial.N, Polynomial.N);
                shake.Restart();
                shake.Absorb(rho);
                shake.Absorb([(byte)column, (byte)row]);
                for (int count = 0; count < a.Length;)
                {
                    shake.Squeeze(block);
                    for (int at = 0; at < block.Length && count < a.Length; at += 3)
                    {
                        int draw = block[at] | (block[at + 1] << 8) | ((block[at + 2] & 0x7F) << 16);
                        if (draw < Polynomial.Q)
                            a[count++] = draw;
                    }
                }
            }
        }
    }

    /// <summary>Polynomials with coefficients in [-η, η], numbered from <paramref name="first"/> (algorithms 33 and 31).</summary>
    internal static void ExpandSecret(ReadOnlySpan<byte> seed, int first, Span<int> vector)
    {
        var shake = new Shake(stackalloc ulong[Keccak.Lanes], Shake.Rate256);
        Span<byte> block = stackalloc byte[Shake.Rate256];
        Span<byte> number = stackalloc byte[sizeof(ushort)];
        for (int at = 0; at < vector.Length; at += Polynomial.N)
        {
            Span<int> a = vector.Slice(at, Polynomial.N);
            BinaryPrimitives.WriteUInt16LittleEndian(number, (ushort)(first + (at / Polynomial.N)));
            shake.Restart();
            shake.Absorb(seed);
            shake.Absorb(number);
            for (int count = 0; count < a.Length;)
            {
                shake.Squeeze(block);
                foreach (byte two in block)
                {
                    if ((two & 15) <= 2 * Eta && count < a.Length)
                        a[count++] = Eta - (two & 15);
                    if (two >> 4 <= 2 * Eta && count < a.Length)
                        a[count++] = Eta - (two >> 4);
                }
            }
        }
        shake.Wipe();
        block.Clear();
    }

    /// <summary>The mask y, coefficients in (-γ1, γ1], numbered from <paramref name="first"/> (algorithm 34).</summary>
    internal static void ExpandMask(ReadOnlySpan<byte> seed, int first, Span<int> vector)
    {
        var shake = new Shake(stackalloc ulong[Keccak.Lanes], Shake.Rate256);
        Span<byte> packed = stackalloc byte[MaskBytes];
        Span<byte> number = stackalloc byte[sizeof(ushort)];
        for (int at = 0; at < vector.Length; at += Polynomial.N)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(number, (ushort)(first + (at / Polynomial.N)));
            shake.Restart();
            shake.Absorb(seed);
            shake.Absorb(number);
            shake.Squeeze(packed);
            Packing.UnpackSigned(packed, vector.Slice(at, Polynomial.N), 20, Gamma1);
        }
        shake.Wipe();
        packed.Clear();
    }

    /// <summary>The challenge: τ coefficients of ±1, the others 0 (algorithm 29). It is public, or belongs to an attempt that is thrown away whole.</summary>
    internal static void SampleInBall(ReadOnlySpan<byte> seed, Span<int> challenge)
    {
        var shake = new Shake(stackalloc ulong[Keccak.Lanes], Shake.Rate256);
        Span<byte> draw = stackalloc byte[sizeof(ulong)];
        shake.Absorb(seed);
        shake.Squeeze(draw);
        ulong signs = BinaryPrimitives.ReadUInt64LittleEndian(draw);
        draw = draw[..1];
        challenge.Clear();
        for (int i = Polynomial.N - ChallengeWeight; i < Polynomial.N; i++)
        {
            do
                shake.Squeeze(draw);
            while (draw[0] > i);
            challenge[i] = challenge[draw[0]];
            challenge[draw[0]] = 1 - (2 * (int)(signs & 1));
            signs >>= 1;
        }
    }
}
