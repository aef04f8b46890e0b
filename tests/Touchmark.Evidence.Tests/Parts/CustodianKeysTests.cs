using System.Security.Cryptography;
using System.Text.Json;
using Touchmark.Evidence.Parts;

namespace Touchmark.Evidence.Tests.Parts;

public sealed class CustodianKeysTests
{
    public static TheoryData<string> Derivations { get; } = [.. Vectors.Json("custody/keys.json").EnumerateArray().Select(entry => entry.GetRawText())];

    [Theory]
    [MemberData(nameof(Derivations))]
    public void Keys_and_pseudonym_of_a_custodian_follow_from_its_root_and_the_part(string vector)
    {
        var expected = JsonDocument.Parse(vector).RootElement;
        Assert.True(PartId.TryParse(expected.GetProperty("part_id").GetString(), out var part, out _));
        using var keys = CustodianKeys.Derive(Convert.FromHexString(expected.GetProperty("root").GetString()!), part);
        Assert.Equal(expected.GetProperty("ed25519_key").GetString(), Convert.ToHexStringLower(keys.Ed25519Key.Span));
        Assert.Equal(expected.GetProperty("ml_dsa_65_key_sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(keys.MlDsa65Key.Span)));
        Assert.Equal(expected.GetProperty("pseudonym").GetString(), keys.Pseudonym);
        Assert.Equal($"custodian/{keys.Pseudonym}", keys.Signer.Issuer);
    }

    [Fact]
    public void One_root_has_nothing_in_common_under_two_parts()
    {
        var root = Workshop.Bytes("root");
        using var one = CustodianKeys.Derive(root, PartId.Create());
        using var other = CustodianKeys.Derive(root, PartId.Create());
        Assert.NotEqual(one.Pseudonym, other.Pseudonym);
        Assert.NotEqual(one.Ed25519Key.ToArray(), other.Ed25519Key.ToArray());
        Assert.NotEqual(one.MlDsa65Key.ToArray(), other.MlDsa65Key.ToArray());
    }

    [Fact]
    public void Root_of_another_length_is_a_mistake_of_the_caller() =>
        Assert.Throws<ArgumentException>(() => CustodianKeys.Derive(new byte[31], PartId.Create()));
}
