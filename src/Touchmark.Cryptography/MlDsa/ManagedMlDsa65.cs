using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Touchmark.Cryptography.MlDsa;

/// <summary>
/// ML-DSA-65 in managed code (FIPS 204, final), for platforms that lack it. Time and addresses do not depend on secrets beyond what FIPS 204's own
/// rejection loop shows: the number of attempts. Secret intermediates live in locked memory and on the stack, and are wiped.
/// </summary>
internal static class ManagedMlDsa65
{
    internal const int SeedSize = 32;
    internal const int PublicKeySize = 1952;
    internal const int SecretKeySize = 4032;
    internal const int SignatureSize = 3309;
    internal const int MuSize = 64;
    internal const int RandomSize = 32;
    internal const int TrSize = 64;

    internal const int K = 6; // rows
    internal const int L = 5; // columns
    private const int N = Polynomial.N;
    private const int ChallengeSize = 48;
    private const int Beta = Sampling.ChallengeWeight * Sampling.Eta;
    internal const int T1Bits = 10;
    private const int T1Bytes = K * T1Bits * N / 8;
    private const int EtaBits = 4;
    private const int EtaBytes = EtaBits * N / 8;
    private const int T0Bits = Rounding.DroppedBits;
    private const int MaskBits = 20;
    private const int MaskBytes = L * MaskBits * N / 8;
    private const int HighBits = 4;
    private const int HighBytes = K * HighBits * N / 8;

    // Layout of a secret key: rho, K, tr, s1, s2, t0 (algorithm 24).
    private const int KeyAt = 32;
    private const int TrAt = 64;
    private const int S1At = 128;
    private const int S2At = S1At + (L * EtaBytes);
    private const int T0At = S2At + (K * EtaBytes);

    /// <summary>Both keys from a 32-byte seed (algorithm 6).</summary>
    internal static void GenerateKey(ReadOnlySpan<byte> seed, Span<byte> publicKey, Span<byte> secretKey)
    {
        Span<byte> expanded = stackalloc byte[128];
        Shake.Hash256(seed, [K, L], [], expanded);
        ReadOnlySpan<byte> rho = expanded[..32];
        ReadOnlySpan<byte> secretSeed = expanded[32..96];

        using var scratch = new LockedBuffer(((3 * L) + (4 * K)) * N * sizeof(int));
        var vectors = new Vectors(scratch);
        Span<int> s1 = vectors.Take(L);
        Span<int> s2 = vectors.Take(K);
        Sampling.ExpandSecret(secretSeed, 0, s1);
        Sampling.ExpandSecret(secretSeed, L, s2);

        Span<int> s1Hat = vectors.Take(L);
        s1.CopyTo(s1Hat);
        Polynomial.Transform(s1Hat);
        Span<int> t = vectors.Take(K);
        MultiplyMatrix(PublicMatrix.Of(rho), s1Hat, t);
        Polynomial.InverseTransform(t);
        Polynomial.Add(t, s2);
        Polynomial.Reduce(t);
        Polynomial.ToPositive(t);
        Span<int> t1 = vectors.Take(K);
        Span<int> t0 = vectors.Take(K);
        Rounding.Power2Round(t, t1, t0);

        rho.CopyTo(publicKey);
        Packing.Pack(t1, publicKey.Slice(32, T1Bytes), T1Bits);
        rho.CopyTo(secretKey);
        expanded[96..].CopyTo(secretKey[KeyAt..]);
        Shake.Hash256(publicKey[..PublicKeySize], [], [], secretKey.Slice(TrAt, TrSize));
        Packing.PackSigned(s1, secretKey[S1At..], EtaBits, Sampling.Eta);
        Packing.PackSigned(s2, secretKey[S2At..], EtaBits, Sampling.Eta);
        Packing.PackSigned(t0, secretKey[T0At..], T0Bits, 1 << (T0Bits - 1));
        CryptographicOperations.ZeroMemory(expanded);
    }

