using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Storage;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Review;

/// <summary>What became of a finding. The numbers are in databases: never change or reuse one.</summary>
internal enum FindingState : long
{
    /// <summary>Nobody has decided yet.</summary>
    Open = 0,

    /// <summary>A reviewer takes it for right.</summary>
    Accepted = 1,

    /// <summary>A reviewer takes it for a false alarm.</summary>
    Rejected = 2,
}

/// <summary>A signal of a bundle that somebody has to look at.</summary>
internal sealed record Finding
{
    public Guid BundleId { get; init; }

    public string Signal { get; init; } = "";

    /// <summary>The bundle's place in the manifest.</summary>
    public long LogIndex { get; init; }

    public string JobId { get; init; } = "";

    /// <summary>0.5 to 1.</summary>
    public double Score { get; init; }

    public string Reason { get; init; } = "";

    public DateTimeOffset SignedAt { get; init; }

    public FindingState State { get; init; }

    /// <summary>Who decided; null while it is open.</summary>
    public string? Reviewer { get; init; }

    public string? Comment { get; init; }

    public DateTimeOffset? DecidedAt { get; init; }
}

/// <summary>Knows the findings, and what was decided of them.</summary>
internal sealed class Findings(Database database) : IManifestIndex
{
    private const string Columns = "bundle_id, signal, log_index, job_id, score, reason, signed_at, state, reviewer, comment, decided_at";

    public IReadOnlyList<string> Tables => ["review_findings"];

    public async Task ApplyAsync(Transaction work, ManifestEntry entry, CancellationToken cancel)
    {
        if (entry.Read<EvidenceBundle>() is { } bundle)
        {
            foreach (var signal in bundle.Signals.Where(signal => signal.Score >= Signals.Finding).DistinctBy(signal => signal.Name))
            {
                await work.ExecuteAsync(
                    "insert into review_findings (bundle_id, signal, bundle_sha256, log_index, job_id, score, reason, signed_at, state) values (@BundleId, @Name, @Sha256, @Index, @JobId, @Score, @Reason, @SignedAt, 0)",
                    new { bundle.BundleId, signal.Name, entry.Sha256, entry.Index, bundle.JobId, signal.Score, signal.Reason, bundle.SignedAt }, cancel);
            }
        }
        else if (entry.Read<FindingReview>() is { } review)
        {
            await work.ExecuteAsync(
                "update review_findings set state = @State, reviewer = @Reviewer, comment = @Comment, decided_at = @At where bundle_sha256 = @Sha256 and signal = @Signal and state = 0",
                new { State = (long)(review.Accepts ? FindingState.Accepted : FindingState.Rejected), review.Reviewer, review.Comment, review.At, Sha256 = review.BundleSha256.ToArray(), review.Signal }, cancel);
        }
    }

    /// <summary>Findings, the newest first.</summary>
    /// <param name="state">Only those in this state; null for all.</param>
    /// <param name="signal">Only those of this signal; null for all.</param>
    /// <param name="before">Only those of bundles in front of this place in the manifest; null for no bound.</param>
    /// <param name="most">How many.</param>
    /// <param name="cancel">Stops looking.</param>
    public Task<IReadOnlyList<Finding>> ListAsync(FindingState? state, string? signal, long? before, int most, CancellationToken cancel)
    {
        (string Condition, bool Asked)[] conditions = [("state = @State", state is not null), ("signal = @Signal", signal is not null), ("log_index < @Before", before is not null)];
        var asked = conditions.Where(condition => condition.Asked).Select(condition => condition.Condition).ToList();
        return database.QueryAsync<Finding>(
            $"select {Columns} from review_findings {(asked.Count > 0 ? "where " + string.Join(" and ", asked) : "")} order by log_index desc, signal limit @Most",
            new { State = (long?)state, Signal = signal, Before = before, Most = most }, cancel);
    }

    /// <summary>What keeps an audit export back: incomplete bundles up to an entry of the manifest that nobody has looked at, the oldest first, at most a hundred. Nothing else asks for this.</summary>
    public Task<IReadOnlyList<Finding>> BlockingAsync(long through, CancellationToken cancel) => database.QueryAsync<Finding>(
        $"select {Columns} from review_findings where state = 0 and signal = @Signal and log_index <= @Through order by log_index limit 100", new { Signal = Signals.Completeness, Through = through }, cancel);

    public Task<Finding?> FindAsync(Guid bundleId, string signal, CancellationToken cancel) =>
        database.FirstOrDefaultAsync<Finding>($"select {Columns} from review_findings where bundle_id = @BundleId and signal = @Signal", new { BundleId = bundleId, Signal = signal }, cancel);
}
