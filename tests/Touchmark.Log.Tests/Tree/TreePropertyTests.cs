using FsCheck;
using FsCheck.Fluent;
using Touchmark.Log.Tiles;
using Touchmark.Log.Tree;

namespace Touchmark.Log.Tests.Tree;

public sealed class TreePropertyTests
{
    private const int Largest = 1300;

    [Fact]
    public void Every_proof_of_every_tree_verifies_and_a_proof_with_any_changed_bit_does_not()
    {
        var trees = Gen.Choose(1, Largest).SelectMany(size => Gen.Choose(0, size - 1).SelectMany(index => Gen.Choose(0, 1 << 20).Select(bit => (size, index, bit))));
        Check.QuickThrowOnFailure(Prop.ForAll(trees.ToArbitrary(), tree =>
        {
            var (size, index, bit) = tree;
            var growth = new TreeGrowth(TreeEdge.Empty, Forest.Leaves(size));
            var leaf = TreeHash.OfLeaf(Forest.Entry(index));
            var proof = growth.Inclusion(index);
            Assert.True(TreeProof.VerifyInclusion(leaf, index, size, proof, growth.Root));
            Assert.False(TreeProof.VerifyInclusion(Flip(leaf, bit), index, size, proof, growth.Root));
            Assert.False(TreeProof.VerifyInclusion(leaf, index, size, proof, Flip(growth.Root, bit)));
            Assert.False(TreeProof.VerifyInclusion(leaf, index, size, [.. proof, growth.Root], growth.Root));
            for (var i = 0; i < proof.Length; i++)
            {
                Assert.False(TreeProof.VerifyInclusion(leaf, index, size, [.. proof[..i], Flip(proof[i], bit), .. proof[(i + 1)..]], growth.Root));
            }
            if (proof.Length > 0)
            {
                Assert.False(TreeProof.VerifyInclusion(leaf, index, size, proof[..^1], growth.Root));
                Assert.False(TreeProof.VerifyInclusion(leaf, index ^ 1, size, proof, growth.Root));
            }
        }));
    }

    [Fact]
    public void Every_earlier_tree_is_consistent_with_a_later_one_and_no_other_tree_is()
    {
        var trees = Gen.Choose(1, Largest).SelectMany(size => Gen.Choose(0, size).SelectMany(old => Gen.Choose(0, 1 << 20).Select(bit => (size, old, bit))));
        Check.QuickThrowOnFailure(Prop.ForAll(trees.ToArbitrary(), tree =>
        {
            var (size, old, bit) = tree;
            var (store, growth) = Forest.Grow(old, size - old);
            var (oldRoot, proof) = new TileTree(store, size, growth.Root).ConsistencyAsync(old, default).AsTask().GetAwaiter().GetResult();
            Assert.Equal(Forest.Root(Forest.Leaves(old)), oldRoot);
            Assert.Equal(Forest.Root(Forest.Leaves(size)), growth.Root);
            Assert.True(TreeProof.VerifyConsistency(old, oldRoot, size, growth.Root, proof));
            Assert.False(TreeProof.VerifyConsistency(old, Flip(oldRoot, bit), size, growth.Root, proof));
            Assert.False(TreeProof.VerifyConsistency(old, oldRoot, size, growth.Root, [.. proof, oldRoot]));
            if (old > 0)
            {
                Assert.False(TreeProof.VerifyConsistency(old, oldRoot, size, Flip(growth.Root, bit), proof));
            }
            for (var i = 0; i < proof.Count; i++)
            {
                Assert.False(TreeProof.VerifyConsistency(old, oldRoot, size, growth.Root, [.. proof.Take(i), Flip(proof[i], bit), .. proof.Skip(i + 1)]));
                Assert.False(TreeProof.VerifyConsistency(old, oldRoot, size, growth.Root, [.. proof.Take(i)]));
            }
        }));
    }

