using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.Cryptography.MlDsa;

namespace Touchmark.Cryptography.Tests;

public sealed class MlDsaTests
{
    private static readonly byte[] Message = [.. "what was made, where, and how"u8];
    private static readonly byte[] Seed = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    /// <summary>NIST ACVP-Server, ML-DSA-keyGen-FIPS204, group 2, case 26; the keys stand there in full, here by their SHA-256.</summary>
    [Fact]
    public void The_keys_from_the_seed_of_NIST_are_the_keys_of_NIST()
    {
        var publicKey = new byte[ManagedMlDsa65.PublicKeySize];
        var secretKey = new byte[ManagedMlDsa65.SecretKeySize];
        ManagedMlDsa65.GenerateKey(
            Convert.FromHexString("70cefb9aed5b68e018b079da8284b9d5cad5499ed9c265ff73588005d85c225c"), publicKey, secretKey);
        Assert.Equal("646b26b8d09dbc9e865b6a006c693a3127b065e62fab5fbe8b159c416462feb6", Convert.ToHexStringLower(SHA256.HashData(publicKey)));
        Assert.Equal("3894dc56a4553781d68ff0d1b6fcf1b4876085ea602fb6f8738def50ed7d4c75", Convert.ToHexStringLower(SHA256.HashData(secretKey)));
    }

    /// <summary>
    /// C2SP/CCTV, ML-DSA/accumulated: seeds are read from one SHAKE128, keys and deterministic signatures of the empty message written to another, so that
    /// one hash stands for them all. (The hash for 10,000 seeds, 5ff5e196…e329, comes out as well; it takes some ten seconds.)
    /// </summary>
    [Fact]
    public void A_hundred_keys_and_deterministic_signatures_accumulate_to_the_hash_of_CCTV()
    {
        var seeds = new Shake(new ulong[Keccak.Lanes], Shake.Rate128);
        var accumulated = new Shake(new ulong[Keccak.Lanes], Shake.Rate128);
        var seed = new byte[MlDsa65.SeedSize];
        var signature = new byte[MlDsa65.SignatureSize];
        for (int i = 0; i < 100; i++)
        {
            seeds.Squeeze(seed);
            using var key = new MlDsa65PrivateKey(seed, byPlatform: false);
            key.SignDeterministically([], signature);
            accumulated.Absorb(key.PublicKey.Span);
            accumulated.Absorb(signature);
            Assert.True(MlDsa65.Verify(key.PublicKey.Span, [], signature));
        }
        var result = new byte[32];
        accumulated.Squeeze(result);
        Assert.Equal("8358a1843220194417cadbc2651295cd8fc65125b5a5c1a239a16dc8b57ca199", Convert.ToHexStringLower(result));
    }