    /// <summary>tr: the 64-byte hash of the public key that goes into every message representative.</summary>
    internal static ReadOnlySpan<byte> TrOf(ReadOnlySpan<byte> secretKey) => secretKey.Slice(TrAt, TrSize);

    /// <summary>μ of pure ML-DSA: SHAKE256(tr || 0 || length of context || context || message) (algorithms 2 and 7).</summary>
    internal static void ComputeMu(ReadOnlySpan<byte> tr, ReadOnlySpan<byte> context, ReadOnlySpan<byte> message, Span<byte> mu)
    {
        var shake = new Shake(stackalloc ulong[Keccak.Lanes], Shake.Rate256);
        shake.Absorb(tr);
        shake.Absorb([0, (byte)context.Length]);
        shake.Absorb(context);
        shake.Absorb(message);
        shake.Squeeze(mu[..MuSize]);
    }

    /// <summary>Signs μ (algorithm 7). <paramref name="random"/> is 32 fresh bytes, or zeros for the deterministic variant.</summary>
    internal static void SignMu(ReadOnlySpan<byte> secretKey, ReadOnlySpan<byte> mu, ReadOnlySpan<byte> random, Span<byte> signature)
    {
        using var scratch = new LockedBuffer(((3 * L) + (6 * K) + 1) * N * sizeof(int));
        var vectors = new Vectors(scratch);
        Span<int> s1 = vectors.Take(L);
        Span<int> s2 = vectors.Take(K);
        Span<int> t0 = vectors.Take(K);
        Packing.UnpackSigned(secretKey[S1At..S2At], s1, EtaBits, Sampling.Eta);
        Packing.UnpackSigned(secretKey[S2At..T0At], s2, EtaBits, Sampling.Eta);
        Packing.UnpackSigned(secretKey[T0At..SecretKeySize], t0, T0Bits, 1 << (T0Bits - 1));
        Polynomial.Transform(s1);
        Polynomial.Transform(s2);
        Polynomial.Transform(t0);

        Span<int> y = vectors.Take(L);
        Span<int> z = vectors.Take(L);
        Span<int> w = vectors.Take(K);
        Span<int> high = vectors.Take(K);
        Span<int> low = vectors.Take(K);
        Span<int> product = vectors.Take(K);
        Span<int> challenge = vectors.Take(1);
        Span<byte> highPacked = stackalloc byte[HighBytes];
        Span<byte> maskSeed = stackalloc byte[64];
        Shake.Hash256(secretKey.Slice(KeyAt, 32), random, mu, maskSeed);

        var matrix = PublicMatrix.Of(secretKey[..32]);
        for (int kappa = 0; ; kappa += L)
        {
            Sampling.ExpandMask(maskSeed, kappa, y);
            y.CopyTo(z);
            Polynomial.Transform(z);
            MultiplyMatrix(matrix, z, w);
            Polynomial.InverseTransform(w);
            Polynomial.ToPositive(w);
            Rounding.Decompose(w, high, low);
            Packing.Pack(high, highPacked, HighBits);
            Shake.Hash256(mu, highPacked, [], signature[..ChallengeSize]);
            Sampling.SampleInBall(signature[..ChallengeSize], challenge);
            Polynomial.Transform(challenge);

            MultiplyChallenge(challenge, s1, z);
            Polynomial.Add(z, y);
            Polynomial.Reduce(z);
            if (Polynomial.ExceedsNorm(z, Sampling.Gamma1 - Beta))
                continue;
            MultiplyChallenge(challenge, s2, product);
            Polynomial.Subtract(low, product);
            Polynomial.Reduce(low);
            if (Polynomial.ExceedsNorm(low, Rounding.Gamma2 - Beta))
                continue;
            MultiplyChallenge(challenge, t0, product);
            Polynomial.Reduce(product);
            if (Polynomial.ExceedsNorm(product, Rounding.Gamma2))
                continue;
            Polynomial.Add(low, product);
            Span<int> hints = product;
            if (Rounding.MakeHint(low, high, hints) > Packing.MaxHints)
                continue;

            Packing.PackSigned(z, signature.Slice(ChallengeSize, MaskBytes), MaskBits, Sampling.Gamma1);
            Packing.PackHints(hints, signature[(ChallengeSize + MaskBytes)..]);
            break;
        }
        CryptographicOperations.ZeroMemory(maskSeed);
        CryptographicOperations.ZeroMemory(highPacked);
    }

