using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Storage;

namespace Touchmark.Vault.Manifest;

/// <summary>Finds what is in the manifest by hash, type and subject.</summary>
internal sealed class ManifestIndex(Database database, ManifestStorage storage) : IManifestIndex
{
    private const int Page = 256;

    private const string Columns = "log_index, envelope";

    public IReadOnlyList<string> Tables => ["manifest_entries"];

    public Task ApplyAsync(Transaction work, ManifestEntry entry, CancellationToken cancel) => work.ExecuteAsync(
        "insert into manifest_entries (log_index, sha256, content_type, subject, issuer, issued_at, machine_counter, envelope) values (@Index, @Sha256, @ContentType, @Subject, @Issuer, @IssuedAt, @Counter, @Envelope)",
        new
        {
            entry.Index, entry.Sha256, entry.Statement.ContentType, entry.Statement.Subject, entry.Statement.Issuer, entry.Statement.IssuedAt,
            Counter = entry.Read<EvidenceBundle>()?.MachineCounter,
            Envelope = entry.Envelope.ToArray(),
        }, cancel);

    /// <summary>The last entry that the index knows; 0 for none.</summary>
    public Task<long> LastAsync(CancellationToken cancel) => database.FirstOrDefaultAsync<long>("select coalesce(max(log_index), 0) from manifest_entries", null, cancel);

    /// <summary>The vault's newest bundle; null before the first.</summary>
    public async Task<ChainLink?> LastBundleAsync(CancellationToken cancel) => await database.FirstOrDefaultAsync<ChainLink>(
        "select machine_counter, sha256, issued_at as signed_at from manifest_entries where machine_counter = (select max(machine_counter) from manifest_entries)", null, cancel);

    public Task<ManifestEntry?> FindAsync(ReadOnlyMemory<byte> sha256, CancellationToken cancel) => FirstAsync("sha256 = @Sha256", new { Sha256 = sha256.ToArray() }, cancel);

    public Task<ManifestEntry?> FindAsync(long index, CancellationToken cancel) => FirstAsync("log_index = @Index", new { Index = index }, cancel);

    /// <summary>The newest statement about this subject.</summary>
    public Task<ManifestEntry?> FindAsync(string subject, CancellationToken cancel) => FirstAsync("subject = @Subject order by log_index desc limit 1", new { Subject = subject }, cancel);

    /// <summary>The newest statement of a type.</summary>
    public Task<ManifestEntry?> LastAsync(string contentType, CancellationToken cancel) =>
        FirstAsync("content_type = @ContentType order by log_index desc limit 1", new { ContentType = contentType }, cancel);

    /// <summary>Statements of a type, oldest first, behind an entry.</summary>
    public async Task<IReadOnlyList<ManifestEntry>> ListAsync(string contentType, long after, int most, CancellationToken cancel)
    {
        var rows = await database.QueryAsync<EntryRow>(
            $"select {Columns} from manifest_entries where content_type = @ContentType and log_index > @After order by log_index limit @Most", new { ContentType = contentType, After = after, Most = most }, cancel);
        var entries = new List<ManifestEntry>(rows.Count);
        foreach (var row in rows)
        {
            entries.Add(await storage.EntryAsync(row.LogIndex, row.Envelope, cancel));
        }

        return entries;
    }

    /// <summary>All statements of a type, oldest first.</summary>
    public async Task<IReadOnlyList<ManifestEntry>> ListAsync(string contentType, CancellationToken cancel)
    {
        var all = new List<ManifestEntry>();
        IReadOnlyList<ManifestEntry> page;
        do
        {
            page = await ListAsync(contentType, all.Count == 0 ? 0 : all[^1].Index, Page, cancel);
            all.AddRange(page);
        }
        while (page.Count == Page);
        return all;
    }

    /// <summary>The first statement for which an SQL condition on its row holds.</summary>
    public async Task<ManifestEntry?> FirstAsync(string condition, object arguments, CancellationToken cancel) =>
        await database.FirstOrDefaultAsync<EntryRow>($"select {Columns} from manifest_entries where {condition}", arguments, cancel) is { } row ? await storage.EntryAsync(row.LogIndex, row.Envelope, cancel) : null;

    private sealed record EntryRow
    {
        public long LogIndex { get; init; }

        public byte[] Envelope { get; init; } = [];
    }
}

/// <summary>Where the chain of bundles ends.</summary>
internal sealed record ChainLink
{
    public long MachineCounter { get; init; }

    public byte[] Sha256 { get; init; } = [];

    public DateTimeOffset? SignedAt { get; init; }
}
