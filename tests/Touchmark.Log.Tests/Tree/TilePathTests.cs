using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.Log.Tiles;

namespace Touchmark.Log.Tests.Tree;

public sealed class TilePathTests
{
    [Fact]
    public void Paths_are_taken_and_refused_as_the_vectors_say()
    {
        foreach (var item in Vectors.Cases("tiles.json").Where(item => item.TryGetProperty("path", out _)))
        {
            var path = item.Text("path");
            var taken = TileId.TryParse(path, out var tile);
            if (item.TextOrNull("refused") is { } why)
            {
                Assert.False(taken, $"{path} ({why})");
                continue;
            }
            Assert.True(taken, path);
            Assert.Equal(new TileId((int)item.Number("level"), item.Number("index"), (int)item.Number("width")), tile);
            Assert.Equal(path, tile.Path);
        }
    }

    [Fact]
    public void Every_tile_has_one_path_and_every_path_that_is_taken_is_it()
    {
        var tiles = Gen.Choose(-1, 6).SelectMany(level => Gen.Choose(0, int.MaxValue).SelectMany(index => Gen.Choose(1, 256).Select(width =>
            new TileId(level, index & ((1L << Math.Min(30, 62 - (8 * (level + 1)))) - 1), width))));
        Check.QuickThrowOnFailure(Prop.ForAll(tiles.ToArbitrary(), tile =>
        {
            Assert.True(TileId.TryParse(tile.Path, out var parsed), tile.Path);
            Assert.Equal(tile, parsed);
        }));
        var pieces = Gen.Elements("tile", "/", "0", "1", "x", "000", "x001", "/", "entries", ".p/", "255", "..", "\\", "%2e", "\0", "é", "-", "+", " ");
        Check.QuickThrowOnFailure(Prop.ForAll(pieces.ListOf(8).Select(string.Concat).ToArbitrary(), path =>
        {
            foreach (var text in new[] { path, "tile/0/" + path, "tile/entries/000" + path })
            {
                if (TileId.TryParse(text, out var tile))
                {
                    Assert.Equal(text, tile.Path);
                }
            }
        }));
    }

    [Fact]
    public void A_bundle_is_what_the_other_implementation_makes()
    {
        var item = Vectors.Cases("tiles.json").Single(item => item.TryGetProperty("bundle_sha256", out _));
        byte[][] entries = [Forest.Entry(0), [], [.. Enumerable.Range(0, 256).Select(i => (byte)i)], [.. Enumerable.Repeat((byte)0xff, 65535)]];
        var bundle = EntryBundle.Encode(entries.Select(entry => new ReadOnlyMemory<byte>(entry)));
        Assert.Equal(item.Text("bundle_sha256"), Convert.ToHexStringLower(SHA256.HashData(bundle)));
        Assert.True(EntryBundle.TryDecode(bundle, entries.Length, out var decoded));
        Assert.Equal(entries, decoded.Select(entry => entry.ToArray()));
    }

    [Fact]
    public void A_bundle_of_another_width_or_length_is_refused()
    {
        var bundle = EntryBundle.Encode(Enumerable.Range(0, 5).Select(i => new ReadOnlyMemory<byte>(Forest.Entry(i))));
        foreach (var width in new[] { -1, 0, 4, 6, 256, 257 })
        {
            Assert.False(EntryBundle.TryDecode(bundle, width, out _));
        }
        for (var length = 0; length < bundle.Length; length++)
        {
            Assert.False(EntryBundle.TryDecode(bundle.AsMemory(0, length), 5, out _));
        }
        Assert.False(EntryBundle.TryDecode(new byte[bundle.Length + 1], 5, out _));
        Assert.Throws<ArgumentException>(() => EntryBundle.Encode([new byte[EntryBundle.MaxEntrySize + 1]]));
    }
}
