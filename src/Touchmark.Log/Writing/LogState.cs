using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;
using Touchmark.Log.Tree;

namespace Touchmark.Log.Writing;

/// <summary>What a writer keeps in memory of the log at one head: no more than it needs to grow it.</summary>
/// <param name="Head">Null before the log is created.</param>
/// <param name="Edge">The tree's partial tiles.</param>
/// <param name="Bundle">The partial bundle, encoded; empty when there is none. It grows in place.</param>
internal sealed record LogState(LogHead? Head, TreeEdge Edge, GrowingBytes Bundle)
{
    public static LogState Nothing { get; } = new(null, TreeEdge.Empty, default);

    /// <summary>Reads it from the log's objects, and holds them to the head.</summary>
    /// <exception cref="LogDamagedException">They are not those of the head.</exception>
    public static async ValueTask<LogState> ReadAsync(IObjectReader objects, LogHead head, CancellationToken cancel)
    {
        var tiles = new List<Tile>();
        foreach (var id in TreeEdge.TilesOf(head.Size))
        {
            var (bytes, width) = await TileReading.ReadAsync(objects, id, cancel);
            var tile = Tile.Decode(bytes.Span, width) ?? throw new LogDamagedException($"{id.Path} has {bytes.Length} bytes instead of {id.Width * TreeHash.Size}.");
            tiles.Add(Tile.Of(tile.Hashes[..id.Width]));
        }
        var edge = TreeEdge.Of(head.Size, tiles);
        if (edge.Root != head.Root)
        {
            throw new LogDamagedException($"The partial tiles of the tree of {head.Size} leaves do not lead to its root {head.Root}.");
        }
        var open = (int)(head.Size % TileId.FullWidth);
        if (open == 0)
        {
            return new(head, edge, default);
        }
        var bundleId = new TileId(TileId.EntriesLevel, head.Size / TileId.FullWidth, open);
        var (bundle, count) = await TileReading.ReadAsync(objects, bundleId, cancel);
        if (!EntryBundle.TryDecode(bundle, count, out var entries)
            || !entries.Take(open).Select(entry => TreeHash.OfLeaf(entry.Span)).SequenceEqual(edge.HashesAt(0).ToArray()))
        {
            throw new LogDamagedException($"{bundleId.Path} does not hold the entries that its tile says.");
        }
        return new(head, edge, entries.Take(open).Aggregate(default(GrowingBytes), (all, entry) => EntryBundle.Append(all, entry.Span)));
    }

    /// <summary>The bundles that are new, or wider than before, when these entries are added; and the partial one that is left.</summary>
    public (IReadOnlyList<StagedObject> Bundles, GrowingBytes Open) Bundles(IReadOnlyList<ReadOnlyMemory<byte>> entries)
    {
        var bundles = new List<StagedObject>();
        var bundle = Bundle;
        var size = Edge.Size;
        foreach (var entry in entries)
        {
            bundle = EntryBundle.Append(bundle, entry.Span);
            if (++size % TileId.FullWidth == 0)
            {
                bundles.Add(new(new TileId(TileId.EntriesLevel, (size / TileId.FullWidth) - 1).Path, bundle.Memory));
                bundle = default;
            }
        }
        if (!bundle.Memory.IsEmpty)
        {
            bundles.Add(new(new TileId(TileId.EntriesLevel, size / TileId.FullWidth, (int)(size % TileId.FullWidth)).Path, bundle.Memory));
        }
        return (bundles, bundle);
    }
}
