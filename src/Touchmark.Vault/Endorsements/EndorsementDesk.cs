using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Problems;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Endorsements;

/// <summary>Counter-signs certificates: one statement for each, whatever is asked how often.</summary>
internal sealed class EndorsementDesk(ManifestBook manifest, ManifestIndex index, TimeProvider time)
{
    public async Task<Outcome<ManifestEntry>> EndorseAsync(EndorsementForm form, CancellationToken cancel)
    {
        if (HexHash.TryRead(form.CertificateSha256) is not { } certificate || HexHash.TryRead(form.BundleSha256) is not { } bundleHash)
        {
            return Refusal.Invalid("HASH_REFUSED", "certificate_sha256 and bundle_sha256 are hashes of 64 hexadecimal digits.", "Send SHA-256 of the two statements.");
        }

        if (await index.FindAsync(bundleHash, cancel) is not { } bundle || bundle.Read<EvidenceBundle>() is null)
        {
            return Refusal.NotFound("This vault has signed no such bundle.", "Have the job's bundle signed first; bundle_sha256 is the sha256 of that answer.");
        }

        if (!(await manifest.EnterAsync(cancel)).Has(out var turn, out var refusal))
        {
            return refusal;
        }

        await using (turn)
        {
            var endorsement = new CertificateEndorsement
            {
                CertificateId = form.CertificateId, CertificateSha256 = certificate, VaultId = turn.Identity.Certificate.VaultId, BundleSha256 = bundleHash, At = time.GetUtcNow(),
            };
            if (await index.FindAsync(endorsement.Subject, cancel) is { } there && there.Read<CertificateEndorsement>() is { } said)
            {
                return said.CertificateSha256.Span.SequenceEqual(certificate) && said.BundleSha256.Span.SequenceEqual(bundleHash) ? there
                    : Refusal.Conflict("ENDORSED_OTHERWISE", "The certificate was endorsed before, and not with these hashes.", "A certificate is endorsed once; a changed one has another id.")
                        .With("certificate_id", form.CertificateId);
            }

            return await turn.StateAsync(endorsement, endorsement.At);
        }
    }
}
