using System.Security.Cryptography;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using Touchmark.Log.Notes;

namespace Touchmark.Vault.Manifest;

/// <summary>Keeps the index level with the manifest, of which it is made.</summary>
internal sealed class ManifestIndexer(ManifestStorage storage, ManifestIndex index, IEnumerable<IManifestIndex> indexes, Database database, ILogger<ManifestIndexer> log)
{
    /// <summary>Indexes entries that follow those that are indexed.</summary>
    public async Task TakeAsync(IReadOnlyList<ManifestEntry> entries, CancellationToken cancel)
    {
        // What a power cut takes from the index, the manifest gives back.
        await using var work = await database.BeginAsync(cancel, isRelaxed: true);
        foreach (var entry in entries)
        {
            foreach (var each in indexes)
            {
                await each.ApplyAsync(work, entry, cancel);
            }
        }

        await work.CommitAsync(cancel);
    }

    /// <summary>Indexes what is in the manifest and not known to be: after a crash, a failure of the database, or a restored one. Refused when the index is not of this manifest.</summary>
    public async Task<Refusal?> CatchUpAsync(Checkpoint head, CancellationToken cancel)
    {
        var tree = storage.TreeOf(head);
        var last = await index.LastAsync(cancel);
        if (last > 0 && (last >= head.Size || await index.FindAsync(SHA256.HashData((await tree.EntryAsync(last, cancel)).Span), cancel) is not { } known || known.Index != last))
        {
            return ManifestProblems.OtherIndex(last);
        }

        for (var next = last + 1; next < head.Size;)
        {
            var entries = new List<ManifestEntry>();
            foreach (var envelope in await tree.EntriesAsync(next, cancel))
            {
                entries.Add(await storage.EntryAsync(next++, envelope, cancel));
            }

            await TakeAsync(entries, cancel);
            log.LogInformation("Entries of the manifest up to {Last} were indexed", next - 1);
        }

        return null;
    }

    /// <summary>Empties the index and makes it anew. A crash leaves it behind the manifest, where the next start catches up.</summary>
    /// <returns>The entries that are indexed now; null when there is no manifest.</returns>
    /// <exception cref="Log.Storage.LogDamagedException">The manifest cannot be read.</exception>
    public async Task<long?> RebuildAsync(CancellationToken cancel)
    {
        // Reading the head makes sure of what the journal holds.
        if (await storage.Head.ReadAsync(cancel) is null || await storage.CheckpointAsync(cancel) is not { } published)
        {
            return null;
        }

        await using (var work = await database.BeginAsync(cancel))
        {
            foreach (var table in indexes.SelectMany(each => each.Tables))
            {
                await work.ExecuteAsync($"delete from {table}", null, cancel);
            }

            await work.CommitAsync(cancel);
        }

        await CatchUpAsync(published.Checkpoint, cancel);
        return published.Checkpoint.Size - 1;
    }
}
