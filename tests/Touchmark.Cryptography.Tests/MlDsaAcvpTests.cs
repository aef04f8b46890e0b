using System.Security.Cryptography;
using System.Text.Json;
using Touchmark.Cryptography.MlDsa;

namespace Touchmark.Cryptography.Tests;

/// <summary>Holds the managed ML-DSA-65 to vectors of NIST; Acvp/README.md says which.</summary>
public sealed class MlDsaAcvpTests
{
    private static readonly JsonElement Vectors = VectorFile.ReadBesideTests("Acvp/ml-dsa-65.json");
    private static readonly JsonElement Internal = VectorFile.ReadBesideTests("Acvp/ml-dsa-65-internal.json");

    [Fact]
    public void Keys_are_generated_as_NIST_says()
    {
        JsonElement[] cases = [.. Vectors.GetProperty("key_generation").EnumerateArray(), .. Internal.GetProperty("key_generation").EnumerateArray()];
        Assert.Equal(26, cases.Length);
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

    [Fact]
    public void Messages_are_signed_as_NIST_says()
    {
        JsonElement[] cases = [.. Internal.GetProperty("signing").EnumerateArray()];
        Assert.Equal(20, cases.Length);
        Assert.All(cases, test =>
        {
            byte[] secretKey = test.Bytes("secret_key");
            var signature = new byte[MlDsa65.SignatureSize];
            ManagedMlDsa65.SignMu(secretKey, Mu(ManagedMlDsa65.TrOf(secretKey), test.Bytes("message")), test.Bytes("random"), signature);
            Assert.Equal(test.Bytes("signature_sha256"), SHA256.HashData(signature));
        });
    }

    [Fact]
    public void Messages_are_verified_as_NIST_says()
    {
        byte[] publicKey = Internal.Bytes("public_key");
        var tr = new byte[64];
        Hash(tr, publicKey);
        JsonElement[] cases = [.. Internal.GetProperty("verification").EnumerateArray()];
        Assert.Equal(15, cases.Length);
        Assert.All(cases, test => Assert.Equal(
            test.GetProperty("passes").GetBoolean(), ManagedMlDsa65.VerifyMu(publicKey, Mu(tr, test.Bytes("message")), test.Bytes("signature"))));
    }

    /// <summary>The message representative of the internal interface: without the prefix that the external one puts before the message.</summary>
    private static byte[] Mu(ReadOnlySpan<byte> tr, byte[] message)
    {
        var mu = new byte[64];
        Hash(mu, tr, message);
        return mu;
    }

    private static void Hash(Span<byte> output, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second = default)
    {
        var shake = new Shake(new ulong[Keccak.Lanes], Shake.Rate256);
        shake.Absorb(first);
        shake.Absorb(second);
        shake.Squeeze(output);
    }

    private static bool Verifies(JsonElement test, byte[] signature) =>
        ManagedMlDsa65.VerifyMu(test.Bytes("public_key"), test.Bytes("mu"), signature);
}
