using Touchmark.Log.Notes;
using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;
using Touchmark.Log.Tree;
using Touchmark.Log.Verification;

namespace Touchmark.Log.Checking;

/// <summary>How far a check of a log has come.</summary>
/// <param name="Entries">Entries that were looked at.</param>
/// <param name="Size">Entries of the log.</param>
public readonly record struct FsckProgress(long Entries, long Size);

/// <summary>Something that is wrong.</summary>
/// <param name="Path">The object; empty when it is the log as a whole.</param>
/// <param name="Words">What is wrong with it.</param>
public sealed record FsckProblem(string Path, string Words);

/// <summary>What came of a check.</summary>
/// <param name="Head">The checkpoint that everything was held to; null when it cannot be read.</param>
/// <param name="Entries">Entries that were looked at and are what the root says.</param>
/// <param name="Objects">Objects that were read.</param>
/// <param name="ProblemCount">All that is wrong.</param>
/// <param name="Problems">The first <see cref="Fsck.MaxProblems"/> of it, in the order of the log.</param>
public sealed record FsckReport(Checkpoint? Head, long Entries, long Objects, long ProblemCount, IReadOnlyList<FsckProblem> Problems)
{
    public bool IsClean => ProblemCount == 0;
}

/// <summary>
/// Checks a whole log from its published objects alone: signatures of the checkpoint, every tile against the one above it, every entry against its tile, and that nothing lies there that
/// the log cannot have. It walks down from the root, so that it can name the one object that is wrong; it reads each object once and keeps one tile a level in memory.
/// A log that is being written meanwhile may show objects of a batch that is not published yet: they are told as lying behind its end.
/// </summary>
public sealed class Fsck
{
    /// <summary>Problems that are told one by one.</summary>
    public const int MaxProblems = 100;

    private readonly IObjectReader _objects;
    private readonly IProgress<FsckProgress>? _progress;
    private readonly List<FsckProblem> _problems = [];
    private long _problemCount;
    private long _entries;
    private long _reads;
    private long _size;

    private Fsck(IObjectReader objects, IProgress<FsckProgress>? progress)
    {
        _objects = objects;
        _progress = progress;
    }

    /// <param name="objects">The log's objects.</param>
    /// <param name="policy">The log's keys; without witnesses unless their quorum is to be checked too.</param>
    /// <param name="now">For the times of witnesses.</param>
    /// <param name="progress">Told once a bundle; null for none.</param>
    /// <param name="cancel">Stops the check.</param>
    public static async Task<FsckReport> RunAsync(IObjectReader objects, LogPolicy policy, DateTimeOffset now, IProgress<FsckProgress>? progress, CancellationToken cancel)
    {
        var run = new Fsck(objects, progress);
        var head = await run.HeadAsync(policy, now, cancel);
        if (head is not null)
        {
            run._size = head.Size;
            await run.TreeAsync(head, cancel);
            if (objects is IObjectStore store)
            {
                await run.StrangersAsync(store, cancel);
            }
        }
        return new(head, run._entries, run._reads, run._problemCount, run._problems);
    }

    private async ValueTask<Checkpoint?> HeadAsync(LogPolicy policy, DateTimeOffset now, CancellationToken cancel)
    {
        if (await ReadAsync(LogPaths.Checkpoint, cancel) is not { } bytes)
        {
            Problem(LogPaths.Checkpoint, "It is missing.");
            return null;
        }
        if (!SignedCheckpoint.TryParse(bytes.Span, out var signed, out var problem))
        {
            Problem(LogPaths.Checkpoint, $"It cannot be read: {problem}.");
            return null;
        }
        foreach (var check in LogVerifier.Verify(signed, policy, now, LogExpectations.None).Checks.Where(check => check.Outcome == LogCheckOutcome.Failed))
        {
            Problem(LogPaths.Checkpoint, check.Words);
        }
        return signed.Checkpoint;
    }

