using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Storage;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Bundles;

/// <summary>What bundles are looked for by. Whatever is null does not matter.</summary>
internal sealed record BundleSearch
{
    public string? Job { get; init; }

    /// <summary>SHA-256 of the canonical G-code, lower-case hexadecimal.</summary>
    public string? Gcode { get; init; }

    public Guid? Twin { get; init; }

    public string? Material { get; init; }

    public string? Operator { get; init; }

    public string? Slicer { get; init; }

    public string? SlicerLevel { get; init; }

    public bool? Degraded { get; init; }

    /// <summary>Signed at this time or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Signed before this.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>In front of this entry of the manifest: the next page.</summary>
    public long? Before { get; init; }
}

/// <summary>A bundle in a list.</summary>
internal sealed record BundleRow
{
    public Guid BundleId { get; init; }

    /// <summary>The place in the manifest.</summary>
    public long LogIndex { get; init; }

    public string JobId { get; init; } = "";

    public string GcodeSha256 { get; init; } = "";

    public DateTimeOffset SignedAt { get; init; }

    /// <summary>1: degraded.</summary>
    public long Degraded { get; init; }

    public string SlicerLevel { get; init; } = "";

    public string? Slicer { get; init; }

    public Guid? TwinId { get; init; }

    public string? Material { get; init; }

    public string? Operator { get; init; }
}

/// <summary>Finds bundles.</summary>
internal sealed class BundleIndex(Database database, ManifestIndex manifest) : IManifestIndex
{
    private const string Columns = "bundle_id, log_index, job_id, gcode_sha256, signed_at, degraded, slicer_level, slicer, twin_id, material, operator";

    public IReadOnlyList<string> Tables => ["bundles"];

    public async Task ApplyAsync(Transaction work, ManifestEntry entry, CancellationToken cancel)
    {
        if (entry.Read<EvidenceBundle>() is { } bundle)
        {
            await work.ExecuteAsync(
                $"insert into bundles ({Columns}) values (@BundleId, @LogIndex, @JobId, @GcodeSha256, @SignedAt, @Degraded, @SlicerLevel, @Slicer, @TwinId, @Material, @Operator)",
                new
                {
                    bundle.BundleId, LogIndex = entry.Index, bundle.JobId, GcodeSha256 = Convert.ToHexStringLower(bundle.GCodeSha256.Span), bundle.SignedAt,
                    Degraded = bundle.IsDegraded ? 1L : 0L, SlicerLevel = SlicerAttest.NameOf(bundle.SlicerAttest.Level), Slicer = bundle.SlicerAttest.Name,
                    bundle.TwinCertRef?.TwinId, bundle.Material, Operator = bundle.OperatorBinding?.Subject,
                }, cancel);
        }
    }

    /// <summary>The bundle of a job; null when it has none.</summary>
    public Task<ManifestEntry?> FindJobAsync(string jobId, CancellationToken cancel) => EntryAsync("job_id = @Key", jobId, cancel);

    public Task<ManifestEntry?> FindAsync(Guid bundleId, CancellationToken cancel) => EntryAsync("bundle_id = @Key", bundleId.ToString("D"), cancel);

    /// <summary>Newest first.</summary>
    public Task<IReadOnlyList<BundleRow>> SearchAsync(BundleSearch search, int most, CancellationToken cancel)
    {
        (string Condition, bool Asked)[] conditions =
        [
            ("job_id = @Job", search.Job is not null), ("gcode_sha256 = @Gcode", search.Gcode is not null), ("twin_id = @Twin", search.Twin is not null), ("material = @Material", search.Material is not null),
            ("operator = @Operator", search.Operator is not null), ("slicer = @Slicer", search.Slicer is not null), ("slicer_level = @SlicerLevel", search.SlicerLevel is not null),
            ("degraded = @IsDegraded", search.Degraded is not null), ("signed_at >= @From", search.From is not null), ("signed_at < @Until", search.Until is not null), ("log_index < @Before", search.Before is not null),
        ];
        var where = string.Join(" and ", conditions.Where(condition => condition.Asked).Select(condition => condition.Condition));
        return database.QueryAsync<BundleRow>(
            $"select {Columns} from bundles {(where.Length > 0 ? "where " + where : "")} order by log_index desc limit @Most",
            new
            {
                search.Job, search.Gcode, search.Twin, search.Material, search.Operator, search.Slicer, search.SlicerLevel, search.From, search.Until, search.Before,
                IsDegraded = search.Degraded == true ? 1L : 0L, Most = most,
            }, cancel);
    }

    private Task<ManifestEntry?> EntryAsync(string condition, string key, CancellationToken cancel) =>
        manifest.FirstAsync($"log_index = (select log_index from bundles where {condition})", new { Key = key }, cancel);
}