    /// <summary>
    /// C2SP/wycheproof, mldsa_65_sign_seed, cases 49 to 51 (seed 2a…2a): attempts at the bounds on r0 and on the number of hints. The signatures stand
    /// there in full, here by their SHA-256.
    /// </summary>
    [Theory]
    [InlineData("6400000000000000000000000000000000000000000000000000000000000000", "bf1ea9780242b2038b2155a548d460222090363e6fd56f98f2a20e716c4a2db0")]
    [InlineData("2d05000000000000000000000000000000000000000000000000000000000000", "a2efea9466471d0677a0438b7118aa82eacf9e3acaa46f9e0cc2ee2aa973bf9b")]
    [InlineData("9a01000000000000000000000000000000000000000000000000000000000000", "c85ba39f1176cc26e0c608c8f1726f0508a8c00989129f18b88d2f1b6e6f764d")]
    public void Signatures_at_the_bounds_are_those_of_Wycheproof(string message, string sha256)
    {
        using var key = new MlDsa65PrivateKey([.. Enumerable.Repeat((byte)0x2a, MlDsa65.SeedSize)], byPlatform: false);
        var signature = new byte[MlDsa65.SignatureSize];
        key.SignDeterministically(Convert.FromHexString(message), signature);
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(signature)));
        Assert.True(MlDsa65.Verify(key.PublicKey.Span, Convert.FromHexString(message), signature));
    }

    [Fact]
    public void Hedged_signatures_differ_and_verify()
    {
        using var signer = new MlDsa65Signer(Seed);
        var first = new byte[MlDsa65.SignatureSize];
        var second = new byte[MlDsa65.SignatureSize];
        signer.Sign(Message, first);
        signer.Sign(Message, second);
        Assert.NotEqual(first, second);
        Assert.True(SignatureVerifier.Verify(SignatureAlgorithm.MlDsa65, signer.PublicKey.Span, Message, first));
        Assert.True(SignatureVerifier.Verify(SignatureAlgorithm.MlDsa65, signer.PublicKey.Span, Message, second));
    }

    /// <summary>Where the platform has ML-DSA this holds our code against it; elsewhere it holds the public path against the parts.</summary>
    [Fact]
    public void Keys_and_signatures_in_use_are_those_of_the_managed_code()
    {
        using var inUse = new MlDsa65PrivateKey(Seed);
        using var managed = new MlDsa65PrivateKey(Seed, byPlatform: false);
        Assert.Equal(managed.PublicKey.ToArray(), inUse.PublicKey.ToArray());
        var signature = new byte[MlDsa65.SignatureSize];
        inUse.Sign(Message, signature, "log"u8);
        var tr = new byte[ManagedMlDsa65.TrSize];
        var mu = new byte[ManagedMlDsa65.MuSize];
        Shake.Hash256(inUse.PublicKey.Span, [], [], tr);
        ManagedMlDsa65.ComputeMu(tr, "log"u8, Message, mu);
        Assert.True(ManagedMlDsa65.VerifyMu(inUse.PublicKey.Span, mu, signature));
        managed.Sign(Message, signature, "log"u8);
        Assert.True(MlDsa65.Verify(inUse.PublicKey.Span, Message, signature, "log"u8));
    }

    [Fact]
    public void A_signature_holds_for_its_message_context_and_key_alone()
    {
        using var key = new MlDsa65PrivateKey(Seed);
        using var other = new MlDsa65PrivateKey([.. Seed.Reverse()]);
        var signature = new byte[MlDsa65.SignatureSize];
        key.Sign(Message, signature, "log"u8);
        ReadOnlySpan<byte> publicKey = key.PublicKey.Span;
        Assert.True(MlDsa65.Verify(publicKey, Message, signature, "log"u8));
        Assert.False(MlDsa65.Verify(publicKey, Message, signature));
        Assert.False(MlDsa65.Verify(publicKey, Message, signature, "Log"u8));
        Assert.False(MlDsa65.Verify(publicKey, Message.AsSpan(1), signature, "log"u8));
        Assert.False(MlDsa65.Verify(other.PublicKey.Span, Message, signature, "log"u8));
        Assert.False(MlDsa65.Verify(publicKey, Message, signature, new byte[256]));
        Assert.False(MlDsa65.Verify(publicKey[1..], Message, signature, "log"u8));
        Assert.False(MlDsa65.Verify(publicKey, Message, signature.AsSpan(1), "log"u8));
        Assert.Throws<ArgumentException>(() => key.Sign(Message, signature, new byte[256]));
    }

    [Fact]
    public void The_message_representative_is_that_of_FIPS_204_computed_with_the_platform_s_SHAKE256()
    {
        byte[] tr = SHA512.HashData(Seed);
        byte[] context = [.. "context"u8];
        var mu = new byte[ManagedMlDsa65.MuSize];
        ManagedMlDsa65.ComputeMu(tr, context, Message, mu);
        Assert.Equal(Shake256.HashData([.. tr, 0, (byte)context.Length, .. context, .. Message], 64), mu);
    }

    [Fact]
    public void Our_SHAKE_equals_the_platform_s_for_every_length_around_the_block()
    {
        Prop.ForAll(Gen.Choose(0, 700).Two().ToArbitrary(), lengths =>
        {
            byte[] input = [.. Enumerable.Range(0, lengths.Item1).Select(i => (byte)(i * 7))];
            var first = new byte[lengths.Item2];
            var second = new byte[lengths.Item2];
            var shake = new Shake(new ulong[Keccak.Lanes], Shake.Rate128);
            shake.Absorb(input.AsSpan(0, input.Length / 3));
            shake.Absorb(input.AsSpan(input.Length / 3));
            shake.Squeeze(first.AsSpan(0, first.Length / 2));
            shake.Squeeze(first.AsSpan(first.Length / 2));
            Shake.Hash256(input, [], [], second);
            return first.AsSpan().SequenceEqual(Shake128.HashData(input, first.Length))
                && second.AsSpan().SequenceEqual(Shake256.HashData(input, second.Length));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void SHAKE_of_nothing_is_that_of_FIPS_202()
    {
        var output = new byte[32];
        Shake.Hash256([], [], [], output);
        Assert.Equal("46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f", Convert.ToHexStringLower(output));
        new Shake(new ulong[Keccak.Lanes], Shake.Rate128).Squeeze(output);
        Assert.Equal("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26", Convert.ToHexStringLower(output));
    }

    [Fact]
    public void Every_part_of_a_signature_is_checked()
    {
        byte[] signature = Deterministic(out byte[] publicKey);
        for (int i = 0; i < signature.Length; i += 13)
        {
            byte[] altered = [.. signature];
            altered[i] ^= 1;
            Assert.False(MlDsa65.Verify(publicKey, Message, altered));
        }
    }

    [Fact]
    public void Hints_have_one_encoding()
    {
        const int at = MlDsa65.SignatureSize - Packing.HintBytes;
        const int ends = MlDsa65.SignatureSize - Packing.HintPolynomials;
        byte[] signature = Deterministic(out byte[] publicKey);
        Assert.True(signature[ends] >= 2, "the first polynomial of this signature has two hints to play with");
        Assert.True(signature[^1] < Packing.MaxHints, "and there is an unused place");
        (string Name, Action<byte[]> Tamper)[] forgeries =
        [
            ("places swapped", s => (s[at], s[at + 1]) = (s[at + 1], s[at])),
            ("place twice", s => s[at + 1] = s[at]),
            ("rest not zero", s => s[ends - 1] = 1),
            ("end falls", s => s[ends + 1] = (byte)(s[ends] - 1)),
            ("end beyond the places", s => s[^1] = Packing.MaxHints + 1),
        ];
        Assert.All(forgeries, forgery =>
        {
            byte[] forged = [.. signature];
            forgery.Tamper(forged);
            Assert.False(MlDsa65.Verify(publicKey, Message, forged));
            Assert.False(Packing.TryUnpackHints(forged.AsSpan(at), new int[Packing.HintPolynomials * 256]));
        });
    }

    [Fact]
    public void A_response_out_of_bounds_is_refused()
    {
        byte[] signature = Deterministic(out byte[] publicKey);
        // All-zero bits decode to γ1, the largest coefficient there is.
        signature.AsSpan(48, 3).Clear();
        Assert.False(MlDsa65.Verify(publicKey, Message, signature));
    }

    [Fact]
    public void Arbitrary_bytes_are_no_signature_and_do_not_throw()
    {
        _ = Deterministic(out byte[] publicKey);
        Prop.ForAll(Gen.Choose(0, 255).Select(i => (byte)i).ArrayOf(MlDsa65.SignatureSize).ToArbitrary(), bytes => !MlDsa65.Verify(publicKey, Message, bytes))
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Rounding_puts_every_residue_back_together()
    {
        long wrong = 0;
        int[] residues = new int[Polynomial.N], highs = new int[Polynomial.N], lows = new int[Polynomial.N];
        for (int first = 0; first < Polynomial.Q; first += Polynomial.N)
        {
            for (int i = 0; i < Polynomial.N; i++)
                residues[i] = Math.Min(first + i, Polynomial.Q - 1);
            Rounding.Decompose(residues, highs, lows);
            for (int i = 0; i < Polynomial.N; i++)
            {
                int whole = ((highs[i] * 2 * Rounding.Gamma2) + lows[i] + Polynomial.Q) % Polynomial.Q;
                bool inRange = highs[i] is >= 0 and < 16 && lows[i] is >= -Rounding.Gamma2 and <= Rounding.Gamma2;
                if (whole != residues[i] || !inRange)
                    wrong++;
            }
        }
        Assert.Equal(0, wrong);
    }

    private static byte[] Deterministic(out byte[] publicKey)
    {
        using var key = new MlDsa65PrivateKey(Seed, byPlatform: false);
        var signature = new byte[MlDsa65.SignatureSize];
        key.SignDeterministically(Message, signature);
        publicKey = key.PublicKey.ToArray();
        return signature;
    }
}
