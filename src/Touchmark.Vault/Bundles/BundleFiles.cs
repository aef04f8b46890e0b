using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Hosting.Problems;
using Touchmark.Log.Notes;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Bundles;

/// <summary>Makes the file that verifies offline: a bundle, the statements that bear on it or that it refers to, and the proof that the manifest has every one of them.</summary>
internal sealed class BundleFiles(ManifestStorage storage, ManifestIndex index, Papers papers)
{
    private const string OfficerPrefix = "officer/";

    /// <exception cref="Log.Storage.LogDamagedException">The manifest's tiles do not lead to its checkpoint.</exception>
    public async Task<Outcome<EvidenceFile>> BuildAsync(ManifestEntry subject, CancellationToken cancel)
    {
        var related = new Dictionary<long, ManifestEntry>();
        foreach (var paper in await papers.OfAsync(subject.Index, cancel))
        {
            related.TryAdd(paper.Index, paper);
        }

        if (subject.Read<EvidenceBundle>() is { } bundle)
        {
            await AddReferencedAsync(related, bundle, cancel);
        }

        // Read after the entries: what is indexed is published.
        if (await storage.CheckpointAsync(cancel) is not { } signed)
        {
            return new Refusal(StatusCodes.Status503ServiceUnavailable, "MANIFEST_NOT_OPEN", "The manifest has no checkpoint.", "Look at the vault's log and storage.");
        }

        return await ProveAsync(subject, [.. related.Values.OrderBy(entry => entry.Index)], signed, cancel);
    }

    private async Task AddReferencedAsync(Dictionary<long, ManifestEntry> related, EvidenceBundle bundle, CancellationToken cancel)
    {
        ReadOnlyMemory<byte>?[] named = [.. bundle.Firmware.Approvals.Select(approval => (ReadOnlyMemory<byte>?)approval), bundle.SlicerAttest.ManifestSha256, bundle.TwinCertRef?.DraftSha256];
        var found = new List<ManifestEntry>();
        foreach (var hash in named.OfType<ReadOnlyMemory<byte>>())
        {
            if (await index.FindAsync(hash, cancel) is { } entry)
            {
                found.Add(entry);
            }
        }

        if (bundle.TwinCertRef is { TwinId: var twin } && await index.FindAsync($"twin-certificate/{twin:D}", cancel) is { } completion)
        {
            found.Add(completion);
        }

        foreach (var entry in found)
        {
            related.TryAdd(entry.Index, entry);
            if (entry.Statement.Issuer.StartsWith(OfficerPrefix, StringComparison.Ordinal)
                && await index.FindAsync($"officer-appointment/{entry.Statement.Issuer[OfficerPrefix.Length..]}", cancel) is { } appointment)
            {
                related.TryAdd(appointment.Index, appointment);
            }
        }
    }

    private async Task<Outcome<EvidenceFile>> ProveAsync(ManifestEntry subject, IReadOnlyList<ManifestEntry> related, SignedCheckpoint signed, CancellationToken cancel)
    {
        var proofs = await storage.TreeOf(signed.Checkpoint).InclusionsAsync(related.Select(entry => entry.Index).Append(subject.Index), cancel);
        return new EvidenceFile(Prove(subject), [.. related.Where(entry => entry.Index != subject.Index).Select(Prove)], signed);

        StatementPart Prove(ManifestEntry entry) => entry.ToPart() with { Proof = new(entry.Index, proofs[entry.Index]) };
    }
}
