using Touchmark.Log.Checking;
using Touchmark.Log.Notes;
using Touchmark.Log.Tiles;

namespace Touchmark.Log.Tests.Checking;

public sealed class FsckTests
{
    // Two levels of tiles, each with a full and a partial one.
    private const int Size = 66_000;

    private static readonly Lazy<MemoryStore> Whole = new(() => Build(Size));

    [Fact]
    public async Task A_whole_log_is_clean_and_all_of_it_was_looked_at()
    {
        var seen = new List<FsckProgress>();
        var store = Copy();
        var report = await Fsck.RunAsync(store, Keys.Unwitnessed, DateTimeOffset.UnixEpoch, new Progress(seen), default);
        Assert.True(report.IsClean, Words(report));
        Assert.Equal(Size, report.Entries);
        Assert.Equal(store.Objects.Count, report.Objects);
        Assert.Equal(new FsckProgress(Size, Size), seen[^1]);
        Assert.Equal(seen.OrderBy(progress => progress.Entries), seen);
    }

    public static TheoryData<string> Objects => new()
    {
        "tile/0/000", "tile/0/100", "tile/0/255", "tile/0/257.p/208", "tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1",
        "tile/entries/000", "tile/entries/100", "tile/entries/257.p/208", "checkpoint",
    };

    [Theory]
    [MemberData(nameof(Objects))]
    public async Task The_one_object_that_is_wrong_is_named(string path)
    {
        foreach (var (damage, alter) in Damages)
        {
            var store = Copy();
            if (alter(store.Objects[path]) is { } altered)
            {
                store.Objects[path] = altered;
            }
            else
            {
                store.Objects.TryRemove(path, out _);
            }
            var report = await Fsck.RunAsync(store, Keys.Unwitnessed, DateTimeOffset.UnixEpoch, null, default);
            Assert.False(report.IsClean, damage);
            Assert.All(report.Problems, problem => Assert.True(problem.Path == path, $"{damage}: {Words(report)}"));
        }
    }

    [Fact]
    public async Task An_altered_entry_is_named_by_its_number()
    {
        var store = Copy();
        store.Objects["tile/entries/100"][2] ^= 1;
        var report = await Fsck.RunAsync(store, Keys.Unwitnessed, DateTimeOffset.UnixEpoch, null, default);
        var problem = Assert.Single(report.Problems);
        Assert.StartsWith("Entry 25600 was altered", problem.Words, StringComparison.Ordinal);
        Assert.Equal(Size - 1, report.Entries);
    }

    [Fact]
    public async Task A_rewritten_entry_with_a_tile_to_match_is_still_found()
    {
        var store = Copy();
        store.Objects["tile/entries/100"][2] ^= 1;
        Assert.True(EntryBundle.TryDecode(store.Objects["tile/entries/100"], 256, out var entries));
        store.Objects["tile/0/100"] = Tile.Encode([.. entries.Select(entry => Log.Tree.TreeHash.OfLeaf(entry.Span))]);
        var report = await Fsck.RunAsync(store, Keys.Unwitnessed, DateTimeOffset.UnixEpoch, null, default);
        Assert.Equal("tile/0/100", Assert.Single(report.Problems).Path);
        Assert.Contains("Neither it nor what lies below it", report.Problems[0].Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_lies_behind_the_end_of_the_log_is_found()
    {
        foreach (var path in new[] { "tile/0/258", "tile/0/257", "tile/0/257.p/209", "tile/1/002.p/1", "tile/3/000.p/1", "tile/entries/300", "tile/0/what" })
        {
            var store = Copy();
            store.Objects[path] = new byte[32];
            var report = await Fsck.RunAsync(store, Keys.Unwitnessed, DateTimeOffset.UnixEpoch, null, default);
            Assert.Equal(path, Assert.Single(report.Problems).Path);
        }
    }

    [Fact]
    public async Task Partial_tiles_of_earlier_times_have_to_be_the_beginning_of_later_ones()
    {
        var store = Copy();
        store.Objects["tile/0/003.p/7"] = store.Objects["tile/0/003"][..(7 * 32)];
        Assert.True((await Fsck.RunAsync(store, Keys.Unwitnessed, DateTimeOffset.UnixEpoch, null, default)).IsClean);
        store.Objects["tile/0/003.p/7"] = store.Objects["tile/0/004"][..(7 * 32)];
        var report = await Fsck.RunAsync(store, Keys.Unwitnessed, DateTimeOffset.UnixEpoch, null, default);
        Assert.Equal("tile/0/003.p/7", Assert.Single(report.Problems).Path);
    }

    [Fact]
    public async Task A_checkpoint_signed_by_others_or_with_one_key_is_found()
    {
        var store = Copy();
        Assert.True(SignedCheckpoint.TryParse(store.Objects["checkpoint"], out var signed, out _));
        store.Objects["checkpoint"] = (signed with { Note = signed.Note with { Signatures = [signed.Note.Signatures[0]] } }).Encode();
        var report = await Fsck.RunAsync(store, Keys.Unwitnessed, DateTimeOffset.UnixEpoch, null, default);
        Assert.Contains("did not sign", Assert.Single(report.Problems).Words, StringComparison.Ordinal);
        Assert.Equal(Size, report.Entries);
    }

    [Fact]
    public async Task A_log_that_is_wrong_everywhere_is_told_in_bounds()
    {
        var store = Copy();
        foreach (var path in store.Objects.Keys.Where(path => path.StartsWith("tile/entries/", StringComparison.Ordinal)))
        {
            store.Objects[path] = [];
        }
        var report = await Fsck.RunAsync(store, Keys.Unwitnessed, DateTimeOffset.UnixEpoch, null, default);
        Assert.Equal(Fsck.MaxProblems, report.Problems.Count);
        Assert.Equal(258, report.ProblemCount);
        Assert.Equal(0, report.Entries);
    }

    private static IEnumerable<(string Damage, Func<byte[], byte[]?> Alter)> Damages =>
    [
        ("missing", _ => null),
        ("cut", bytes => bytes[..^1]),
        ("longer", bytes => [.. bytes, 0]),
        ("a bit", bytes => [.. bytes[..^1], (byte)(bytes[^1] ^ 1)]),
    ];

    private static MemoryStore Copy()
    {
        var copy = new MemoryStore();
        foreach (var (path, content) in Whole.Value.Objects)
        {
            copy.Objects[path] = content.ToArray();
        }
        return copy;
    }

    private static MemoryStore Build(int size)
    {
        var (store, growth) = Forest.Grow(size);
        for (var index = 0; index < size; index += TileId.FullWidth)
        {
            var id = TileId.Holding(TileId.EntriesLevel, index, size);
            store.Objects[id.Path] = EntryBundle.Encode(Enumerable.Range(index, id.Width).Select(i => new ReadOnlyMemory<byte>(Forest.Entry(i))));
        }
        store.Objects["checkpoint"] = SignedCheckpoint.Sign(new(Keys.Origin, size, growth.Root), Keys.Log).Encode();
        return store;
    }

    private static string Words(FsckReport report) => string.Join('\n', report.Problems.Select(problem => $"{problem.Path}: {problem.Words}"));

    private sealed class Progress(List<FsckProgress> seen) : IProgress<FsckProgress>
    {
        public void Report(FsckProgress value) => seen.Add(value);
    }
}
