using System.Security.Cryptography;
using System.Text.Json;
using Touchmark.Cryptography.MlDsa;

namespace Touchmark.Cryptography.Tests;

/// <summary>Holds the managed ML-DSA-65 to vectors of NIST; Acvp/README.md says which.</summary>
public sealed class MlDsaAcvpTests
{
    private static readonly JsonElement Vectors = VectorFile.ReadBesideTests("Acvp/ml-dsa-65.json");

    [Fact]
    public void Keys_are_generated_as_NIST_says()
    {
        JsonElement[] cases = [.. Vectors.GetProperty("key_generation").EnumerateArray()];
        Assert.NotEmpty(cases);
        Assert.All(cases, test =>
        {
            var publicKey = new byte[ManagedMlDsa65.PublicKeySize];
            var secretKey = new byte[ManagedMlDsa65.SecretKeySize];
            ManagedMlDsa65.GenerateKey(test.Bytes("seed"), publicKey, secretKey);
            Assert.Equal(test.Bytes("public_key_sha256"), SHA256.HashData(publicKey));
            Assert.Equal(test.Bytes("secret_key_sha256"), SHA256.HashData(secretKey));
        });
    }

    [Fact]
    public void Signatures_are_accepted_and_refused_as_NIST_says()
    {
        JsonElement[] cases = [.. Vectors.GetProperty("verification").EnumerateArray()];
        Assert.NotEmpty(cases);
        Assert.All(cases, test => Assert.Equal(test.Text("expect") == "success", Verifies(test, test.Bytes("signature"))));
    }

    [Fact]
    public void A_signature_NIST_refuses_is_accepted_once_its_flipped_bit_is_put_right()
    {
        JsonElement test = Assert.Single(Vectors.GetProperty("verification").EnumerateArray(), c => c.Text("expect") == "failure");
        byte[] signature = test.Bytes("signature");
        int bit = test.GetProperty("flipped_bit").GetInt32();
        signature[bit / 8] ^= (byte)(1 << (bit % 8));
        Assert.True(Verifies(test, signature));
    }

    private static bool Verifies(JsonElement test, byte[] signature) =>
        ManagedMlDsa65.VerifyMu(test.Bytes("public_key"), test.Bytes("mu"), signature);
}
