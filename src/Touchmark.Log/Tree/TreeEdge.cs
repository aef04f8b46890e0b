using Touchmark.Log.Tiles;

namespace Touchmark.Log.Tree;

/// <summary>All that a log has to remember of a tree in order to grow it: its size and its partial tiles, one a level at most.</summary>
internal sealed class TreeEdge
{
    // Level by level the hashes of the partial tile; empty where there is none.
    private readonly Tile?[] _partials;

    private TreeEdge(long size, Tile?[] partials)
    {
        Size = size;
        _partials = partials;
    }

    public static TreeEdge Empty { get; } = new(0, new Tile?[TileId.MaxLevel + 1]);

    public long Size { get; }

    public TreeHash Root => TreeMath.Hash(new(0, Size), new Nodes(this));

    /// <summary>The partial tiles of a tree of this size.</summary>
    public static IEnumerable<TileId> TilesOf(long size)
    {
        for (var level = 0; level <= TileId.MaxLevel; level++)
        {
            if (WidthAt(level, size) is > 0 and var width)
            {
                yield return new(level, (size >> (TileId.Height * level)) / TileId.FullWidth, width);
            }
        }
    }

    /// <param name="size">Leaves.</param>
    /// <param name="partials">One for each of <see cref="TilesOf"/>, in that order.</param>
    public static TreeEdge Of(long size, IEnumerable<Tile> partials)
    {
        var edge = new Tile?[TileId.MaxLevel + 1];
        foreach (var (id, tile) in TilesOf(size).Zip(partials))
        {
            edge[id.Level] = tile;
        }
        return new(size, edge);
    }

    public ReadOnlySpan<TreeHash> HashesAt(int level) => _partials[level] is { } tile ? tile.Hashes : [];

    /// <summary>The subtree of 2^<paramref name="height"/> leaves that ends the tree's last multiple of that many leaves, if the size has that bit.</summary>
    public TreeHash? At(int height)
    {
        if (((Size >> height) & 1) == 0)
        {
            return null;
        }
        var row = height % TileId.Height;
        var level = height / TileId.Height;
        return _partials[level]!.Node(row, (WidthAt(level, Size) >> row) - 1);
    }

    private static int WidthAt(int level, long size) => (int)((size >> (TileId.Height * level)) % TileId.FullWidth);

    private sealed class Nodes(TreeEdge edge) : INodes
    {
        // The parts of a whole tree are the subtrees at the set bits of its size.
        public TreeHash Hash(TreeNode node) => edge.At(node.Height)!.Value;
    }
}
