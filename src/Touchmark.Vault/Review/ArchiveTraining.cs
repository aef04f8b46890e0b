using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification;
using Touchmark.Evidence.Verification.Archives;
using Touchmark.Hosting.Problems;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Review;

/// <summary>
/// Learns from an exported archive alone, of this vault or of another: what the review knew when it was exported, by what bundles say. Features of samples and toolpaths are in no archive, so models of a site that
/// sends them come out other than the vault's own. Nothing is learned from an archive that does not verify.
/// </summary>
internal static class ArchiveTraining
{
    /// <param name="archive">Seekable.</param>
    /// <param name="pin">Of the root, from paper; null to go by <paramref name="trust"/>.</param>
    /// <param name="trust">The root that a vault believes.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancel">Stops it.</param>
    public static async Task<Outcome<ReviewModels>> TrainAsync(Stream archive, RootPin? pin, TrustStore trust, DateTimeOffset now, CancellationToken cancel)
    {
        var verified = (await ArchiveVerifier.VerifyAsync(archive, pin, trust, now, maximumAge: null, cancel)).Verdict;
        if (!verified.IsValid)
        {
            return Refusal.Invalid("ARCHIVE_NOT_BELIEVED", verified.Checks.First(check => check.Outcome == CheckOutcome.Failed).Words, "Look at it: touchmark verify ARCHIVE --root-pin PIN.");
        }

        var models = new ReviewModels();
        // Those that a reviewer may still have something to say about.
        var found = new Dictionary<string, EvidenceBundle>(StringComparer.Ordinal);
        await foreach (var stated in ArchiveStatements.ReadAsync(archive, cancel))
        {
            var entry = new ManifestEntry(stated.Index, stated.Envelope, stated.Statement, stated.Document);
            if (entry.Read<EvidenceBundle>() is { } bundle)
            {
                models.Take(bundle, Observation.Of(bundle));
                if (bundle.Signals.Any(signal => signal.Score >= Signals.Finding))
                {
                    found[Convert.ToHexStringLower(entry.Sha256)] = bundle;
                }
            }
            else if (entry.Read<FindingReview>() is { } review && ReviewModels.Teaches(review) && found.TryGetValue(Convert.ToHexStringLower(review.BundleSha256.Span), out var reviewed))
            {
                models.Settle(review.Signal, reviewed, Observation.Of(reviewed));
            }

            models.Through = stated.Index;
        }

        return models;
    }
}
