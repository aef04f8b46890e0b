using System.Security.Cryptography;
using Touchmark.Log.Checking;
using Touchmark.Log.Notes;
using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;
using Touchmark.Log.Writing;

namespace Touchmark.Log.Tests.Writing;

/// <summary>A log whose appends cost one flush: what a power cut, a torn journal and a full disk make of it.</summary>
public sealed class JournalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Objects => Path.Combine(_folder.Path, "public");

    private string JournalFile => Path.Combine(_folder.Path, "journal");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Tiles_that_a_power_cut_took_are_made_again_from_the_journal()
    {
        await AppendAsync(300, create: true);
        // Nothing of the objects was flushed: each file may be gone, empty, or whole.
        var files = Directory.GetFiles(Objects, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        for (var file = 0; file < files.Count; file++)
        {
            if (file % 3 == 0)
            {
                File.Delete(files[file]);
            }
            else if (file % 3 == 1)
            {
                File.WriteAllBytes(files[file], []);
            }
        }

        await AssertSizeAsync(301);
        await AppendAsync(5);
        await AssertSizeAsync(306);
    }

    [Fact]
    public async Task A_journal_that_was_cut_anywhere_leads_to_a_log_that_was_there()
    {
        await AppendAsync(12, create: true);
        var whole = await File.ReadAllBytesAsync(JournalFile);
        long last = 0;
        for (var cut = 0; cut <= 64; cut++)
        {
            // Objects may be newer than what is left of the journal only when it was cut by hand; a crash cuts both.
            Array.ForEach(Directory.GetFiles(Objects, "*", SearchOption.AllDirectories), File.Delete);
            await File.WriteAllBytesAsync(JournalFile, whole[..(int)((long)whole.Length * cut / 64)]);
            using var store = Open();
            var head = await ((IHeadState)store).ReadAsync(default);
            Assert.True((head?.Size ?? 0) >= last);
            last = head?.Size ?? 0;
            if (head is not null)
            {
                await using var writer = await LogWriter.LoadAsync(Options(store), default);
                Assert.Equal(0, (await FsckAsync(store)).ProblemCount);
            }
        }

        Assert.Equal(13, last);
    }

    [Fact]
    public async Task A_journal_is_begun_anew_when_it_is_long_and_grows_by_what_is_appended()
    {
        const int room = 256 << 10;
        var longest = 0L;
        using (var store = new JournalledStore(new FolderStore(Objects), JournalFile, () => { }) { LongJournal = room })
        {
            await LogWriter.CreateAsync(Options(store), default);
            await using var writer = await LogWriter.LoadAsync(Options(store), default);
            for (var n = 0; n < 200; n++)
            {
                await writer.AppendAsync(new byte[500], default);
                longest = Math.Max(longest, new FileInfo(JournalFile).Length);
            }
        }

        // Bundles that were written down whole would be 10 MB by now, and checkpoints a megabyte.
        Assert.InRange(longest, room / 2, room + (64 << 10));
        await AssertSizeAsync(201);
    }

    [Fact]
    public async Task Entries_are_read_a_bundle_at_a_time_from_wherever_one_begins()
    {
        await AppendAsync(300, create: true);
        using var store = Open();
        var head = (await ((IHeadState)store).ReadAsync(default))!;
        // The tree of before, when the second bundle was narrower than it is now.
        foreach (var size in new[] { head.Size, 290 })
        {
            var (root, _) = await new TileTree(store, head.Size, head.Root).ConsistencyAsync(size, default);
            var tree = new TileTree(store, size, root);
            List<int> counts = [];
            for (long next = 1; next < size; next += counts[^1])
            {
                var entries = await tree.EntriesAsync(next, default);
                Assert.Equal(Enumerable.Range(0, entries.Count).Select(at => next + at - 1), entries.Select(entry => BitConverter.ToInt64(entry.Span)));
                counts.Add(entries.Count);
            }

            Assert.Equal([255, (int)size - 256], counts);
        }
    }

    [Fact]
    public async Task A_second_process_is_kept_out()
    {
        await AppendAsync(1, create: true);
        using var first = Open();
        Assert.Equal(2, (await ((IHeadState)first).ReadAsync(default))!.Size);
        using var second = Open();

        await Assert.ThrowsAsync<IOException>(async () => await ((IHeadState)second).ReadAsync(default));
    }

    [Fact]
    public async Task Tiles_that_cannot_be_written_fail_the_append_and_the_next_writer_finishes_it()
    {
        await AppendAsync(3, create: true);
        var full = new FullStore(new FolderStore(Objects));
        using (var store = new JournalledStore(full, JournalFile, () => { }))
        {
            await using var writer = await LogWriter.LoadAsync(Options(store), default);
            full.IsFull = true;
            var failure = await Assert.ThrowsAsync<LogAppendException>(async () => await writer.AppendAsync(new byte[10], default));
            Assert.True(failure.MayBeLogged);
        }

        await AssertSizeAsync(5);
    }

    [Fact]
    public async Task What_no_file_has_yet_is_read_beside_the_process_that_writes_it_and_after_it_died()
    {
        await AppendAsync(3, create: true);
        using (var store = Open())
        {
            await using var writer = await LogWriter.LoadAsync(Options(store), default);
            await writer.AppendAsync(new byte[10], default);
            await writer.AppendAsync(new byte[10], default);
            Assert.Equal(4, await SizeAsync(new FolderStore(Objects)));
            using var beside = Open();
            Assert.Equal((6L, 0L), await CheckAsync(beside));
            await Assert.ThrowsAsync<IOException>(async () => await beside.WriteAsync(LogPaths.Checkpoint, new byte[1], default));
            // Nothing is published: so it stays when a process is killed.
        }

        using (var after = Open())
        {
            Assert.Equal((6L, 0L), await CheckAsync(after));
            await after.PublishAsync(default);
        }
        Assert.Equal(6, await SizeAsync(new FolderStore(Objects)));
        Assert.Equal(0, (await Fsck.RunAsync(new FolderStore(Objects), Keys.Unwitnessed, DateTimeOffset.UnixEpoch, null, default)).ProblemCount);
    }

    [Fact]
    public async Task Whoever_has_an_older_checkpoint_still_finds_the_tiles_of_its_tree()
    {
        using var store = Open();
        await LogWriter.CreateAsync(Options(store), default);
        await using var writer = await LogWriter.LoadAsync(Options(store), default);
        var trees = new List<TileTree>();
        for (var n = 0; n < 300; n++)
        {
            var receipt = await writer.AppendAsync(BitConverter.GetBytes((long)n), default);
            trees.Add(new TileTree(store, receipt.Checkpoint.Checkpoint.Size, receipt.Checkpoint.Checkpoint.Root));
        }

        for (var n = 0; n < trees.Count; n += 7)
        {
            Assert.Equal(BitConverter.GetBytes((long)n), (await trees[n].EntryAsync(n + 1, default)).ToArray());
        }
    }

    [Fact]
    public void A_record_within_a_forgotten_one_is_never_taken_for_one()
    {
        byte[] inner = [1, 2, 3];
        var forged = (byte[])[0, 0, 0, 3, .. SHA256.HashData(inner).AsSpan(0, 8), .. inner];
        var (journal, _) = Journal.Open(JournalFile, 4096);
        using (journal)
        {
            // The one that is forgotten holds, just behind where a shorter one will end, what looks like a record.
            journal.Append([.. new byte[20], .. forged]);
            journal.Forget(0);
            journal.Append(new byte[20]);
            journal.Flush();
        }

        Assert.Equal([new byte[20]], Journal.Look(JournalFile).Select(record => record.ToArray()));
    }

    private JournalledStore Open() => JournalledStore.OfFolder(Objects, JournalFile);

    private static LogWriterOptions Options(JournalledStore store) => Bookkeeper.Options(store, store, 1);

    private static Task<FsckReport> FsckAsync(JournalledStore store) => Fsck.RunAsync(store, Keys.Unwitnessed, DateTimeOffset.UnixEpoch, null, default);

    private async Task AppendAsync(int count, bool create = false)
    {
        using var store = Open();
        if (create)
        {
            await LogWriter.CreateAsync(Options(store), default);
        }
        await using var writer = await LogWriter.LoadAsync(Options(store), default);
        for (var n = 0; n < count; n++)
        {
            await writer.AppendAsync(BitConverter.GetBytes((long)n), default);
        }
        await store.PublishAsync(default);
    }

    private async Task AssertSizeAsync(long size)
    {
        using var store = Open();
        await using var writer = await LogWriter.LoadAsync(Options(store), default);
        Assert.Equal((size, 0L), await CheckAsync(store));
    }

    private static async Task<(long Entries, long Problems)> CheckAsync(JournalledStore store)
    {
        var report = await FsckAsync(store);
        return (report.Entries, report.ProblemCount);
    }

    private static async Task<long> SizeAsync(FolderStore objects) =>
        SignedCheckpoint.TryParse((await objects.ReadAsync(LogPaths.Checkpoint, default))!.Value.Span, out var signed, out _) ? signed.Checkpoint.Size : 0;

    private sealed class FullStore(IObjectStore inner) : IObjectStore
    {
        public bool IsFull { get; set; }

        public ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string path, CancellationToken cancel) => inner.ReadAsync(path, cancel);

        public ValueTask WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancel) => IsFull ? throw new IOException("No space left on device") : inner.WriteAsync(path, content, cancel);

        public ValueTask DeleteAsync(string path, CancellationToken cancel) => inner.DeleteAsync(path, cancel);

        public IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancel) => inner.ListAsync(prefix, cancel);
    }
}