    /// <summary>The partial tiles lead to the root together; from each of their hashes a full tile hangs, and so on down to the entries.</summary>
    private async ValueTask TreeAsync(Checkpoint head, CancellationToken cancel)
    {
        var partials = new List<(TileId Id, Tile? Tile)>();
        foreach (var id in TreeEdge.TilesOf(head.Size))
        {
            partials.Add((id, await TileAsync(id, cancel)));
        }
        if (partials.Any(partial => partial.Tile is null) || RootOf(head.Size, partials) != head.Root)
        {
            partials = await MendAsync(head, partials, cancel);
        }
        // From the top level down is from the left of the log to its right.
        foreach (var (id, tile) in Enumerable.Reverse(partials))
        {
            if (tile is not null)
            {
                await BelowAsync(id, tile, cancel);
            }
        }
    }

    /// <summary>Works out from below what the partial tiles should be. If that leads to the root, those that differ are the wrong ones.</summary>
    private async ValueTask<List<(TileId Id, Tile? Tile)>> MendAsync(Checkpoint head, List<(TileId Id, Tile? Tile)> partials, CancellationToken cancel)
    {
        var mended = new List<(TileId Id, Tile? Tile)>();
        foreach (var (id, _) in partials)
        {
            mended.Add((id, await FromBelowAsync(id, cancel)));
        }
        if (mended.Any(partial => partial.Tile is null) || RootOf(head.Size, mended) != head.Root)
        {
            Problem("", $"The partial tiles of the tree of {head.Size} leaves do not lead to the root of the checkpoint, nor does what lies below them.");
            return partials;
        }
        foreach (var ((id, tile), (_, right)) in partials.Zip(mended))
        {
            if (tile is not null && !tile.Hashes.SequenceEqual(right!.Hashes))
            {
                Problem(id.Path, "It holds other hashes than those of what lies below it.");
            }
        }
        return mended;
    }

    /// <summary>Checks what hangs from a tile that is right.</summary>
    private async ValueTask BelowAsync(TileId id, Tile tile, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (id.Level == 0)
        {
            await BundleAsync(id, tile, cancel);
            return;
        }
        for (var i = 0; i < id.Width; i++)
        {
            var below = new TileId(id.Level - 1, (id.Index * TileId.FullWidth) + i);
            if (await RightAsync(below, tile.Hashes[i], cancel) is { } right)
            {
                await BelowAsync(below, right, cancel);
            }
        }
    }

    /// <summary>A full tile that leads to this hash: the stored one, or else the one that what lies below it makes.</summary>
    private async ValueTask<Tile?> RightAsync(TileId id, TreeHash root, CancellationToken cancel)
    {
        var stored = await TileAsync(id, cancel);
        if (stored?.Root == root)
        {
            return stored;
        }
        var made = await FromBelowAsync(id, cancel);
        if (made?.Root != root)
        {
            Problem(id.Path, "Neither it nor what lies below it leads to the hash that the tile above has for it; what lies below it could not be checked.");
            return null;
        }
        if (stored is not null)
        {
            Problem(id.Path, "It holds other hashes than those of what lies below it.");
        }
        return made;
    }

    /// <summary>The tile that the tiles or entries below it make; null when one of them cannot be read. Says nothing of them: that comes when they are checked themselves.</summary>
    private async ValueTask<Tile?> FromBelowAsync(TileId id, CancellationToken cancel)
    {
        if (id.Level == 0)
        {
            var bundle = await EntriesAsync(id with { Level = TileId.EntriesLevel }, cancel);
            return bundle is null ? null : Tile.Of([.. bundle.Select(entry => TreeHash.OfLeaf(entry.Span))]);
        }
        var hashes = new TreeHash[id.Width];
        for (var i = 0; i < hashes.Length; i++)
        {
            var below = new TileId(id.Level - 1, (id.Index * TileId.FullWidth) + i);
            if (await ReadAsync(below.Path, cancel) is not { } bytes || Tile.Decode(bytes.Span, below.Width) is not { } tile)
            {
                return null;
            }
            hashes[i] = tile.Root;
        }
        return Tile.Of(hashes);
    }

