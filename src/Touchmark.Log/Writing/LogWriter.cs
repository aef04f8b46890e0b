using System.Threading.Channels;
using Touchmark.Log.Notes;
using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;

namespace Touchmark.Log.Writing;

/// <summary>
/// Writes a log: takes entries from any number of threads, puts them into the log in batches, and answers each with its receipt once the log is published with it.
/// What it does so that the log never forks is told at <see cref="Sealer"/>.
/// </summary>
public sealed class LogWriter : IAsyncDisposable
{
    /// <summary>The first line of entry 0 of every log.</summary>
    public const string GenesisHeader = "touchmark log genesis v1";

    private readonly LogWriterOptions _options;
    private readonly Sealer _sealer;
    private readonly Channel<Waiter> _queue;
    private readonly Task _work;
    private volatile Exception? _stopped;

    private LogWriter(LogWriterOptions options, Sealer sealer)
    {
        _options = options;
        _sealer = sealer;
        _queue = Channel.CreateBounded<Waiter>(new BoundedChannelOptions(options.Waiting) { SingleReader = true });
        _work = Task.Run(WorkAsync);
    }

    /// <summary>Why it takes nothing any more; null while it works.</summary>
    public Exception? Stopped => _stopped;

    /// <summary>The log's verifier keys: what a policy lists.</summary>
    public static IReadOnlyList<NoteKey> KeysOf(LogWriterOptions options) => [.. Sealer.SignersOf(options).Select(signer => signer.Key)];

    /// <summary>Creates a log, with its genesis entry. That is done once: it refuses where there is anything but what an earlier attempt had staged.</summary>
    /// <exception cref="LogConfigurationException">There is something already.</exception>
    public static async Task CreateAsync(LogWriterOptions options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (await options.Head.ReadAsync(cancel) is { } head)
        {
            throw new LogConfigurationException($"There is a log of {head.Size} entries already: it is loaded, not created.");
        }
        await foreach (var path in options.Objects.ListAsync("", cancel))
        {
            // What was staged and never decided is nobody's: a creation that crashed left it.
            if (!path.StartsWith(Staging.Prefix, StringComparison.Ordinal))
            {
                throw new LogConfigurationException($"There is {path} already where the log was to be created. If no log was ever there, empty the place; else restore the log's head.");
            }
        }
        var keys = KeysOf(options);
        var genesis = string.Concat([$"{GenesisHeader}\n{options.Origin}\n", .. keys.Select(key => $"{key}\n")]);
        var sealer = Sealer.OfNothing(options);
        await sealer.SealAsync([System.Text.Encoding.UTF8.GetBytes(genesis)], cancel);
        await sealer.TidyAsync(cancel);
    }

    /// <summary>Goes on with a log, from wherever its last writer left it.</summary>
    /// <exception cref="LogConfigurationException">There is no log, or it is another one.</exception>
    /// <exception cref="LogDamagedException">It is damaged: <c>fsck</c> tells where.</exception>
    /// <exception cref="LogStoppedException">Head and published checkpoint contradict each other.</exception>
    public static async Task<LogWriter> LoadAsync(LogWriterOptions options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        var head = await options.Head.ReadAsync(cancel)
            ?? throw new LogConfigurationException("There is no log to load. If this is a new one, create it first; else its head was lost.");
        return new(options, await Sealer.LoadAsync(options, head, cancel));
    }

    /// <summary>Appends an entry; returns when it is in the published log, durably.</summary>
    /// <param name="entry">At most 65,535 bytes; must not change until this returns.</param>
    /// <param name="cancel">Stops waiting; the entry may be logged all the same.</param>
    /// <exception cref="ArgumentException">The entry is too large.</exception>
    /// <exception cref="LogAppendException">The storage failed.</exception>
    /// <exception cref="LogStoppedException">The writer stopped for good, or is closed.</exception>
    public async ValueTask<LogReceipt> AppendAsync(ReadOnlyMemory<byte> entry, CancellationToken cancel)
    {
        if (entry.Length > EntryBundle.MaxEntrySize)
        {
            throw new ArgumentException($"An entry has at most {EntryBundle.MaxEntrySize} bytes, this one has {entry.Length}: log its hash.", nameof(entry));
        }
        var waiter = new Waiter(entry, _options.Time.GetTimestamp());
        var batch = await EnterAsync(waiter, cancel);
        // Worked out here, so that the proofs of a batch are made by those who wait for them.
        return new(waiter.Index, batch.Growth!.Inclusion(waiter.Index), batch.Checkpoint);
    }

