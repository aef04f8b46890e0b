using Touchmark.Log.Writing;

namespace Touchmark.Log.Tests.Writing;

/// <summary>Every write of the writer, failed and failed-but-happened, at every point; the log is checked as a whole after each.</summary>
public sealed class FaultTests
{
    // So that batches cross the ends of tiles and bundles, and partial tiles are replaced.
    private const int Batch = 150;

    /// <summary>What the calls of a batch are, by their beginning, and whether an entry whose batch failed there may be in the log.</summary>
    public static TheoryData<string, bool> Steps => new()
    {
        { "write staging/", false },
        { "swap", true },
        { "write tile/0/", true },
        { "write tile/1/", true },
        { "write tile/entries/", true },
        { "write checkpoint", true },
    };

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task A_failure_at_any_step_fails_the_batch_clearly_and_the_writer_goes_on(string step, bool mayBeLogged)
    {
        foreach (var fault in Enum.GetValues<Fault>())
        {
            var (storage, book) = (new FaultyStorage(), new Bookkeeper());
            await LogWriter.CreateAsync(Options(storage), default);
            await using (var writer = await LogWriter.LoadAsync(Options(storage), default))
            {
                await book.AppendAsync(writer, Batch);
                var armed = true;
                storage.Plan = call => armed && call.StartsWith(step, StringComparison.Ordinal) && !(armed = false) ? fault : null;
                await book.AppendAsync(writer, Batch);
                Assert.False(armed);
                // A swap that happened although it failed is found to have happened: its batch has its receipts.
                Assert.Equal(step == "swap" && fault == Fault.FailedButHappened ? 0 : Batch, book.Failures.Count);
                Assert.All(book.Failures, failure => Assert.Equal(mayBeLogged, failure.MayBeLogged));
                await book.AppendAsync(writer, Batch);
            }
            Assert.Equal((3 * Batch) - book.Failures.Count, book.Receipts);
            await book.AssertKeptAsync(storage, storage.Published);
            await LoadAndAppendAsync(storage, book);
            await book.AssertKeptAsync(storage, storage.Published);
            Assert.DoesNotContain(storage.Store.Objects.Keys, path => path.StartsWith("staging/", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData(Fault.Failed)]
    [InlineData(Fault.FailedButHappened)]
    public async Task A_crash_at_any_call_of_the_storage_forks_nothing_and_loses_no_receipt(Fault last)
    {
        var calls = await CallsOfAsync();
        Assert.InRange(calls, 2 * 7, 100);
        for (var crash = 0; crash < calls; crash++)
        {
            var (storage, book) = (new FaultyStorage(), new Bookkeeper());
            await LogWriter.CreateAsync(Options(storage), default);
            storage.Plan = CrashAt(crash, last);
            await using (var writer = await LogWriter.LoadAsync(Options(storage), default))
            {
                await book.AppendAsync(writer, Batch);
                await book.AppendAsync(writer, Batch);
            }
            storage.Plan = _ => null;
            await LoadAndAppendAsync(storage, book);
            await book.AssertKeptAsync(storage, storage.Published);
        }
    }

    [Theory]
    [InlineData(Fault.Failed)]
    [InlineData(Fault.FailedButHappened)]
    public async Task A_crash_while_a_crash_is_recovered_from_does_no_harm(Fault last)
    {
        for (var crash = 0; crash < 8; crash++)
        {
            var (storage, book) = (new FaultyStorage(), new Bookkeeper());
            await LogWriter.CreateAsync(Options(storage), default);
            storage.Plan = what => what.StartsWith("write tile/", StringComparison.Ordinal) ? Fault.Failed : null;
            await LoadAndAppendAsync(storage, book);
            storage.Plan = CrashAt(crash, last);
            // The process that recovers is gone, too.
            await (await LogWriter.LoadAsync(Options(storage), default)).DisposeAsync();
            storage.Plan = _ => null;
            await LoadAndAppendAsync(storage, book);
            await book.AssertKeptAsync(storage, storage.Published);
        }
    }

    [Theory]
    [InlineData(Fault.Failed)]
    [InlineData(Fault.FailedButHappened)]
    public async Task A_crash_while_a_log_is_created_leaves_one_that_loads_or_none(Fault last)
    {
        var (loaded, created) = (0, 0);
        for (var crash = 0; crash < 6; crash++)
        {
            var (storage, book) = (new FaultyStorage(), new Bookkeeper());
            storage.Plan = CrashAt(crash, last);
            var failed = await Record.ExceptionAsync(() => LogWriter.CreateAsync(Options(storage), default));
            Assert.True(failed is null or LogAppendException, failed?.Message);
            storage.Plan = _ => null;
            if (storage.Head is null)
            {
                // What was staged for it is nobody's, and in nobody's way.
                await LogWriter.CreateAsync(Options(storage), default);
                created++;
            }
            else
            {
                loaded++;
            }
            await LoadAndAppendAsync(storage, book);
            await book.AssertKeptAsync(storage, storage.Published);
        }
        Assert.Equal(last == Fault.Failed ? (4, 2) : (5, 1), (loaded, created));
    }

    [Fact]
    public async Task A_swap_that_happens_late_stops_the_writer_and_the_next_one_takes_it_for_what_it_is()
    {
        var (storage, book) = (new FaultyStorage(), new Bookkeeper());
        await LogWriter.CreateAsync(Options(storage), default);
        await using (var writer = await LogWriter.LoadAsync(Options(storage), default))
        {
            storage.SwapsAreLate = true;
            await book.AppendAsync(writer, Batch);
            Assert.All(book.Failures, failure => Assert.True(failure.MayBeLogged));
            storage.SwapsAreLate = false;
            Assert.Single(storage.Late)();
            var stopped = await Assert.ThrowsAsync<LogStoppedException>(() => book.AppendAsync(writer, Batch));
            Assert.Contains("another one is at work", stopped.Message, StringComparison.Ordinal);
            Assert.NotNull(writer.Stopped);
        }
        await LoadAndAppendAsync(storage, book);
        Assert.Equal(1 + (2 * Batch), storage.Head!.Size);
        await book.AssertKeptAsync(storage, storage.Published);
    }

    [Fact]
    public async Task The_same_batch_again_after_a_late_swap_is_logged_once()
    {
        var (storage, book) = (new FaultyStorage(), new Bookkeeper());
        await LogWriter.CreateAsync(Options(storage), default);
        await using var writer = await LogWriter.LoadAsync(Options(storage, 1), default);
        storage.SwapsAreLate = true;
        var failed = await Assert.ThrowsAsync<LogAppendException>(() => writer.AppendAsync("once"u8.ToArray(), default).AsTask());
        Assert.True(failed.MayBeLogged);
        storage.SwapsAreLate = false;
        Assert.Single(storage.Late)();
        Assert.Equal(1, (await writer.AppendAsync("once"u8.ToArray(), default)).Index);
        Assert.Equal(2, storage.Head!.Size);
        await book.AssertKeptAsync(storage, storage.Published);
    }

    [Fact]
    public async Task While_the_storage_is_down_every_batch_fails_and_when_it_is_back_the_log_goes_on()
    {
        var (storage, book) = (new FaultyStorage(), new Bookkeeper());
        await LogWriter.CreateAsync(Options(storage), default);
        await using (var writer = await LogWriter.LoadAsync(Options(storage), default))
        {
            storage.Plan = call => call.StartsWith("write staging", StringComparison.Ordinal) ? null : call == "swap" ? Down(storage) : Fault.Failed;
            await book.AppendAsync(writer, Batch);
            await book.AppendAsync(writer, Batch);
            Assert.Equal(2 * Batch, book.Failures.Count);
            // The first batch was swapped, and nobody could tell; the second was never begun.
            Assert.Equal([true, false], book.Failures.Select(failure => failure.MayBeLogged).Distinct());
            (storage.Plan, storage.ReadsFail) = (_ => null, false);
            await book.AppendAsync(writer, Batch);
        }
        Assert.Equal(1 + (2 * Batch), storage.Head!.Size);
        await book.AssertKeptAsync(storage, storage.Published);
    }

    [Fact]
    public async Task What_was_decided_is_published_without_another_append()
    {
        var (storage, book, time) = (new FaultyStorage(), new Bookkeeper(), new FakeTime());
        await LogWriter.CreateAsync(Options(storage), default);
        await using var writer = await LogWriter.LoadAsync(Options(storage) with { Time = time }, default);
        var published = new TaskCompletionSource();
        storage.Plan = call => call == "write checkpoint" ? Fault.Failed : null;
        await book.AppendAsync(writer, Batch);
        storage.Plan = call =>
        {
            published.TrySetResult();
            return null;
        };
        while (!published.Task.IsCompleted)
        {
            // The writer sets its timer on a thread of its own.
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        await book.AppendAsync(writer, Batch);
        await book.AssertKeptAsync(storage, storage.Published);
    }

    [Fact]
    public async Task A_log_is_loaded_while_its_witnesses_are_away_and_published_when_they_are_back()
    {
        var (storage, book, away) = (new FaultyStorage(), new Bookkeeper(), true);
        await LogWriter.CreateAsync(Options(storage), default);
        var options = Options(storage) with { Cosign = (checkpoint, _, _) => away ? throw new IOException("nobody there") : ValueTask.FromResult(checkpoint) };
        await using (var writer = await LogWriter.LoadAsync(options, default))
        {
            await book.AppendAsync(writer, Batch);
            Assert.All(book.Failures, failure => Assert.True(failure.MayBeLogged));
        }
        await using (var again = await LogWriter.LoadAsync(options, default))
        {
            away = false;
            await book.AppendAsync(again, Batch);
        }
        Assert.Equal(Batch, book.Receipts);
        Assert.Equal(1 + (2 * Batch), storage.Head!.Size);
        await book.AssertKeptAsync(storage, storage.Published);
    }

    /// <summary>From this call on, nothing works: the process is gone.</summary>
    private static Func<string, Fault?> CrashAt(int crash, Fault last)
    {
        var call = 0;
        return _ => call++ < crash ? null : call == crash + 1 ? last : Fault.Failed;
    }

    private static async Task LoadAndAppendAsync(FaultyStorage storage, Bookkeeper book)
    {
        await using var writer = await LogWriter.LoadAsync(Options(storage), default);
        await book.AppendAsync(writer, Batch);
    }

    private static Fault Down(FaultyStorage storage)
    {
        storage.ReadsFail = true;
        return Fault.FailedButHappened;
    }

    private static async Task<int> CallsOfAsync()
    {
        var (storage, book) = (new FaultyStorage(), new Bookkeeper());
        await LogWriter.CreateAsync(Options(storage), default);
        storage.Calls.Clear();
        await using (var writer = await LogWriter.LoadAsync(Options(storage), default))
        {
            await book.AppendAsync(writer, Batch);
            await book.AppendAsync(writer, Batch);
        }
        return storage.Calls.Count;
    }

    private static LogWriterOptions Options(FaultyStorage storage, int batch = Batch) => Bookkeeper.Options(storage, storage, batch);
}
