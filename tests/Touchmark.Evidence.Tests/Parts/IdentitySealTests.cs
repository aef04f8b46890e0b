using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Touchmark.Cryptography;
using Touchmark.Evidence.Parts;

namespace Touchmark.Evidence.Tests.Parts;

public sealed class IdentitySealTests
{
    private const string Pseudonym = "05DAW7HKMKRXGSV9";

    public static TheoryData<string> Cases { get; } = [.. Vectors.Json("sealed-identity/sealed-identity.json").EnumerateArray().Select(entry => entry.GetRawText())];

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_another_implementation_sealed_opens_for_whom_it_was_sealed_and_for_nobody_else(string vector)
    {
        var expected = JsonDocument.Parse(vector).RootElement;
        Assert.True(PartId.TryParse(expected.GetProperty("part_id").GetString(), out var part, out _));
        using var key = P256PrivateKey.FromPkcs8(Convert.FromHexString(expected.GetProperty("pkcs8").GetString()!));
        var opened = IdentitySeal.Open(Convert.FromHexString(expected.GetProperty("sealed").GetString()!), key, part, expected.GetProperty("pseudonym").GetString()!);
        Assert.Equal(expected.GetProperty("identity").GetString(), opened);
    }

    [Fact]
    public void Sealed_identity_opens_as_it_was_and_no_altered_byte_of_it_does()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=Regulator", ecdsa, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        using var key = P256PrivateKey.FromPkcs8(ecdsa.ExportPkcs8PrivateKey());
        var part = PartId.Create();
        var identity = IdentitySeal.Seal("Clinic", certificate, part, Pseudonym)!;
        Assert.Equal(IdentitySeal.NameOf(certificate), identity.Regulator.ToArray());
        Assert.Equal("Clinic", IdentitySeal.Open(identity.Sealed.Span, key, part, Pseudonym));
        for (var at = 0; at < identity.Sealed.Length; at++)
        {
            var altered = identity.Sealed.ToArray();
            altered[at] ^= 1;
            Assert.Null(IdentitySeal.Open(altered, key, part, Pseudonym));
        }
    }

    [Fact]
    public void Certificate_with_another_kind_of_key_seals_nothing()
    {
        using var rsa = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=Regulator", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        Assert.Null(IdentitySeal.Seal("Clinic", certificate, PartId.Create(), Pseudonym));
    }
}