    /// <summary>Publishes the head anew, with fresh signatures of the witnesses, so that a log in which nothing happens does not grow stale.</summary>
    public async ValueTask<SignedCheckpoint> RefreshAsync(CancellationToken cancel) => (await EnterAsync(new Waiter(null, _options.Time.GetTimestamp()), cancel)).Checkpoint;

    /// <summary>Takes nothing more, logs what it has taken, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete(new LogStoppedException("The log's writer is closed."));
        await _work;
    }

    private async ValueTask<SealedBatch> EnterAsync(Waiter waiter, CancellationToken cancel)
    {
        try
        {
            await _queue.Writer.WriteAsync(waiter, cancel);
        }
        catch (ChannelClosedException closed)
        {
            throw new LogStoppedException(_stopped?.Message ?? "The log's writer is closed.", closed.InnerException);
        }
        return await waiter.Answer.Task.WaitAsync(cancel);
    }

    private async Task WorkAsync()
    {
        while (await NextAsync())
        {
            var batch = await GatherAsync();
            try
            {
                var done = await _sealer.SealAsync([.. batch.Select(waiter => waiter.Entry).OfType<ReadOnlyMemory<byte>>()], CancellationToken.None);
                var index = done.Growth is { } growth ? growth.Size - batch.Count(waiter => waiter.Entry is not null) : 0;
                foreach (var waiter in batch)
                {
                    waiter.Index = waiter.Entry is null ? waiter.Index : index++;
                    waiter.Answer.TrySetResult(done);
                }
                await _sealer.TidyAsync(CancellationToken.None);
            }
            catch (LogAppendException e)
            {
                batch.ForEach(waiter => waiter.Answer.TrySetException(e));
            }
            catch (Exception e)
            {
                Stop(e, batch);
            }
        }
    }

    /// <summary>Waits for work. Whatever a failure left unfinished is tried again meanwhile.</summary>
    private async ValueTask<bool> NextAsync()
    {
        while (true)
        {
            try
            {
                using var retry = _sealer.IsSettled ? null : new CancellationTokenSource(_options.RetryTime, _options.Time);
                return await _queue.Reader.WaitToReadAsync(retry?.Token ?? CancellationToken.None);
            }
            catch (OperationCanceledException)
            {
                await TrySettleAsync();
            }
            catch (LogStoppedException)
            {
                return false;
            }
        }
    }

    private async ValueTask TrySettleAsync()
    {
        try
        {
            await _sealer.SettleAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is LogStoppedException or LogDamagedException)
        {
            Stop(e, []);
        }
        catch (Exception)
        {
            // The storage is still down; the next batch says so to whoever waits for it.
        }
    }

    private async ValueTask<List<Waiter>> GatherAsync()
    {
        var batch = new List<Waiter>();
        var bytes = 0;
        // What came while the batch before was sealed has waited already.
        var waited = _queue.Reader.TryPeek(out var first) ? _options.Time.GetElapsedTime(first.Entered) : TimeSpan.Zero;
        if (waited >= _options.BatchTime)
        {
            Take(batch, ref bytes);
            return batch;
        }
        using var closing = new CancellationTokenSource(_options.BatchTime - waited, _options.Time);
        try
        {
            do
            {
                Take(batch, ref bytes);
            }
            while (batch.Count < _options.BatchEntries && bytes < _options.BatchBytes && await _queue.Reader.WaitToReadAsync(closing.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or LogStoppedException)
        {
            // Its time is over, or nothing more will come.
        }
        return batch;
    }

    private void Take(List<Waiter> batch, ref int bytes)
    {
        while (batch.Count < _options.BatchEntries && bytes < _options.BatchBytes && _queue.Reader.TryRead(out var waiter))
        {
            batch.Add(waiter);
            bytes += waiter.Entry?.Length ?? 0;
        }
    }

    /// <summary>Fails whoever waits, and takes nothing more.</summary>
    private void Stop(Exception why, List<Waiter> batch)
    {
        _stopped = why;
        var stopped = new LogStoppedException(why.Message, why);
        _queue.Writer.TryComplete(stopped);
        batch.ForEach(waiter => waiter.Answer.TrySetException(stopped));
        while (_queue.Reader.TryRead(out var waiter))
        {
            waiter.Answer.TrySetException(stopped);
        }
    }

    /// <param name="entry">Null to publish the head anew.</param>
    /// <param name="entered">When it came, as a timestamp of the writer's clock.</param>
    private sealed class Waiter(ReadOnlyMemory<byte>? entry, long entered)
    {
        public long Entered => entered;

        public ReadOnlyMemory<byte>? Entry => entry;

        public long Index { get; set; }

        public TaskCompletionSource<SealedBatch> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
