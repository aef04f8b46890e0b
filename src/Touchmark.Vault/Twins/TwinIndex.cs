using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Storage;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Twins;

/// <summary>How far a twin is.</summary>
internal sealed record TwinRow
{
    public Guid TwinId { get; init; }

    /// <summary>The place of the draft in the manifest.</summary>
    public long DraftIndex { get; init; }

    public DateTimeOffset MadeAt { get; init; }

    public string? Name { get; init; }

    /// <summary>The place of the bundle that built it; null before that.</summary>
    public long? BundleIndex { get; init; }

    /// <summary>The place of the completion; null before that.</summary>
    public long? CompletionIndex { get; init; }

    /// <summary>As lists say it: <c>draft</c>, <c>built</c> for the moment between bundle and completion, <c>complete</c>.</summary>
    public string State => CompletionIndex is not null ? "complete" : BundleIndex is not null ? "built" : "draft";
}

/// <summary>Finds twins. The first draft of an id and the first bundle that names it count.</summary>
internal sealed class TwinIndex(Database database) : IManifestIndex
{
    private const string Columns = "twin_id, draft_index, made_at, name, bundle_index, completion_index";

    public IReadOnlyList<string> Tables => ["twins"];

    public async Task ApplyAsync(Transaction work, ManifestEntry entry, CancellationToken cancel)
    {
        if (entry.Read<TwinCertificate>() is { } twin)
        {
            await (twin.IsComplete
                ? work.ExecuteAsync("update twins set completion_index = @Index where twin_id = @TwinId and completion_index is null", new { entry.Index, twin.TwinId }, cancel)
                : work.ExecuteAsync(
                    "insert into twins (twin_id, draft_index, made_at, name) values (@TwinId, @Index, @MadeAt, @Name) on conflict (twin_id) do nothing",
                    new { entry.Index, twin.TwinId, twin.MadeAt, twin.AsDesigned.Name }, cancel));
        }
        else if (entry.Read<EvidenceBundle>() is { TwinCertRef.TwinId: var twinId })
        {
            await work.ExecuteAsync("update twins set bundle_index = @Index where twin_id = @TwinId and bundle_index is null", new { entry.Index, TwinId = twinId }, cancel);
        }
    }

    public async Task<TwinRow?> FindAsync(Guid twinId, CancellationToken cancel) =>
        await database.FirstOrDefaultAsync<TwinRow>($"select {Columns} from twins where twin_id = @TwinId", new { TwinId = twinId }, cancel);

    /// <summary>Newest first, in front of an entry of the manifest.</summary>
    public Task<IReadOnlyList<TwinRow>> ListAsync(long before, int most, CancellationToken cancel) =>
        database.QueryAsync<TwinRow>($"select {Columns} from twins where draft_index < @Before order by draft_index desc limit @Most", new { Before = before, Most = most }, cancel);

    /// <summary>Those that were built and not completed.</summary>
    public Task<IReadOnlyList<TwinRow>> BuiltAsync(int most, CancellationToken cancel) => database.QueryAsync<TwinRow>(
        $"select {Columns} from twins where bundle_index is not null and completion_index is null order by bundle_index limit @Most", new { Most = most }, cancel);
}
