using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Verification.Vault;

/// <summary>Whether the vault beside the printer bears out a print certificate (spec/bundle.md, Print certificates).</summary>
internal static class EndorsementRules
{
    private const string Id = "certificate.vault";

    /// <summary>Checks the vault's statements beside a certificate, and takes them out of <paramref name="others"/>.</summary>
    public static void Check(Checks checks, PrintCertificate certificate, Statement statement, List<RelatedStatement> others, TrustStore trust, DateTimeOffset now)
    {
        if (certificate.Vault is not { } reference)
        {
            checks.Skip(Id, "No vault stood beside the printer: engine and gateway alone bear out what was printed.");
            return;
        }
        if (others.TakeFirst(other => other.Statement.ContentType == CertificateEndorsement.ContentType) is not { } endorsement || others.Find(IsCertificate) is not { Statement: { Issuer: var customer } })
        {
            others.RemoveAll(IsOfVault);
            checks.Skip(Id, $"The certificate names a bundle of vault {reference.VaultId}, and the file does not hold the vault's endorsement.");
            return;
        }
        if (trust.Keys.All(key => key.Name != customer))
        {
            others.RemoveAll(IsOfVault);
            checks.Skip(Id, $"The vault's endorsement was not checked: the keys of {customer} are not pinned here.", ("issuer", customer));
            return;
        }
        var papers = new VaultPapers(customer[(customer.IndexOf('/', StringComparison.Ordinal) + 1)..], reference.VaultId, trust, now);
        while (others.TakeFirst(IsCertificate) is { } paper)
        {
            papers.TakeOfRoot(checks, "vault", paper.Part, paper.Statement);
        }
        while (others.TakeFirst(other => other.Statement.ContentType == KeyRevocation.ContentType) is { } revocation)
        {
            papers.TakeOfRoot(checks, "revocation", revocation.Part, revocation.Statement);
        }
        papers.Settle();
        if (papers.OfVault<CertificateEndorsement>(checks, "endorsement", endorsement.Part, endorsement.Statement) is { } said)
        {
            checks.Require(said.CertificateSha256.Span.SequenceEqual(statement.Sha256.Span) && said.CertificateId == certificate.CertificateId && said.VaultId == reference.VaultId
                && said.BundleSha256.Span.SequenceEqual(reference.BundleSha256.Span), Id,
                $"Vault {reference.VaultId} beside the printer endorsed the certificate.", "The vault's endorsement is of another certificate, or of another bundle.",
                ("certificate_id", said.CertificateId.ToString()), ("vault_id", said.VaultId.ToString()));
        }
        CheckBundle(checks, certificate, reference, others, papers);
    }

    private static void CheckBundle(Checks checks, PrintCertificate certificate, VaultReference reference, List<RelatedStatement> others, VaultPapers papers)
    {
        const string BundleId = "certificate.bundle";
        if (others.TakeFirst(other => other.Statement.ContentType == EvidenceBundle.ContentType) is not { } found)
        {
            checks.Skip(BundleId, "The file does not hold the vault's bundle.");
            return;
        }
        if (papers.OfVault<EvidenceBundle>(checks, "bundle", found.Part, found.Statement) is { } bundle)
        {
            checks.Require(found.Statement.Sha256.Span.SequenceEqual(reference.BundleSha256.Span) && bundle.PrinterId == certificate.PrinterId
                && bundle.GCodeSha256.Span.SequenceEqual(certificate.SliceSha256.Span), BundleId,
                "The vault's bundle tells of the same toolpath on the same printer.", "The vault's bundle tells of another toolpath or printer than the certificate.",
                ("bundle_sha256", StatementVerifier.Hex(found.Statement.Sha256)), ("gcode_sha256", StatementVerifier.Hex(bundle.GCodeSha256)));
        }
    }

    private static bool IsCertificate(RelatedStatement other) => other.Statement.ContentType == VaultCertificate.ContentType;

    private static bool IsOfVault(RelatedStatement other) =>
        IsCertificate(other) || other.Statement.ContentType == CertificateEndorsement.ContentType
        || other.Statement.ContentType == EvidenceBundle.ContentType || other.Statement.ContentType == KeyRevocation.ContentType;
}
