using System.Globalization;
using System.Text;
using Touchmark.Log.Tree;

namespace Touchmark.Log.Tests;

/// <summary>Trees for tests, worked out by the recursive definitions of RFC 6962 that the library does not use.</summary>
internal static class Forest
{
    /// <summary>Entry i of the vectors and of most tests.</summary>
    public static byte[] Entry(long i) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"entry {i}"));

    public static TreeHash[] Leaves(long count) => [.. Enumerable.Range(0, (int)count).Select(i => TreeHash.OfLeaf(Entry(i)))];

    /// <summary>MTH of section 2.1.</summary>
    public static TreeHash Root(ReadOnlySpan<TreeHash> leaves)
    {
        if (leaves.Length < 2)
        {
            return leaves.Length == 0 ? TreeHash.EmptyRoot : leaves[0];
        }
        var split = 1;
        while (split * 2 < leaves.Length)
        {
            split *= 2;
        }
        return TreeHash.OfNode(Root(leaves[..split]), Root(leaves[split..]));
    }

    /// <summary>A store with the tiles of a tree that grew by these steps.</summary>
    public static (MemoryStore Store, TreeGrowth Growth) Grow(params IEnumerable<int> steps)
    {
        var store = new MemoryStore();
        var edge = TreeEdge.Empty;
        var growth = new TreeGrowth(edge, []);
        foreach (var step in steps)
        {
            growth = new(edge, [.. Enumerable.Range(0, step).Select(i => TreeHash.OfLeaf(Entry(edge.Size + i)))]);
            foreach (var (id, content) in growth.Tiles())
            {
                store.Objects[id.Path] = content;
            }
            edge = growth.Edge();
        }
        return (store, growth);
    }
}
