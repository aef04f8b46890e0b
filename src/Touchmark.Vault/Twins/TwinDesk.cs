using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Problems;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Twins;

/// <summary>A draft that is in the manifest.</summary>
/// <param name="Entry">Its statement.</param>
/// <param name="Draft">What it says.</param>
/// <param name="IsNew">Whether this request made it.</param>
internal sealed record EnteredDraft(ManifestEntry Entry, TwinCertificate Draft, bool IsNew);

/// <summary>Keeps the drafts of twins, and completes them when their part was built.</summary>
internal sealed class TwinDesk(ManifestBook manifest, ManifestIndex index, TwinIndex twins, TimeProvider time)
{
    private const int MostAtATime = 100;

    /// <summary>Makes a draft, or finds the one that is the same.</summary>
    public async Task<Outcome<EnteredDraft>> DraftAsync(TwinForm form, CancellationToken cancel)
    {
        if (!(await manifest.EnterAsync(cancel)).Has(out var turn, out var refusal))
        {
            return refusal;
        }

        await using (turn)
        {
            var now = time.GetUtcNow();
            if (!form.ToDraft(turn.Identity.Certificate.CustomerId, now).Has(out var draft, out refusal))
            {
                return refusal;
            }

            if (await twins.FindAsync(draft.TwinId, cancel) is { } row && await index.FindAsync(row.DraftIndex, cancel) is { } known && known.Read<TwinCertificate>() is { } first)
            {
                return IsSame(first, draft) ? new EnteredDraft(known, first, IsNew: false)
                    : Refusal.Conflict("TWIN_DIFFERS", "There is a draft of this twin, and not with this content.", "Another design needs another twin_id.").With("twin_id", draft.TwinId);
            }

            return (await turn.StateAsync(draft, now)).Has(out var entry, out refusal) ? new EnteredDraft(entry, draft, IsNew: true) : refusal;
        }
    }

    /// <summary>The draft that a job refers to; refused when there is none, when its part was built, or when it is of another toolpath.</summary>
    public async Task<Outcome<TwinReference>> FindDraftAsync(Guid twinId, ReadOnlyMemory<byte> gcodeSha256, CancellationToken cancel)
    {
        if (await twins.FindAsync(twinId, cancel) is not { } row || await index.FindAsync(row.DraftIndex, cancel) is not { } entry || entry.Read<TwinCertificate>() is not { } draft)
        {
            return Refusal.NotFound($"There is no draft of the twin {twinId:D}.", "Make the draft first: POST /v3/twins.").With("twin_id", twinId);
        }

        if (row.BundleIndex is not null)
        {
            return Refusal.Conflict("TWIN_BUILT", "The part of this twin was built: a twin is of one part.", "Make a draft for this part: POST /v3/twins.").With("twin_id", twinId);
        }

        return draft.AsSliced is { } sliced && !sliced.GCodeSha256.Span.SequenceEqual(gcodeSha256.Span)
            ? Refusal.Conflict("TWIN_SLICED_OTHERWISE", "The draft of the twin is of another toolpath than the job.", "Name the twin of this toolpath, or make a draft for it: POST /v3/twins.")
                .With("twin_id", twinId).With("draft_gcode_sha256", Convert.ToHexStringLower(sliced.GCodeSha256.Span)).With("job_gcode_sha256", Convert.ToHexStringLower(gcodeSha256.Span))
            : new TwinReference(twinId, entry.Sha256);
    }

    /// <summary>A bundle that refers to a twin was entered: its completion follows in the same turn.</summary>
    public async ValueTask<Outcome<ManifestEntry?>> CompleteAsync(ManifestTurn turn, EvidenceBundle bundle, ManifestEntry entry)
    {
        if (bundle.TwinCertRef is not { } twin || (await index.FindAsync(twin.DraftSha256, CancellationToken.None))?.Read<TwinCertificate>() is not { } draft)
        {
            return Outcome.Of<ManifestEntry?>(null);
        }

        var slicer = bundle.SlicerAttest;
        var completion = draft with
        {
            MadeAt = time.GetUtcNow(),
            AsSliced = draft.AsSliced ?? new(bundle.GCodeSha256, slicer.Name is { } name ? $"{name} {slicer.Version}".TrimEnd() : "unknown"),
            AsBuilt = new(entry.Sha256, bundle.BundleId, null),
            DraftSha256 = twin.DraftSha256,
        };
        return (await turn.StateAsync(completion, completion.MadeAt)).Has(out var entered, out var refusal) ? entered : refusal;
    }

    /// <summary>Completes what was built and not completed, because the vault ended between the two.</summary>
    public async Task CatchUpAsync(CancellationToken cancel)
    {
        if ((await twins.BuiltAsync(1, cancel)).Count == 0 || !(await manifest.EnterAsync(cancel)).Has(out var turn, out _))
        {
            return;
        }

        await using (turn)
        {
            foreach (var row in await twins.BuiltAsync(MostAtATime, cancel))
            {
                if (await index.FindAsync(row.BundleIndex!.Value, cancel) is { } entry && entry.Read<EvidenceBundle>() is { } bundle && !(await CompleteAsync(turn, bundle, entry)).Has(out _, out _))
                {
                    return;
                }
            }
        }
    }

    /// <summary>All but the time.</summary>
    private static bool IsSame(TwinCertificate known, TwinCertificate asked) => Document.Encode(known).AsSpan().SequenceEqual(Document.Encode(asked with { MadeAt = known.MadeAt }));
}
