using Touchmark.Log.Storage;
using Touchmark.Log.Tree;

namespace Touchmark.Log.Tiles;

/// <summary>Makes proofs of one tree from its stored tiles.</summary>
/// <param name="objects">Where the tiles are.</param>
/// <param name="size">Leaves of the tree.</param>
/// <param name="root">Its root, to which every proof that is given out was found to lead.</param>
/// <param name="cache">May be shared by the trees of one log; null for none.</param>
public sealed class TileTree(IObjectReader objects, long size, TreeHash root, TileCache? cache = null)
{
    public long Size => size;

    public TreeHash Root => root;

    /// <summary>The hashes from the sibling of leaf <paramref name="index"/> up to the root's child.</summary>
    /// <exception cref="LogDamagedException">The tiles do not lead to the root.</exception>
    public async ValueTask<IReadOnlyList<TreeHash>> InclusionAsync(long index, CancellationToken cancel)
    {
        var proofs = await InclusionsAsync([index], cancel);
        return proofs[index];
    }

    /// <summary>The same for several leaves. Those that stand close together share what is read for them; no more than one tile of leaves is held at a time.</summary>
    /// <param name="indexes">In any order.</param>
    /// <param name="cancel">Stops reading tiles.</param>
    /// <exception cref="LogDamagedException">The tiles do not lead to the root.</exception>
    public async ValueTask<IReadOnlyDictionary<long, IReadOnlyList<TreeHash>>> InclusionsAsync(IEnumerable<long> indexes, CancellationToken cancel)
    {
        var proofs = new Dictionary<long, IReadOnlyList<TreeHash>>();
        foreach (var near in indexes.Distinct().GroupBy(index => index / TileId.FullWidth))
        {
            List<long> leaves = [.. near];
            ArgumentOutOfRangeException.ThrowIfNegative(leaves.Min());
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(leaves.Max(), size);
            var ranges = leaves.Select(index => TreeMath.Inclusion(index, size)).ToList();
            var hashes = await HashesAsync([.. leaves.Select(index => new LeafRange(index, index + 1)), .. ranges.SelectMany(range => range)], cancel);
            var used = leaves.Count;
            for (var i = 0; i < leaves.Count; i++)
            {
                var proof = hashes[used..(used += ranges[i].Count)];
                Require(TreeProof.VerifyInclusion(hashes[i], leaves[i], size, proof, root));
                proofs.Add(leaves[i], proof);
            }
        }
        return proofs;
    }

    /// <summary>The proof that the tree begins with the first <paramref name="oldSize"/> leaves, and the root that these had.</summary>
    /// <exception cref="LogDamagedException">The tiles do not lead to the root.</exception>
    public async ValueTask<(TreeHash OldRoot, IReadOnlyList<TreeHash> Proof)> ConsistencyAsync(long oldSize, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(oldSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, size);
        var hashes = await HashesAsync([new(0, oldSize), .. TreeMath.Consistency(oldSize, size)], cancel);
        var proof = hashes[1..];
        Require(TreeProof.VerifyConsistency(oldSize, hashes[0], size, root, proof));
        return (hashes[0], proof);
    }

    /// <summary>One entry.</summary>
    /// <exception cref="LogDamagedException">Its bundle is missing or is not one, or its tile has another hash.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> EntryAsync(long index, CancellationToken cancel) => (await EntriesAsync(index, 1, cancel))[0];

    /// <summary>An entry and those behind it in its bundle: reading all entries so reads each bundle once.</summary>
    /// <exception cref="LogDamagedException">The bundle is missing or is not one, or its tile has another hash of an entry.</exception>
    public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> EntriesAsync(long first, CancellationToken cancel) => EntriesAsync(first, TileId.FullWidth, cancel);

    private async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> EntriesAsync(long first, int most, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(first, size);
        var id = TileId.Holding(TileId.EntriesLevel, first, size);
        var (bytes, width) = await TileReading.ReadAsync(objects, id, cancel);
        if (!EntryBundle.TryDecode(bytes, width, out var bundle))
        {
            throw new LogDamagedException($"{id.Path} is not a bundle of {id.Width} entries.");
        }
        List<ReadOnlyMemory<byte>> entries = [.. bundle.Take(id.Width).Skip((int)(first % TileId.FullWidth)).Take(most)];
        var leaves = await HashesAsync([.. entries.Select((_, at) => new LeafRange(first + at, first + at + 1))], cancel);
        for (var at = 0; at < entries.Count; at++)
        {
            if (TreeHash.OfLeaf(entries[at].Span) != leaves[at])
            {
                throw new LogDamagedException($"Entry {first + at} in {id.Path} has another hash than its tile says.");
            }
        }
        return entries;
    }

    /// <summary>Reads the tiles that the ranges need, each once, and works the ranges out.</summary>
    private async ValueTask<TreeHash[]> HashesAsync(List<LeafRange> ranges, CancellationToken cancel)
    {
        var nodes = new TileNodes(size);
        foreach (var id in ranges.SelectMany(TreeMath.Parts).Select(nodes.TileOf).Distinct())
        {
            nodes.Add(id, cache?.Find(id) ?? await ReadAsync(id, cancel));
        }
        return [.. ranges.Select(range => TreeMath.Hash(range, nodes))];
    }

    private async ValueTask<Tile> ReadAsync(TileId id, CancellationToken cancel)
    {
        var (bytes, width) = await TileReading.ReadAsync(objects, id, cancel);
        if (Tile.Decode(bytes.Span, width) is not { } tile)
        {
            throw new LogDamagedException($"{id.Path} has {bytes.Length} bytes instead of {id.Width * TreeHash.Size}.");
        }
        tile = width == id.Width ? tile : Tile.Of(tile.Hashes[..id.Width]);
        cache?.Add(id, tile);
        return tile;
    }

    private void Require(bool leads)
    {
        if (!leads)
        {
            throw new LogDamagedException($"The tiles of the tree of {size} leaves do not lead to its root {root}.");
        }
    }

    /// <summary>Complete subtrees out of tiles.</summary>
    private sealed class TileNodes(long size) : INodes
    {
        private readonly Dictionary<TileId, Tile> _tiles = [];

        public void Add(TileId id, Tile tile) => _tiles.Add(id, tile);

        public TileId TileOf(TreeNode node) => TileId.Holding(node.Height / TileId.Height, node.Index << (node.Height % TileId.Height), size);

        public TreeHash Hash(TreeNode node)
        {
            var row = node.Height % TileId.Height;
            return _tiles[TileOf(node)].Node(row, (int)(node.Index & ((TileId.FullWidth >> row) - 1)));
        }
    }
}

/// <summary>Reads tiles and bundles, whose full version may have taken the place of a partial one.</summary>
internal static class TileReading
{
    /// <exception cref="LogDamagedException">It is not there.</exception>
    public static async ValueTask<(ReadOnlyMemory<byte> Bytes, int Width)> ReadAsync(IObjectReader objects, TileId id, CancellationToken cancel)
    {
        if (await objects.ReadAsync(id.Path, cancel) is { } bytes)
        {
            return (bytes, id.Width);
        }
        if (id.IsPartial && await objects.ReadAsync(id.Full.Path, cancel) is { } full)
        {
            return (full, TileId.FullWidth);
        }
        throw new LogDamagedException($"{id.Path} is missing.");
    }
}
