using System.Text.Json;
using Touchmark.Cryptography;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Keys;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests.Keys;

public sealed class PairedKeysTests
{
    public static TheoryData<string> Derivations { get; } = [.. Vectors.Json("customer-root/keys.json").EnumerateArray().Select(entry => entry.GetRawText())];

    [Theory]
    [MemberData(nameof(Derivations))]
    public void Both_keys_follow_from_one_seed_purpose_and_name(string vector)
    {
        var expected = JsonElement.Parse(vector);
        using var keys = PairedKeys.Derive(Bytes(expected, "seed"), expected.GetProperty("purpose").GetString()!, expected.GetProperty("name").GetString()!);
        using Ed25519Signer primary = new(Bytes(expected, "ed25519_seed"));
        using MlDsa65Signer shadow = new(Bytes(expected, "ml_dsa_65_seed"));
        Assert.Equal(primary.PublicKey.ToArray(), keys.Ed25519Key.ToArray());
        Assert.Equal(shadow.PublicKey.ToArray(), keys.MlDsa65Key.ToArray());
    }

    [Fact]
    public void Officers_secret_brings_its_own_id()
    {
        using var officer = OfficerKeys.Create(DateTimeOffset.UnixEpoch, out var secret);
        using (secret)
        {
            using var again = OfficerKeys.Open(secret.Span);
            Assert.Equal((officer.OfficerId, Issuers.OfOfficer(officer.OfficerId)), (again!.OfficerId, again.Signer.Issuer));
            Assert.Equal(officer.MlDsa65Key.ToArray(), again.MlDsa65Key.ToArray());
            Assert.Null(OfficerKeys.Open(secret.Span[1..]));
        }
    }

    [Fact]
    public void Public_root_is_two_keys_of_one_customer_and_nothing_else()
    {
        using var keys = PairedKeys.Derive(new byte[PairedKeys.SeedSize], "customer root", "acme.example");
        TrustStore Store(string name) => new(keys.TrustedAs(name, DateTimeOffset.UnixEpoch));
        Assert.Equal("acme.example", PublicRoot.Of(Store("customer/acme.example"))?.CustomerId);
        Assert.Null(PublicRoot.Of(Store("customer/")));
        Assert.Null(PublicRoot.Of(Store("engine.example")));
        Assert.Null(PublicRoot.Of(TrustStore.Empty));
        Assert.Null(PublicRoot.Of(Store("customer/acme.example").With([keys.TrustedAs("customer/other", DateTimeOffset.UnixEpoch)[0] with { PublicKey = new byte[32] }])));
    }

    private static byte[] Bytes(JsonElement vector, string name) => Convert.FromHexString(vector.GetProperty(name).GetString()!);
}