    private async ValueTask BundleAsync(TileId tileId, Tile tile, CancellationToken cancel)
    {
        var id = tileId with { Level = TileId.EntriesLevel };
        if (await EntriesAsync(id, cancel) is not { } entries)
        {
            Problem(id.Path, $"It is missing, or it is not a bundle of {id.Width} entries.");
        }
        else
        {
            for (var i = 0; i < id.Width; i++)
            {
                if (TreeHash.OfLeaf(entries[i].Span) == tile.Hashes[i])
                {
                    _entries++;
                }
                else
                {
                    Problem(id.Path, $"Entry {(id.Index * TileId.FullWidth) + i} was altered: it has another hash than its tile says.");
                }
            }
        }
        _progress?.Report(new((id.Index * TileId.FullWidth) + id.Width, _size));
    }

    /// <summary>What lies where the log's objects lie: nothing behind its end; and partial tiles of earlier times have to be the beginning of the tiles that replaced them.</summary>
    private async ValueTask StrangersAsync(IObjectStore store, CancellationToken cancel)
    {
        await foreach (var path in store.ListAsync("tile/", cancel))
        {
            if (!TileId.TryParse(path, out var id))
            {
                Problem(path, "It is neither a tile nor a bundle.");
                continue;
            }
            var there = TileId.Holding(id.Level, id.Index * TileId.FullWidth, _size);
            if (id.Width > there.Width)
            {
                Problem(path, $"A log of {_size} entries has no such object; one of its checkpoints may have been taken back.");
            }
            else if (id.Width < there.Width && !await IsBeginningAsync(id, there, cancel))
            {
                Problem(path, $"It is not the beginning of {there.Path}, which came after it.");
            }
        }
    }

    private async ValueTask<bool> IsBeginningAsync(TileId early, TileId late, CancellationToken cancel) =>
        await ReadAsync(early.Path, cancel) is { } first && await ReadAsync(late.Path, cancel) is { } second && second.Span.StartsWith(first.Span)
        && (early.IsEntries ? EntryBundle.TryDecode(first, early.Width, out _) : first.Length == early.Width * TreeHash.Size);

    private async ValueTask<Tile?> TileAsync(TileId id, CancellationToken cancel)
    {
        var bytes = await FrontAsync(id, cancel);
        var tile = bytes is { } there ? Tile.Decode(there.Span, id.Width) : null;
        if (tile is null)
        {
            Problem(id.Path, bytes is null ? "It is missing." : $"It has {bytes.Value.Length} bytes instead of {id.Width * TreeHash.Size}.");
        }
        return tile;
    }

    private async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>?> EntriesAsync(TileId id, CancellationToken cancel) =>
        await ReadAsync(id.Path, cancel) is { } bytes && EntryBundle.TryDecode(bytes, id.Width, out var entries) ? entries
        : id.IsPartial && await ReadAsync(id.Full.Path, cancel) is { } full && EntryBundle.TryDecode(full, TileId.FullWidth, out entries) ? [.. entries.Take(id.Width)]
        : null;

    /// <summary>The tile, or the front of the full one that replaced it while the check ran.</summary>
    private async ValueTask<ReadOnlyMemory<byte>?> FrontAsync(TileId id, CancellationToken cancel) =>
        await ReadAsync(id.Path, cancel) is { } bytes ? bytes
        : id.IsPartial && await ReadAsync(id.Full.Path, cancel) is { Length: TileId.FullWidth * TreeHash.Size } full ? full[..(id.Width * TreeHash.Size)]
        : default(ReadOnlyMemory<byte>?);

    private ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string path, CancellationToken cancel)
    {
        _reads++;
        return _objects.ReadAsync(path, cancel);
    }

    private void Problem(string path, string words)
    {
        if (_problemCount++ < MaxProblems)
        {
            _problems.Add(new(path, words));
        }
    }

    private static TreeHash RootOf(long size, List<(TileId Id, Tile? Tile)> partials) => TreeEdge.Of(size, partials.Select(partial => partial.Tile!)).Root;
}
