using System.Globalization;
using Touchmark.Cryptography;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Verification.Vault;

/// <summary>Whether a bundle agrees with the papers of its vault: the table of spec/bundle.md, Verification. Its signatures are checked elsewhere.</summary>
internal static class BundleRules
{
    /// <param name="checks">Where the checks go.</param>
    /// <param name="bundle">What the vault says.</param>
    /// <param name="statement">The statement that says it.</param>
    /// <param name="index">Its place in the manifest, or null where that is not known.</param>
    /// <param name="papers">Settled, with everything taken.</param>
    public static void Check(Checks checks, EvidenceBundle bundle, Statement statement, long? index, VaultPapers papers)
    {
        if (papers.CertificateOf(statement.Primary) is not { Certificate: var certificate } found)
        {
            checks.Fail("bundle.vault", "There is no certificate of the keys that signed the bundle.", ("key_id", StatementVerifier.Hex(statement.Primary.KeyId)));
            return;
        }
        checks.Require(bundle.PrinterId == certificate.PrinterId && bundle.CustomerId == certificate.CustomerId && bundle.VaultId == certificate.VaultId
            && statement.IssuedAt?.ToUnixTimeSeconds() == bundle.SignedAt.ToUnixTimeSeconds(),
            "bundle.vault", "The vault that signed is certified for this printer, and signed at the time that the bundle says.",
            "Printer, customer, vault or time of the bundle are not those of its certificate and its signature.",
            ("printer_id", bundle.PrinterId.ToString()), ("certified_printer_id", certificate.PrinterId.ToString()), ("signed_at", StatementVerifier.Text(bundle.SignedAt)));
        CheckRevocation(checks, bundle, index, found.Revocation, found.RevocationIndex);
        CheckCustody(checks, bundle.KeyCustody, certificate);
        CheckMode(checks, bundle);
        CheckOperator(checks, bundle, certificate.Keys.Primary);
        CheckFirmware(checks, bundle, papers);
        CheckSlicer(checks, bundle.SlicerAttest, papers);
        if (bundle.Signals.Count > 0)
        {
            checks.Skip("bundle.signals", $"Models judged the print ({string.Join("; ", bundle.Signals.Select(signal => $"{signal.Name} {Figure(signal.Score)}: {signal.Reason}"))}). That decides nothing about its validity.");
        }
    }

    private static void CheckRevocation(Checks checks, EvidenceBundle bundle, long? index, KeyRevocation? revocation, long? revokedIndex)
    {
        if (revocation is null)
        {
            checks.Skip("bundle.revocation", "No revocation of the vault's keys is at hand. Whether there is one, the customer's manifest tells.");
            return;
        }
        checks.Require(bundle.SignedAt < revocation.RevokedAt && !(index > revokedIndex), "bundle.revocation",
            $"The vault's keys were revoked only after the bundle was signed ({KeyRevocation.NameOf(revocation.Reason)}).",
            $"The vault's keys were revoked when the bundle was signed, or when it was entered in the manifest ({KeyRevocation.NameOf(revocation.Reason)}).",
            ("signed_at", StatementVerifier.Text(bundle.SignedAt)), ("revoked_at", StatementVerifier.Text(revocation.RevokedAt)));
    }

    private static void CheckCustody(Checks checks, KeyCustodies said, VaultCertificate certificate)
    {
        var (primary, shadow) = (certificate.Keys.Primary, certificate.Keys.Shadow);
        checks.Require(said.Primary == primary.Custody && said.Shadow == shadow.Custody, "bundle.custody",
            $"The {TrustStoreJson.NameOf(primary.Algorithm)} key {Held(primary.Custody)}; the ML-DSA-65 key {Held(shadow.Custody)}.",
            "The bundle says that its keys are held otherwise than they were certified.",
            ("primary", VaultKey.NameOf(said.Primary)), ("certified_primary", VaultKey.NameOf(primary.Custody)),
            ("shadow", VaultKey.NameOf(said.Shadow)), ("certified_shadow", VaultKey.NameOf(shadow.Custody)));
    }

