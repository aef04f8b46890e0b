using System.Security.Cryptography;

namespace Touchmark.Cryptography.Tests;

/// <summary>Published answers for what the platform and libsodium compute, as we call them.</summary>
public sealed class KnownAnswerTests
{
    /// <summary>RFC 8032, 7.1, tests 1 to 3: seed, public key, message, signature.</summary>
    public static TheoryData<string, string, string, string> Rfc8032 => new()
    {
        {
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        },
        {
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        },
        {
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        },
    };

    [Theory]
    [MemberData(nameof(Rfc8032))]
    public void Ed25519_signs_as_RFC_8032_does(string seed, string publicKey, string message, string signature)
    {
        using var signer = new Ed25519Signer(Convert.FromHexString(seed));
        var made = new byte[Ed25519.SignatureSize];
        signer.Sign(Convert.FromHexString(message), made);
        Assert.Equal(publicKey, Convert.ToHexStringLower(signer.PublicKey.Span));
        Assert.Equal(signature, Convert.ToHexStringLower(made));
        Assert.True(SignatureVerifier.Verify(SignatureAlgorithm.Ed25519, signer.PublicKey.Span, Convert.FromHexString(message), made));
    }

    [Fact]
    public void Ed25519_refuses_S_at_or_above_the_group_order()
    {
        (_, string publicKey, _, string valid) = Rfc8032.First().Data;
        byte[] signature = Convert.FromHexString(valid);
        Assert.True(Ed25519.Verify(Convert.FromHexString(publicKey), [], signature));
        // S + L verifies as well where S is not checked: the same signature in a second form.
        byte[] order = Convert.FromHexString("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
        for (int i = 0, carry = 0; i < 32; i++)
        {
            carry += signature[32 + i] + order[i];
            signature[32 + i] = (byte)carry;
            carry >>= 8;
        }
        Assert.False(Ed25519.Verify(Convert.FromHexString(publicKey), [], signature));
    }

    [Theory]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")] // order 1
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")] // order 2
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")] // order 4
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")] // order 8
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")] // order 8
    [InlineData("0100000000000000000000000000000000000000000000000000000000000080")] // order 1, not canonical
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")] // order 1, y = p + 1
    public void Ed25519_refuses_points_of_small_order_with_which_one_signature_would_fit_many_messages(string point)
    {
        byte[] publicKey = Convert.FromHexString(point);
        byte[] identity = [1, .. new byte[31]];
        foreach (byte[] r in new[] { publicKey, identity })
        {
            for (byte message = 0; message < 32; message++)
                Assert.False(Ed25519.Verify(publicKey, [message], [.. r, .. new byte[32]]));
        }
    }

    [Fact]
    public void Ed25519_refuses_every_altered_byte_and_every_wrong_length()
    {
        using LockedBuffer seed = Ed25519.Generate();
        using var signer = new Ed25519Signer(seed.Span);
        byte[] message = [1, 2, 3];
        var signature = new byte[Ed25519.SignatureSize];
        signer.Sign(message, signature);
        Assert.True(Ed25519.Verify(signer.PublicKey.Span, message, signature));
        for (int i = 0; i < signature.Length; i++)
        {
            byte[] altered = [.. signature];
            altered[i] ^= 1;
            Assert.False(Ed25519.Verify(signer.PublicKey.Span, message, altered));
        }
        Assert.False(Ed25519.Verify(signer.PublicKey.Span, message, signature.AsSpan(1)));
        Assert.False(Ed25519.Verify(signer.PublicKey.Span[1..], message, signature));
    }

    /// <summary>RFC 5903, 8.1.</summary>
    [Fact]
    public void P256_agrees_on_the_secret_of_RFC_5903()
    {
        byte[] gi = Convert.FromHexString(
            "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3");
        byte[] gr = Convert.FromHexString(
            "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab");
        using P256PrivateKey i = VectorFile.PrivateKey(Convert.FromHexString("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"));
        using P256PrivateKey r = VectorFile.PrivateKey(Convert.FromHexString("c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53"));
        Assert.Equal(gi, i.PublicKey.ToArray());
        Assert.Equal(gr, r.PublicKey.ToArray());
        var secret = new byte[P256.SharedSecretSize];
        Assert.True(P256.TrySharedSecret(i, gr, secret));
        Assert.Equal("d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de", Convert.ToHexStringLower(secret));
        Assert.True(P256.TrySharedSecret(r, gi, secret));
        Assert.Equal("d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de", Convert.ToHexStringLower(secret));
    }

    /// <summary>RFC 6979, A.2.5, SHA-256, message "sample".</summary>
    [Fact]
    public void Es256_accepts_the_signature_of_RFC_6979()
    {
        byte[] publicKey = Convert.FromHexString(
            "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
        byte[] signature = Convert.FromHexString(
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
        Assert.True(Es256.Verify(publicKey, "sample"u8, signature));
        Assert.False(Es256.Verify(publicKey, "Sample"u8, signature));
    }

    [Fact]
    public void A_key_id_is_the_start_of_the_hash_of_algorithm_and_key()
    {
        byte[] publicKey = [1, 2, 3];
        Assert.Equal(SHA256.HashData([0xFF, 0xFF, 0xFF, 0xED, .. publicKey])[..8], KeyId.Of(SignatureAlgorithm.Ed25519, publicKey));
        Assert.NotEqual(KeyId.Of(SignatureAlgorithm.Es256, publicKey), KeyId.Of(SignatureAlgorithm.MlDsa65, publicKey));
    }

    [Fact]
    public void Algorithm_numbers_are_those_of_COSE_and_do_not_change()
    {
        // They are in statements that stay valid for decades: a new algorithm gets a new number, and no number is ever given to another.
        Assert.Equal(
            [("None", 0), ("MlDsa65", -49), ("Ed25519", -19), ("Es256", -7)],
            Enum.GetValues<SignatureAlgorithm>().Select(a => (a.ToString(), (int)a)));
    }

    [Fact]
    public void An_unknown_algorithm_verifies_nothing()
    {
        Assert.False(SignatureVerifier.Verify(SignatureAlgorithm.None, new byte[32], [], new byte[64]));
        Assert.False(SignatureVerifier.Verify((SignatureAlgorithm)(-8), new byte[32], [], new byte[64]));
    }
}
