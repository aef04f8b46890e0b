using System.Security.Cryptography;
using Touchmark.Cryptography.Pkcs11;

namespace Touchmark.Cryptography.Tests.Pkcs11;

public sealed class TokenTests
{
    [Theory]
    [InlineData(SignatureAlgorithm.Ed25519)]
    [InlineData(SignatureAlgorithm.Es256)]
    public void A_key_made_in_the_token_signs_what_everybody_can_verify(SignatureAlgorithm algorithm)
    {
        using Token token = SoftHsm.Instance.NewConnectedToken();
        Assert.True(token.Offers(algorithm));
        TokenSigner signer = token.CreateSigner("primary", algorithm);
        var signature = new byte[algorithm.SignatureSize()];
        byte[] message = [.. Enumerable.Range(0, 5000).Select(i => (byte)i)];
        signer.Sign(message, signature);
        Assert.True(SignatureVerifier.Verify(algorithm, signer.PublicKey.Span, message, signature));
        Assert.Equal(KeyId.Of(algorithm, signer.PublicKey.Span), signer.KeyId.ToArray());
        TokenSigner again = token.FindSigner("primary", algorithm)!;
        Assert.Equal(signer.PublicKey.ToArray(), again.PublicKey.ToArray());
        again.Sign("another"u8, signature);
        Assert.True(SignatureVerifier.Verify(algorithm, signer.PublicKey.Span, "another"u8, signature));
    }

    [Fact]
    public void A_key_is_never_overwritten_and_gone_when_destroyed()
    {
        using Token token = SoftHsm.Instance.NewConnectedToken();
        TokenSigner signer = token.CreateSigner("primary", SignatureAlgorithm.Ed25519);
        Assert.Throws<InvalidOperationException>(() => token.CreateSigner("primary", SignatureAlgorithm.Ed25519));
        token.DestroyKeys("primary");
        Assert.Null(token.FindSigner("primary", SignatureAlgorithm.Ed25519));
        Assert.ThrowsAny<Exception>(() => signer.Sign("after"u8, new byte[64]));
    }

    [Fact]
    public void A_token_says_who_it_is_and_offers_what_it_can()
    {
        using Token token = SoftHsm.Instance.NewConnectedToken();
        Assert.Equal("SoftHSM project", token.Info!.Manufacturer);
        Assert.StartsWith("test ", token.Info.Label, StringComparison.Ordinal);
        Assert.NotEmpty(token.Info.Serial);
        Assert.Matches("^.+ [0-9]+[.][0-9]+$", token.Info.Library);
        Assert.False(token.Offers(SignatureAlgorithm.MlDsa65));
        Assert.Throws<NotSupportedException>(() => token.CreateSigner("shadow", SignatureAlgorithm.MlDsa65));
    }

    [Fact]
    public async Task Many_threads_sign_with_one_key_at_once()
    {
        using Token token = SoftHsm.Instance.NewConnectedToken();
        TokenSigner signer = token.CreateSigner("primary", SignatureAlgorithm.Ed25519);
        var signatures = await Task.WhenAll(Enumerable.Range(0, 24).Select(thread => Task.Run(() => Enumerable.Range(0, 40).Count(n =>
        {
            var signature = new byte[64];
            byte[] message = [(byte)thread, (byte)n];
            signer.Sign(message, signature);
            return Ed25519.Verify(signer.PublicKey.Span, message, signature);
        }))));
        Assert.Equal(24 * 40, signatures.Sum());
    }

    [Fact]
    public void A_secret_sealed_by_the_token_opens_there_under_its_name_and_unaltered_alone()
    {
        using Token token = SoftHsm.Instance.NewConnectedToken();
        using LockedBuffer seed = LockedBuffer.Random(32);
        byte[] box = TokenSeal.Seal(token, "seed of the shadow key", seed.Span);
        using (LockedBuffer back = TokenSeal.Open(token, "seed of the shadow key", box))
            Assert.Equal(seed.Span.ToArray(), back.Span.ToArray());
        Assert.Equal(-1, box.AsSpan().IndexOf(seed.Span));
        Assert.All(Enumerable.Range(0, box.Length), i =>
        {
            byte[] altered = [.. box];
            altered[i] ^= 1;
            Assert.ThrowsAny<CryptographicException>(() => TokenSeal.Open(token, "seed of the shadow key", altered).Dispose());
        });
        Assert.Throws<TokenAbsentException>(() => TokenSeal.Open(token, "another", box).Dispose());
    }

    [Fact]
    public void Data_in_the_token_is_read_back_destroyed_and_not_seen_by_another_token()
    {
        using Token token = SoftHsm.Instance.NewConnectedToken();
        using Token other = SoftHsm.Instance.NewConnectedToken();
        Assert.Empty(token.ReadData("counter"));
        token.CreateData("counter", [1, 2, 3]);
        token.CreateData("counter", [4, 5]);
        token.CreateData("another", [6]);
        Assert.Equal([[1, 2, 3], [4, 5]], token.ReadData("counter").OrderBy(value => value[0]));
        Assert.Empty(other.ReadData("counter"));
        token.DestroyData("counter", _ => value => value[0] == 1);
        Assert.Equal([[4, 5]], token.ReadData("counter"));
        Assert.Equal([[6]], token.ReadData("another"));
    }

    [Fact]
    public void A_wrong_PIN_an_absent_token_and_a_file_that_is_no_module_are_told_by_name()
    {
        SoftHsm hsm = SoftHsm.Instance;
        using var wrong = new Token(hsm.Module, hsm.NewToken(), serial: null, SoftHsm.Pin("0000"), TimeSpan.Zero);
        var refusal = Assert.Throws<Pkcs11Exception>(wrong.Connect);
        Assert.Equal((CkResult.CKR_PIN_INCORRECT, "C_Login"), (refusal.Result, refusal.Function));
        Assert.Contains("CKR_PIN_INCORRECT", refusal.Message, StringComparison.Ordinal);
        using var absent = new Token(hsm.Module, "no such token", serial: null, SoftHsm.Pin(), TimeSpan.Zero);
        Assert.Contains("no such token", Assert.Throws<TokenAbsentException>(absent.Connect).Message, StringComparison.Ordinal);
        Assert.Throws<DllNotFoundException>(() => Pkcs11Module.Load("/nonexistent/module.so"));
        Assert.Throws<EntryPointNotFoundException>(() => Pkcs11Module.Load("libc.so.6"));
    }
}