    [Fact]
    public void A_tree_that_grows_in_any_steps_has_the_tiles_proofs_and_root_of_the_whole()
    {
        var growths = Gen.Choose(0, 700).ListOf(5);
        Check.QuickThrowOnFailure(Prop.ForAll(growths.ToArbitrary(), steps =>
        {
            var size = steps.Sum();
            var (stepped, growth) = Forest.Grow(steps);
            var (whole, _) = Forest.Grow(size);
            Assert.Equal(Forest.Root(Forest.Leaves(size)), growth.Root);
            // The whole needs no partial tile that the steps did not leave, and both have the same bytes in them.
            Assert.All(whole.Objects, tile => Assert.Equal(tile.Value, stepped.Objects[tile.Key]));
            Assert.Equal(growth.Root, growth.Edge().Root);
            for (var index = size - steps[^1]; index < size; index += 1 + (size / 50))
            {
                Assert.True(TreeProof.VerifyInclusion(TreeHash.OfLeaf(Forest.Entry(index)), index, size, growth.Inclusion(index), growth.Root));
            }
        }));
    }

    [Fact]
    public void Nonsense_numbers_and_lists_verify_nothing_and_throw_nothing()
    {
        var numbers = Gen.Elements(0L, 1L, -1L, 2L, 255L, long.MaxValue, long.MinValue, 1L << 62).Or(Gen.Choose(-5, 500).Select(n => (long)n));
        var cases = numbers.SelectMany(a => numbers.SelectMany(b => Gen.Choose(0, 70).Select(count => (a, b, count))));
        Check.QuickThrowOnFailure(Prop.ForAll(cases.ToArbitrary(), it =>
        {
            var hashes = Forest.Leaves(it.count);
            var root = TreeHash.OfLeaf("root"u8);
            Assert.False(TreeProof.VerifyInclusion(TreeHash.OfLeaf("leaf"u8), it.a, it.b, hashes, root));
            Assert.False(TreeProof.VerifyConsistency(it.a, TreeHash.OfLeaf("leaf"u8), it.b, root, hashes));
        }));
    }

    [Fact]
    public async Task A_proof_from_altered_tiles_is_not_given_out()
    {
        var (store, growth) = Forest.Grow(70_000);
        var tree = new TileTree(store, growth.Size, growth.Root);
        Assert.NotEmpty(await tree.InclusionAsync(12_345, default));
        store.Objects["tile/0/048"][100] ^= 1;
        var error = await Assert.ThrowsAsync<Storage.LogDamagedException>(() => tree.InclusionAsync(12_345, default).AsTask());
        Assert.Contains("do not lead to its root", error.Message, StringComparison.Ordinal);
        store.Objects.TryRemove("tile/0/048", out _);
        error = await Assert.ThrowsAsync<Storage.LogDamagedException>(() => tree.InclusionAsync(12_345, default).AsTask());
        Assert.Contains("tile/0/048 is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_tile_serves_for_a_partial_one_that_is_gone()
    {
        var (store, early) = Forest.Grow(300);
        var (later, _) = Forest.Grow(600);
        store.Objects.TryRemove("tile/0/001.p/44", out _);
        store.Objects["tile/0/001"] = later.Objects["tile/0/001"];
        Assert.Equal(early.Inclusion(290), await new TileTree(store, 300, early.Root).InclusionAsync(290, default));
    }

    [Fact]
    public async Task Tiles_that_many_proofs_need_are_read_once()
    {
        var (store, growth) = Forest.Grow(70_000);
        var cache = new TileCache();
        _ = await new TileTree(store, growth.Size, growth.Root, cache).InclusionAsync(5, default);
        var before = store.Reads;
        _ = await new TileTree(store, growth.Size, growth.Root, cache).InclusionAsync(300, default);
        // Its own tile of level 0.
        Assert.Equal(1, store.Reads - before);
    }

    private static TreeHash Flip(TreeHash hash, int bit)
    {
        var bytes = hash.ToArray();
        bytes[bit / 8 % bytes.Length] ^= (byte)(1 << (bit % 8));
        return new(bytes);
    }
}
