using System.Security.Cryptography;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests;

internal sealed partial class VaultWorkshop
{
    /// <summary>An engine's evidence file about a print beside a vault, by what is special about it, and the check that fails; null where none does.</summary>
    public static IReadOnlyDictionary<string, string?> Endorsements { get; } = new Dictionary<string, string?>
    {
        ["a print without a vault"] = null,
        ["a certificate that its vault endorsed"] = null,
        ["an endorsement without the bundle"] = null,
        ["a certificate that names a bundle, and no endorsement"] = null,
        ["an endorsement by a vault whose root is not pinned"] = null,
        ["an endorsement of another certificate"] = "certificate.vault",
        ["an endorsement of another bundle"] = "certificate.vault",
        ["an endorsement by an officer"] = "endorsement.issuer",
        ["an endorsement by keys that were revoked"] = "endorsement.signature",
        ["a bundle of another toolpath"] = "certificate.bundle",
        ["a vault certificate by somebody who is not pinned"] = null,
        ["two endorsements"] = "file.related",
        ["statements of a vault beside a certificate that names none"] = "file.related",
    };

    /// <summary>Whether the verifier of such a file has pinned the customer's root too.</summary>
    public static bool IsRootPinned(string what) => what != "an endorsement by a vault whose root is not pinned";

    public TrustStore TrustOf(string what, Workshop workshop) => IsRootPinned(what) ? workshop.Trust.With(Trust.Keys) : workshop.Trust;

    public EvidenceFile Endorsed(string what, Workshop workshop)
    {
        var bundle = Sign(Vault, what == "a bundle of another toolpath" ? Bundle with { GCodeSha256 = Workshop.Bytes("another toolpath") } : Bundle, Signed);
        var isNamed = what is not ("a print without a vault" or "statements of a vault beside a certificate that names none");
        var file = workshop.File(certificate => isNamed ? certificate with { Vault = new(bundle.Sha256, VaultId) } : certificate);
        var paper = Sign(what == "a vault certificate by somebody who is not pinned" ? Anna : Root, Certificate, Certificate.ValidFrom);
        var said = new CertificateEndorsement
        {
            CertificateId = Workshop.Id(5), CertificateSha256 = what == "an endorsement of another certificate" ? Workshop.Bytes("another certificate") : SHA256.HashData(file.Subject.Envelope.Span),
            VaultId = VaultId, BundleSha256 = what == "an endorsement of another bundle" ? Workshop.Bytes("another bundle") : bundle.Sha256, At = Signed.AddMinutes(40),
        };
        var endorsement = Sign(what == "an endorsement by an officer" ? Anna : Vault, said, said.At);
        var revocation = Revocation with { RevokedStatement = paper.Sha256, RevokedAt = Signed.AddMinutes(10) };
        List<SignedStatement> beside = what switch
        {
            "a print without a vault" or "a certificate that names a bundle, and no endorsement" => [],
            "an endorsement without the bundle" => [endorsement, paper],
            "an endorsement by keys that were revoked" => [bundle, endorsement, paper, Sign(Root, revocation, revocation.RevokedAt)],
            "two endorsements" => [bundle, endorsement, paper, Sign(Vault, said with { At = Signed.AddMinutes(41) }, Signed.AddMinutes(41))],
            _ => [bundle, endorsement, paper],
        };
        return file with { Related = [.. file.Related, .. beside.Select(statement => statement.ToPart())] };
    }
}
