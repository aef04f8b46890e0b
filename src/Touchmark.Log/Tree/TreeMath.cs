using System.Numerics;

namespace Touchmark.Log.Tree;

/// <summary>A complete subtree: the 2^<paramref name="Height"/> leaves from <paramref name="Index"/> · 2^<paramref name="Height"/> on.</summary>
internal readonly record struct TreeNode(int Height, long Index);

/// <summary>The leaves from <paramref name="Start"/> to before <paramref name="End"/>, which are the leaves of one subtree, complete or at the right edge.</summary>
internal readonly record struct LeafRange(long Start, long End)
{
    public long Count => End - Start;
}

/// <summary>Gives the hashes of complete subtrees.</summary>
internal interface INodes
{
    TreeHash Hash(TreeNode node);
}

/// <summary>The shape of the trees of RFC 6962, section 2.1: which subtrees a root, an inclusion proof and a consistency proof consist of.</summary>
internal static class TreeMath
{
    /// <summary>The subtrees whose hashes prove that leaf <paramref name="index"/> is in the tree of <paramref name="size"/> leaves, from the leaf up (PATH of section 2.1.1).</summary>
    public static List<LeafRange> Inclusion(long index, long size)
    {
        var path = new List<LeafRange>();
        var tree = new LeafRange(0, size);
        while (tree.Count > 1)
        {
            var split = Split(tree);
            if (index < split)
            {
                path.Add(new(split, tree.End));
                tree = tree with { End = split };
            }
            else
            {
                path.Add(new(tree.Start, split));
                tree = tree with { Start = split };
            }
        }
        path.Reverse();
        return path;
    }

    /// <summary>The subtrees whose hashes prove that the first <paramref name="oldSize"/> leaves of the tree did not change (PROOF of section 2.1.2).</summary>
    public static List<LeafRange> Consistency(long oldSize, long size)
    {
        var path = new List<LeafRange>();
        if (oldSize == 0)
        {
            return path;
        }
        var tree = new LeafRange(0, size);
        // Whether the old tree is what is left of the tree: its root is known then, and no part of the proof.
        var whole = true;
        while (tree.End != oldSize)
        {
            var split = Split(tree);
            if (oldSize <= split)
            {
                path.Add(new(split, tree.End));
                tree = tree with { End = split };
            }
            else
            {
                path.Add(new(tree.Start, split));
                tree = tree with { Start = split };
                whole = false;
            }
        }
        if (!whole)
        {
            path.Add(tree);
        }
        path.Reverse();
        return path;
    }

    /// <summary>The hash over a range: its complete subtrees, folded from the right.</summary>
    public static TreeHash Hash(LeafRange range, INodes nodes)
    {
        if (range.Count == 0)
        {
            return TreeHash.EmptyRoot;
        }
        var parts = Parts(range);
        var hash = nodes.Hash(parts[^1]);
        for (var i = parts.Count - 2; i >= 0; i--)
        {
            hash = TreeHash.OfNode(nodes.Hash(parts[i]), hash);
        }
        return hash;
    }

    /// <summary>The complete subtrees of a range, from the left, each smaller than the one before.</summary>
    public static List<TreeNode> Parts(LeafRange range)
    {
        var parts = new List<TreeNode>();
        for (var start = range.Start; start < range.End;)
        {
            var height = BitOperations.Log2((ulong)(range.End - start));
            parts.Add(new(height, start >> height));
            start += 1L << height;
        }
        return parts;
    }

    /// <summary>Where the left subtree ends: it has the largest power of two leaves that is smaller than the count.</summary>
    private static long Split(LeafRange tree) => tree.Start + (1L << BitOperations.Log2((ulong)(tree.Count - 1)));
}