    private static string Held(KeyCustody custody) => custody == KeyCustody.Token ? "never left its token" : "is held by software, from a seed that a key of the token wraps";

    private static void CheckMode(Checks checks, EvidenceBundle bundle)
    {
        if (bundle.IsDegraded)
        {
            checks.Skip("bundle.mode", $"The vault signed in DEGRADED mode: {string.Join(' ', bundle.DegradedReasons)}");
        }
        else
        {
            checks.Pass("bundle.mode", "The vault was in normal mode.");
        }
    }

    private static void CheckOperator(Checks checks, EvidenceBundle bundle, VaultKey key)
    {
        if (bundle.OperatorBinding is not { } operation)
        {
            checks.Skip("bundle.operator", "No operator's session is bound to the bundle.");
            return;
        }
        checks.Require(SignatureVerifier.Verify(key.Algorithm, key.PublicKey.Span, OperatorBinding.Message(operation.TokenSha256.Span, bundle.BundleId), operation.Signature.Span),
            "bundle.operator", $"The vault bound the session of {operation.Subject} to the bundle, whom {operation.Idp} knows.",
            "The signature that binds an operator's session to the bundle is wrong.", ("idp", operation.Idp), ("subject", operation.Subject));
    }

    private static void CheckFirmware(Checks checks, EvidenceBundle bundle, VaultPapers papers)
    {
        const string Id = "bundle.firmware";
        if (bundle.Firmware.State != FirmwareState.Approved)
        {
            checks.Skip(Id, bundle.Firmware.State == FirmwareState.Unknown ? $"The printer's firmware is unknown. {bundle.Firmware.Reason}" : $"The printer's firmware is NOT APPROVED by two officers. {bundle.Firmware.Reason}");
            return;
        }
        var officers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var sha256 in bundle.Firmware.Approvals)
        {
            if (papers.Approval(sha256) is { Approval: var approval, Issuer: var issuer }
                && approval.Covers(bundle.FirmwareSha256.GetValueOrDefault().Span, bundle.PrinterId) && approval.ApprovedAt <= bundle.SignedAt)
            {
                officers.Add(issuer);
            }
        }
        checks.Require(officers.Count >= 2, Id, $"The printer's firmware was approved by {officers.Count} officers.",
            "The bundle says that the printer's firmware was approved, and the approvals of two different officers for it are not at hand.",
            ("officers", string.Join(' ', officers)), ("firmware_sha256", StatementVerifier.Hex(bundle.FirmwareSha256.GetValueOrDefault())));
    }

    private static void CheckSlicer(Checks checks, SlicerAttest attest, VaultPapers papers)
    {
        const string Id = "bundle.slicer";
        if (attest.Level != SlicerLevel.Attested)
        {
            checks.Skip(Id, attest.Level == SlicerLevel.Unknown ? $"Nothing says which slicer made the toolpath. {attest.Reason}"
                : $"The toolpath says that {attest.Name} made it, and nobody vouches for that. {attest.Reason}");
            return;
        }
        var build = attest.BuildSha256.GetValueOrDefault();
        var slicer = papers.Slicer(attest.ManifestSha256.GetValueOrDefault());
        checks.Require(slicer is not null && slicer.Slicer == attest.Name && slicer.Version == attest.Version && slicer.Files.Any(file => file.Sha256.Span.SequenceEqual(build.Span)),
            Id, $"The toolpath was made by {attest.Name} {attest.Version}, a build that the customer knows.",
            "The bundle says that a known build of a slicer made the toolpath, and the manifest at hand does not bear that out.",
            ("name", attest.Name ?? ""), ("version", attest.Version ?? ""), ("build_sha256", StatementVerifier.Hex(build)));
    }

    private static string Figure(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
