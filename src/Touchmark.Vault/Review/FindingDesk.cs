using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Review;

/// <summary>Enters what reviewers make of findings.</summary>
internal sealed class FindingDesk(Findings findings, Database database, ManifestBook manifest, TimeProvider time)
{
    /// <summary>Longest comment, characters.</summary>
    public const int MaxComment = 1024;

    /// <summary>Longest name of somebody who decides through another, characters.</summary>
    public const int MaxFor = 128;

    /// <summary>Enters a reviewer's decision in the manifest; the finding as it is then, with the statement. Each finding is decided once.</summary>
    public async Task<Outcome<DecidedFinding>> DecideAsync(Guid bundleId, string signal, bool accepts, string comment, string reviewer, CancellationToken cancel)
    {
        if (await findings.FindAsync(bundleId, signal, cancel) is null)
        {
            return Refusal.NotFound("There is no such finding.", "GET /v3/findings lists them.").With("bundle_id", bundleId).With("signal", signal);
        }

        if (!(await manifest.EnterAsync(cancel)).Has(out var turn, out var refusal))
        {
            return refusal;
        }

        ReadOnlyMemory<byte> statement;
        await using (turn)
        {
            // In the turn nobody else decides, and what was decided before is in the index.
            var row = await database.FirstOrDefaultAsync<Undecided>("select bundle_sha256, state from review_findings where bundle_id = @BundleId and signal = @Signal", new { BundleId = bundleId, Signal = signal }, cancel);
            if (row?.State != (long)FindingState.Open)
            {
                return Refusal.Conflict("FINDING_DECIDED", "This finding was decided before.", "A decision stands in the manifest and is not taken back; say what has changed in the review of a later one.").With("bundle_id", bundleId).With("signal", signal);
            }

            var now = time.GetUtcNow();
            var stated = await turn.StateAsync(
                new FindingReview
                {
                    ReviewId = Guid.CreateVersion7(now), CustomerId = turn.Identity.Certificate.CustomerId, BundleSha256 = row.BundleSha256, BundleId = bundleId, Signal = signal, Accepts = accepts,
                    Comment = comment, Reviewer = reviewer, At = now,
                }, now);
            if (!stated.Has(out var entry, out refusal))
            {
                return refusal;
            }

            statement = entry.Envelope;
        }

        return new DecidedFinding((await findings.FindAsync(bundleId, signal, cancel))!, statement);
    }

    private sealed record Undecided
    {
        public byte[] BundleSha256 { get; init; } = [];

        public long State { get; init; }
    }
}

/// <summary>A finding that somebody has just decided.</summary>
/// <param name="Finding">As it is now.</param>
/// <param name="Statement">The signed decision, as it stands in the manifest.</param>
internal sealed record DecidedFinding(Finding Finding, ReadOnlyMemory<byte> Statement);
