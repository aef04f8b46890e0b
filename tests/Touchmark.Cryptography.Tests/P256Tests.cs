using System.Security.Cryptography;

namespace Touchmark.Cryptography.Tests;

public sealed class P256Tests
{
    private static readonly byte[] Message = [.. "a touchmark"u8];

    [Fact]
    public void Both_sides_agree_on_the_secret()
    {
        using P256PrivateKey a = P256.GenerateKey();
        using P256PrivateKey b = P256.GenerateKey();
        var ab = new byte[32];
        var ba = new byte[32];
        Assert.True(P256.TrySharedSecret(a, b.PublicKey.Span, ab));
        Assert.True(P256.TrySharedSecret(b, a.PublicKey.Span, ba));
        Assert.Equal(ab, ba);
        Assert.NotEqual(new byte[32], ab);
    }

    [Fact]
    public void Public_keys_off_the_curve_or_in_another_form_are_refused_and_leave_no_secret()
    {
        using P256PrivateKey key = P256.GenerateKey();
        byte[] good = key.PublicKey.ToArray();
        byte[] offCurve = [.. good];
        offCurve[64] ^= 1;
        byte[] compressed = [(byte)(2 + (good[64] & 1)), .. good.AsSpan(1, 32)];
        byte[] hybrid = [.. good];
        hybrid[0] = 6;
        byte[] xTooLarge = [4, .. Enumerable.Repeat((byte)0xFF, 32), .. good.AsSpan(33)];
        byte[][] bad = [[], [0], compressed, hybrid, offCurve, xTooLarge, [4, .. new byte[64]], [.. good, 0]];
        Assert.All(bad, peer =>
        {
            byte[] secret = [.. Enumerable.Repeat((byte)1, 32)];
            Assert.False(P256.TrySharedSecret(key, peer, secret));
            Assert.Equal(new byte[32], secret);
            Assert.False(Es256.Verify(peer, Message, new byte[64]));
        });
    }

    [Fact]
    public void A_key_survives_pkcs8_and_signs_and_agrees_as_before()
    {
        using P256PrivateKey key = P256.GenerateKey();
        using LockedBuffer pkcs8 = key.ExportPkcs8();
        using P256PrivateKey read = P256PrivateKey.FromPkcs8(pkcs8.Span);
        Assert.Equal(key.PublicKey.ToArray(), read.PublicKey.ToArray());
        var signature = new byte[64];
        Es256.Sign(read, Message, signature);
        Assert.True(Es256.Verify(key.PublicKey.Span, Message, signature));
    }

    [Fact]
    public void A_key_of_another_curve_is_refused()
    {
        using var other = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        Assert.Throws<CryptographicException>(() => P256PrivateKey.FromPkcs8(other.ExportPkcs8PrivateKey()));
    }

    [Fact]
    public void Es256_refuses_every_altered_byte_and_every_wrong_length()
    {
        using P256PrivateKey key = P256.GenerateKey();
        var signature = new byte[64];
        new Es256Signer(key).Sign(Message, signature);
        Assert.True(SignatureVerifier.Verify(SignatureAlgorithm.Es256, key.PublicKey.Span, Message, signature));
        for (int i = 0; i < 64; i++)
        {
            byte[] altered = [.. signature];
            altered[i] ^= 0x10;
            Assert.False(Es256.Verify(key.PublicKey.Span, Message, altered));
        }
        Assert.False(Es256.Verify(key.PublicKey.Span, Message, signature.AsSpan(1)));
        Assert.False(Es256.Verify(key.PublicKey.Span, Message, new byte[64]));
        Assert.False(Es256.Verify(key.PublicKey.Span, [], signature));
    }
}
