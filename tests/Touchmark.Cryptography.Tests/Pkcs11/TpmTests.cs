using Touchmark.Cryptography.Pkcs11;

namespace Touchmark.Cryptography.Tests.Pkcs11;

/// <summary>The same binding over the second module: a TPM behind tpm2-pkcs11.</summary>
public sealed class TpmTests
{
    [Fact]
    public void A_TPM_signs_with_P256_seals_by_RSA_and_keeps_data()
    {
        SoftTpm tpm = SoftTpm.Instance;
        using var token = new Token(tpm.Module, tpm.NewToken(), serial: null, SoftTpm.Pin(), TimeSpan.FromSeconds(30));
        token.Connect();
        Assert.False(token.Offers(SignatureAlgorithm.Ed25519));
        Assert.True(token.Offers(SignatureAlgorithm.Es256));

        TokenSigner signer = token.CreateSigner("primary", SignatureAlgorithm.Es256);
        var signature = new byte[Es256.SignatureSize];
        for (byte n = 0; n < 20; n++)
        {
            signer.Sign([n], signature);
            Assert.True(Es256.Verify(signer.PublicKey.Span, [n], signature));
        }
        Assert.Equal(signer.PublicKey.ToArray(), token.FindSigner("primary", SignatureAlgorithm.Es256)!.PublicKey.ToArray());

        using LockedBuffer seed = LockedBuffer.Random(32);
        byte[] box = TokenSeal.Seal(token, "seed", seed.Span);
        using (LockedBuffer back = TokenSeal.Open(token, "seed", box))
            Assert.Equal(seed.Span.ToArray(), back.Span.ToArray());

        token.CreateData("counter", [1, 2, 3]);
        token.CreateData("counter", [4, 5]);
        token.DestroyData("counter", _ => value => value is [1, ..]);
        Assert.Equal([[4, 5]], token.ReadData("counter"));

        tpm.Module.Reinitialise(TimeSpan.FromSeconds(30));
        signer.Sign("after a new start"u8, signature);
        Assert.Equal([[4, 5]], token.ReadData("counter"));
    }
}
