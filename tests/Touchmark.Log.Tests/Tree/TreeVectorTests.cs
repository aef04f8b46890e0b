using Touchmark.Log.Tree;

namespace Touchmark.Log.Tests.Tree;

public sealed class TreeVectorTests
{
    [Fact]
    public void The_test_tree_of_the_reference_implementation_has_the_known_roots()
    {
        var reference = Vectors.Cases("tree.json").First().GetProperty("reference");
        var leaves = reference.GetProperty("leaves").EnumerateArray().Select(leaf => TreeHash.OfLeaf(Convert.FromHexString(leaf.GetString()!))).ToArray();
        var roots = reference.GetProperty("roots").EnumerateArray().Select(root => root.GetString()!).ToArray();
        Assert.Equal(8, roots.Length);
        Assert.Equal(roots, Enumerable.Range(1, roots.Length).Select(size => Convert.ToHexStringLower(new TreeGrowth(TreeEdge.Empty, leaves[..size]).Root.ToArray())));
    }

    [Fact]
    public async Task Roots_and_proofs_are_those_of_the_other_implementation()
    {
        foreach (var tree in Vectors.Cases("tree.json").Skip(1))
        {
            var (size, root) = (tree.Number("size"), tree.Hash("root"));
            var (store, growth) = Forest.Grow((int)size);
            Assert.Equal(root, growth.Root);
            var tiles = new Tiles.TileTree(store, size, root);
            foreach (var inclusion in tree.GetProperty("inclusion").EnumerateArray())
            {
                var (index, proof) = (inclusion.Number("index"), inclusion.Hashes("proof"));
                Assert.Equal(proof, await tiles.InclusionAsync(index, default));
                Assert.Equal(proof, growth.Inclusion(index));
                Assert.True(TreeProof.VerifyInclusion(TreeHash.OfLeaf(Forest.Entry(index)), index, size, proof, root));
            }
            foreach (var consistency in tree.GetProperty("consistency").EnumerateArray())
            {
                var (from, old, proof) = (consistency.Number("from"), consistency.Hash("root"), consistency.Hashes("proof"));
                var (oldRoot, made) = await tiles.ConsistencyAsync(from, default);
                Assert.Equal(old, oldRoot);
                Assert.Equal(proof, made);
                Assert.True(TreeProof.VerifyConsistency(from, old, size, root, proof));
            }
        }
    }
}
