using System.Text;
using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;
using Touchmark.Log.Writing;

namespace Touchmark.Log.Tests.Writing;

public sealed class WriterTests
{
    [Fact]
    public async Task A_log_begins_with_its_name_and_keys()
    {
        var storage = new FaultyStorage();
        await LogWriter.CreateAsync(Options(storage), default);
        var tree = new TileTree(storage, 1, storage.Head!.Root);
        var genesis = Encoding.UTF8.GetString((await tree.EntryAsync(0, default)).Span);
        Assert.Equal($"{LogWriter.GenesisHeader}\n{Keys.Origin}\n{Keys.LogKeys[0]}\n{Keys.LogKeys[1]}\n", genesis);
    }

    [Fact]
    public async Task A_log_is_not_created_where_there_is_anything()
    {
        var storage = new FaultyStorage();
        await LogWriter.CreateAsync(Options(storage), default);
        var error = await Assert.ThrowsAsync<LogConfigurationException>(() => LogWriter.CreateAsync(Options(storage), default));
        Assert.Contains("already", error.Message, StringComparison.Ordinal);
        storage.Head = null;
        error = await Assert.ThrowsAsync<LogConfigurationException>(() => LogWriter.CreateAsync(Options(storage), default));
        Assert.Contains("restore the log's head", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_that_is_not_there_is_not_loaded()
    {
        var storage = new FaultyStorage();
        await Assert.ThrowsAsync<LogConfigurationException>(() => LogWriter.LoadAsync(Options(storage), default));
        Assert.Empty(storage.Calls);
    }

    [Fact]
    public async Task A_log_of_other_keys_or_another_name_is_not_loaded()
    {
        var storage = new FaultyStorage();
        await LogWriter.CreateAsync(Options(storage), default);
        using var other = new Touchmark.Cryptography.Ed25519Signer(Keys.Seed("other"));
        await Assert.ThrowsAsync<LogConfigurationException>(() => LogWriter.LoadAsync(Options(storage) with { Ed25519 = other }, default));
        await Assert.ThrowsAsync<LogConfigurationException>(() => LogWriter.LoadAsync(Options(storage) with { Origin = "log.example/other" }, default));
    }

    [Fact]
    public async Task A_head_from_an_older_copy_is_not_gone_on_from()
    {
        var (storage, book) = (new FaultyStorage(), new Bookkeeper());
        await LogWriter.CreateAsync(Options(storage), default);
        var old = storage.Head;
        await using (var writer = await LogWriter.LoadAsync(Options(storage), default))
        {
            await book.AppendAsync(writer, 10);
        }
        storage.Head = old;
        await Assert.ThrowsAsync<LogStoppedException>(() => LogWriter.LoadAsync(Options(storage), default));
    }

    [Fact]
    public async Task Altered_tiles_at_the_edge_are_not_built_upon()
    {
        var (storage, book) = (new FaultyStorage(), new Bookkeeper());
        await LogWriter.CreateAsync(Options(storage), default);
        await using (var writer = await LogWriter.LoadAsync(Options(storage), default))
        {
            await book.AppendAsync(writer, 10);
        }
        foreach (var path in new[] { "tile/0/000.p/11", "tile/entries/000.p/11" })
        {
            storage.Store.Objects[path][40] ^= 1;
            await Assert.ThrowsAsync<LogDamagedException>(() => LogWriter.LoadAsync(Options(storage), default));
            storage.Store.Objects[path][40] ^= 1;
        }
    }

    [Fact]
    public async Task Two_writers_of_one_log_do_not_fork_it_and_the_second_one_stops()
    {
        var (storage, first, second) = (new FaultyStorage(), new Bookkeeper(), new Bookkeeper(first: 1000));
        await LogWriter.CreateAsync(Options(storage), default);
        await using var one = await LogWriter.LoadAsync(Options(storage), default);
        await using var two = await LogWriter.LoadAsync(Options(storage), default);
        await first.AppendAsync(one, 10);
        await Assert.ThrowsAsync<LogStoppedException>(() => second.AppendAsync(two, 10));
        await Assert.ThrowsAsync<LogStoppedException>(() => two.AppendAsync("more"u8.ToArray(), default).AsTask());
        await first.AppendAsync(one, 10);
        await first.AssertKeptAsync(storage, storage.Published);
    }

    [Fact]
    public async Task An_entry_that_is_too_large_is_refused_and_the_largest_is_not()
    {
        var storage = new FaultyStorage();
        await LogWriter.CreateAsync(Options(storage), default);
        await using var writer = await LogWriter.LoadAsync(Options(storage, 1), default);
        var error = await Assert.ThrowsAsync<ArgumentException>(() => writer.AppendAsync(new byte[65536], default).AsTask());
        Assert.Contains("at most 65535 bytes", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await writer.AppendAsync(new byte[65535], default)).Index);
        Assert.Equal(2, (await writer.AppendAsync(Array.Empty<byte>(), default)).Index);
    }

    [Fact]
    public async Task A_batch_closes_when_its_time_is_over()
    {
        var (storage, time) = (new FaultyStorage(), new FakeTime());
        await LogWriter.CreateAsync(Options(storage), default);
        await using var writer = await LogWriter.LoadAsync(Options(storage, 1000) with { Time = time }, default);
        var appends = Enumerable.Range(0, 3).Select(i => writer.AppendAsync(Forest.Entry(i), default).AsTask()).ToArray();
        Assert.False(Array.Exists(appends, append => append.IsCompleted));
        var all = Task.WhenAll(appends);
        while (!all.IsCompleted)
        {
            // The batch opens on a thread of the writer's.
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }
        Assert.Equal([1L, 2L, 3L], (await all).Select(receipt => receipt.Index));
    }

    [Fact]
    public async Task A_batch_closes_when_it_is_heavy()
    {
        var storage = new FaultyStorage();
        await LogWriter.CreateAsync(Options(storage), default);
        await using var writer = await LogWriter.LoadAsync(Options(storage, 1000) with { BatchBytes = 1000 }, default);
        Assert.Equal(1, (await writer.AppendAsync(new byte[1000], default)).Index);
    }

    [Fact]
    public async Task Entries_beyond_what_may_wait_are_held_back_and_lose_nothing()
    {
        var (storage, book) = (new FaultyStorage(), new Bookkeeper());
        await LogWriter.CreateAsync(Options(storage), default);
        await using (var writer = await LogWriter.LoadAsync(Options(storage) with { Waiting = 3 }, default))
        {
            await book.AppendAsync(writer, 100);
        }
        Assert.Equal(100, book.Receipts);
        await book.AssertKeptAsync(storage, storage.Published);
    }

    [Fact]
    public async Task Closing_logs_what_was_taken_and_takes_no_more()
    {
        var storage = new FaultyStorage();
        await LogWriter.CreateAsync(Options(storage), default);
        var writer = await LogWriter.LoadAsync(Options(storage, 1000), default);
        var append = writer.AppendAsync("last"u8.ToArray(), default).AsTask();
        await writer.DisposeAsync();
        Assert.Equal(1, (await append).Index);
        await Assert.ThrowsAsync<LogStoppedException>(() => writer.AppendAsync("late"u8.ToArray(), default).AsTask());
    }

    [Fact]
    public async Task Partial_tiles_go_when_the_full_one_is_there_and_nothing_else_does()
    {
        var (storage, book) = (new FaultyStorage(), new Bookkeeper());
        await LogWriter.CreateAsync(Options(storage), default);
        await using (var writer = await LogWriter.LoadAsync(Options(storage, 50), default))
        {
            for (var batch = 0; batch < 12; batch++)
            {
                await book.AppendAsync(writer, 50);
            }
        }
        var partial = storage.Store.Objects.Keys.Where(path => path.Contains(".p/", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        Assert.Equal(
        [
            "tile/0/002.p/39", "tile/0/002.p/89", "tile/1/000.p/1", "tile/1/000.p/2", "tile/entries/002.p/39", "tile/entries/002.p/89",
        ], partial);
        await book.AssertKeptAsync(storage, storage.Published);
    }

    [Fact]
    public async Task Keys_that_sign_wrongly_stop_the_writer_before_anything_is_written()
    {
        var storage = new FaultyStorage();
        using var wrong = new WrongSigner();
        await Assert.ThrowsAsync<LogStoppedException>(() => LogWriter.CreateAsync(Options(storage) with { MlDsa65 = wrong }, default));
        Assert.Empty(storage.Calls);
    }

    [Fact]
    public async Task A_log_in_files_is_read_back_by_the_next_process()
    {
        using var folder = new TemporaryFolder();
        var book = new Bookkeeper();
        var store = new FolderStore(Path.Combine(folder.Path, "public"));
        var options = Bookkeeper.Options(store, new FolderHeadState(Path.Combine(folder.Path, "head")), 100);
        await LogWriter.CreateAsync(options, default);
        for (var run = 0; run < 3; run++)
        {
            await using var writer = await LogWriter.LoadAsync(options, default);
            await book.AppendAsync(writer, 100);
        }
        await book.AssertKeptAsync(store, []);
        Assert.Equal(300, book.Receipts);
        Assert.DoesNotContain(Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories), file => Path.GetFileName(file)[0] == '.');
    }

    [Fact]
    public async Task No_path_leads_out_of_the_folder()
    {
        using var folder = new TemporaryFolder();
        var store = new FolderStore(Path.Combine(folder.Path, "public"));
        await store.WriteAsync("checkpoint", "inside"u8.ToArray(), default);
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "secret"), "outside");
        foreach (var path in new[] { "../secret", "tile/../../secret", "/etc/passwd", "", ".", "a//b", "tile\\0", "tile/0/\0", ".hidden" })
        {
            Assert.Null(await store.ReadAsync(path, default));
            await Assert.ThrowsAsync<ArgumentException>(() => store.WriteAsync(path, new byte[1], default).AsTask());
            await store.DeleteAsync(path, default);
        }
        Assert.True(File.Exists(Path.Combine(folder.Path, "secret")));
    }

    private static LogWriterOptions Options(FaultyStorage storage, int batch = 10) => Bookkeeper.Options(storage, storage, batch);

    private sealed class WrongSigner : Touchmark.Cryptography.ISigner, IDisposable
    {
        private readonly Touchmark.Cryptography.MlDsa65Signer _other = new(Keys.Seed("wrong"));

        public Touchmark.Cryptography.SignatureAlgorithm Algorithm => _other.Algorithm;

        public ReadOnlyMemory<byte> PublicKey => Keys.MlDsa65.PublicKey;

        public ReadOnlyMemory<byte> KeyId => Keys.MlDsa65.KeyId;

        public void Sign(ReadOnlySpan<byte> message, Span<byte> signature) => _other.Sign(message, signature);

        public void Dispose() => _other.Dispose();
    }
}