    /// <summary>Checks a signature of μ (algorithm 8). Lengths are the caller's to check.</summary>
    internal static bool VerifyMu(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> mu, ReadOnlySpan<byte> signature)
    {
        int[] pooled = ArrayPool<int>.Shared.Rent((L + (3 * K) + 1) * N);
        try
        {
            Span<int> free = pooled;
            Span<int> z = Take(ref free, L);
            Span<int> hints = Take(ref free, K);
            Packing.UnpackSigned(signature.Slice(ChallengeSize, MaskBytes), z, MaskBits, Sampling.Gamma1);
            if (Polynomial.ExceedsNorm(z, Sampling.Gamma1 - Beta) || !Packing.TryUnpackHints(signature[(ChallengeSize + MaskBytes)..], hints))
                return false;

            Span<int> challenge = Take(ref free, 1);
            Sampling.SampleInBall(signature[..ChallengeSize], challenge);
            Polynomial.Transform(challenge);
            Polynomial.Transform(z);

            Span<int> w = Take(ref free, K);
            MultiplyMatrix(PublicMatrix.Of(publicKey[..32]), z, w);
            ReadOnlySpan<int> t1 = ExpandedKey.Of(publicKey).T1;
            Span<int> product = Take(ref free, K);
            for (int row = 0; row < K; row++)
                Polynomial.Multiply(product.Slice(row * N, N), t1.Slice(row * N, N), challenge);
            Polynomial.Subtract(w, product);
            Polynomial.Reduce(w);
            Polynomial.InverseTransform(w);
            Polynomial.ToPositive(w);
            Rounding.UseHints(w, hints);

            Span<byte> highPacked = stackalloc byte[HighBytes];
            Packing.Pack(w, highPacked, HighBits);
            Span<byte> expected = stackalloc byte[ChallengeSize];
            Shake.Hash256(mu, highPacked, [], expected);
            return expected.SequenceEqual(signature[..ChallengeSize]);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(pooled);
        }

        static Span<int> Take(ref Span<int> free, int polynomials)
        {
            Span<int> taken = free[..(polynomials * N)];
            free = free[(polynomials * N)..];
            return taken;
        }
    }

    private static void MultiplyMatrix(ReadOnlySpan<int> matrix, ReadOnlySpan<int> vector, Span<int> product)
    {
        for (int row = 0; row < K; row++)
            Polynomial.MultiplyRow(product.Slice(row * N, N), matrix.Slice(row * L * N, L * N), vector);
    }

    private static void MultiplyChallenge(ReadOnlySpan<int> challenge, ReadOnlySpan<int> vector, Span<int> product)
    {
        for (int at = 0; at < vector.Length; at += N)
            Polynomial.Multiply(product.Slice(at, N), challenge, vector.Slice(at, N));
        Polynomial.InverseTransform(product);
    }

    /// <summary>Hands out polynomial vectors of a locked buffer, one after the other.</summary>
    private ref struct Vectors(LockedBuffer buffer)
    {
        private Span<int> _free = MemoryMarshal.Cast<byte, int>(buffer.Span);

        internal Span<int> Take(int polynomials)
        {
            Span<int> taken = _free[..(polynomials * N)];
            _free = _free[(polynomials * N)..];
            return taken;
        }
    }
}
