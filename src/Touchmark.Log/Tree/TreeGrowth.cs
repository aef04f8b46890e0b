using System.Numerics;
using Touchmark.Log.Tiles;

namespace Touchmark.Log.Tree;

/// <summary>
/// A tree that grew by some leaves: its root, the inclusion proofs of the new leaves, and the tiles that are new. Everything is worked out in memory, from the old tree's edge and
/// the new leaves alone; each new subtree is hashed once.
/// </summary>
internal sealed class TreeGrowth : INodes
{
    private readonly TreeEdge _old;

    // Per height the hashes of the complete subtrees that are new, and before them the one of the old edge if there is one.
    private readonly List<TreeHash>[] _rows;
    private readonly long[] _firsts;

    // Per height the hash over the leaves behind the last complete subtree of that height: what a proof needs of the right edge.
    private readonly TreeHash?[] _tails;

    public TreeGrowth(TreeEdge old, IReadOnlyList<TreeHash> leaves)
    {
        _old = old;
        Size = old.Size + leaves.Count;
        var heights = Size == 0 ? 1 : BitOperations.Log2((ulong)Size) + 1;
        (_rows, _firsts, _tails) = (new List<TreeHash>[heights], new long[heights], new TreeHash?[heights + 1]);
        for (var height = 0; height < heights; height++)
        {
            _firsts[height] = old.Size >> height;
            var row = _rows[height] = [];
            if (old.At(height) is { } edge)
            {
                _firsts[height]--;
                row.Add(edge);
            }
            if (height == 0)
            {
                row.AddRange(leaves);
            }
            else
            {
                for (var index = old.Size >> height; index < Size >> height; index++)
                {
                    row.Add(TreeHash.OfNode(Hash(new(height - 1, 2 * index)), Hash(new(height - 1, (2 * index) + 1))));
                }
            }
            _tails[height + 1] = ((Size >> height) & 1) == 0 ? _tails[height]
                : _tails[height] is { } tail ? TreeHash.OfNode(row[^1], tail) : row[^1];
        }
        Root = _tails[heights] ?? TreeHash.EmptyRoot;
    }

    /// <summary>Leaves.</summary>
    public long Size { get; }

    public TreeHash Root { get; }

    public TreeHash Hash(TreeNode node) => _rows[node.Height][(int)(node.Index - _firsts[node.Height])];

    /// <summary>The inclusion proof of a new leaf.</summary>
    public TreeHash[] Inclusion(long index)
    {
        Span<TreeHash> proof = stackalloc TreeHash[TreeProof.MaxHashes];
        var count = 0;
        var height = 0;
        for (long node = index, last = Size - 1; last > 0; node >>= 1, last >>= 1, height++)
        {
            if ((node & 1) == 1)
            {
                proof[count++] = Hash(new(height, node - 1));
            }
            else if (node < last)
            {
                // The sibling is complete, or it is all that is left at the right edge.
                proof[count++] = node + 2 <= Size >> height ? Hash(new(height, node + 1)) : _tails[height]!.Value;
            }
        }
        return proof[..count].ToArray();
    }

    /// <summary>The tiles that are new, or wider than in the old tree, and what is in them.</summary>
    public IEnumerable<(TileId Id, byte[] Content)> Tiles()
    {
        for (var level = 0; level <= TileId.MaxLevel && Size >> (TileId.Height * level) > 0; level++)
        {
            var hashes = HashesAt(level);
            var before = _old.Size >> (TileId.Height * level);
            var index = before / TileId.FullWidth;
            if (hashes.Count == _old.HashesAt(level).Length)
            {
                continue;
            }
            foreach (var chunk in hashes.Chunk(TileId.FullWidth))
            {
                yield return (new(level, index++, chunk.Length), Tile.Encode(chunk));
            }
        }
    }

    /// <summary>What to grow the tree from next.</summary>
    public TreeEdge Edge() => TreeEdge.Of(Size, TreeEdge.TilesOf(Size).Select(id => Tile.Of(HashesAt(id.Level).ToArray().AsSpan()[^id.Width..])));

    /// <summary>The hashes of a level from the start of the old tree's partial tile on.</summary>
    private List<TreeHash> HashesAt(int level)
    {
        var row = _rows[TileId.Height * level];
        var edge = _old.HashesAt(level);
        return [.. edge, .. edge.IsEmpty ? row : row.Skip(_old.At(TileId.Height * level) is null ? 0 : 1)];
    }
}
