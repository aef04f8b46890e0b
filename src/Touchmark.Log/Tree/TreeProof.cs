using System.Numerics;

namespace Touchmark.Log.Tree;

/// <summary>Checks proofs of the tree of RFC 6962 by the algorithms of RFC 9162, sections 2.1.3.2 and 2.1.4.2. Hostile proofs give false, nothing throws.</summary>
public static class TreeProof
{
    /// <summary>No tree that this library knows needs more hashes for a proof: sizes have 63 bits.</summary>
    public const int MaxHashes = 63;

    /// <summary>Whether a leaf is in the tree.</summary>
    /// <param name="leaf">See <see cref="TreeHash.OfLeaf"/>.</param>
    /// <param name="index">Its place, from 0.</param>
    /// <param name="size">Leaves of the tree.</param>
    /// <param name="proof">The hashes from the leaf's sibling up to the root's child.</param>
    /// <param name="root">The root that is believed.</param>
    public static bool VerifyInclusion(TreeHash leaf, long index, long size, IReadOnlyList<TreeHash> proof, TreeHash root)
    {
        ArgumentNullException.ThrowIfNull(proof);
        return RootOf(leaf, index, size, proof) == root;
    }

    /// <summary>The root to which an inclusion proof leads; null when it is not of a length that this index and size ask for.</summary>
    public static TreeHash? RootOf(TreeHash leaf, long index, long size, IReadOnlyList<TreeHash> proof)
    {
        ArgumentNullException.ThrowIfNull(proof);
        if (index < 0 || index >= size)
        {
            return null;
        }
        var hash = leaf;
        var used = 0;
        for (long node = index, last = size - 1; last > 0; node >>= 1, last >>= 1)
        {
            // The last node of a level without a sibling is taken up as it is.
            if ((node & 1) == 0 && node == last)
            {
                continue;
            }
            if (used == proof.Count)
            {
                return null;
            }
            hash = (node & 1) == 1 ? TreeHash.OfNode(proof[used], hash) : TreeHash.OfNode(hash, proof[used]);
            used++;
        }
        return used == proof.Count ? hash : null;
    }

    /// <summary>Whether the tree of <paramref name="newSize"/> leaves begins with the leaves of the tree of <paramref name="oldSize"/>.</summary>
    /// <param name="oldSize">Leaves; from an empty tree to any other the proof is empty.</param>
    /// <param name="oldRoot">The root that was believed.</param>
    /// <param name="newSize">Leaves, at least <paramref name="oldSize"/>.</param>
    /// <param name="newRoot">The root that is to be believed.</param>
    /// <param name="proof">PROOF(old size, new tree) of RFC 6962, section 2.1.2.</param>
    public static bool VerifyConsistency(long oldSize, TreeHash oldRoot, long newSize, TreeHash newRoot, IReadOnlyList<TreeHash> proof)
    {
        ArgumentNullException.ThrowIfNull(proof);
        if (oldSize < 0 || oldSize > newSize)
        {
            return false;
        }
        if (oldSize == 0)
        {
            return proof.Count == 0 && oldRoot == TreeHash.EmptyRoot && (newSize > 0 || newRoot == TreeHash.EmptyRoot);
        }
        if (oldSize == newSize)
        {
            return proof.Count == 0 && oldRoot == newRoot;
        }
        // Old trees of a power of two are a subtree of the new one: their root starts the proof without being in it.
        var used = 0;
        TreeHash first;
        if (BitOperations.IsPow2(oldSize))
        {
            first = oldRoot;
        }
        else if (proof.Count > 0)
        {
            first = proof[used++];
        }
        else
        {
            return false;
        }
        var skip = BitOperations.TrailingZeroCount(oldSize);
        long node = (oldSize - 1) >> skip, last = (newSize - 1) >> skip;
        var (oldHash, newHash) = (first, first);
        for (; last > 0; node >>= 1, last >>= 1)
        {
            if ((node & 1) == 0 && node == last)
            {
                continue;
            }
            if (used == proof.Count)
            {
                return false;
            }
            var sibling = proof[used++];
            if ((node & 1) == 1)
            {
                oldHash = TreeHash.OfNode(sibling, oldHash);
                newHash = TreeHash.OfNode(sibling, newHash);
            }
            else
            {
                newHash = TreeHash.OfNode(newHash, sibling);
            }
        }
        return used == proof.Count && oldHash == oldRoot && newHash == newRoot;
    }
}
