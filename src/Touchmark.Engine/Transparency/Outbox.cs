using System.Security.Cryptography;
using Touchmark.Evidence.Statements;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Transparency;

/// <summary>
/// The statements on their way into the log. They are put here in the transaction that makes them, so none is forgotten; its commit returns when they are in the log, so whatever is answered
/// after it can be proved.
/// </summary>
internal sealed class Outbox(Database database, TimeProvider time, ILogger<Outbox> log) : IDisposable
{
    /// <summary>
    /// What is committed is done, whether the log works or not: a licence that was revoked has to stop its print all the same. So nobody waits for a log that fails for longer than this.
    /// </summary>
    internal static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private const int HashesAtOnce = 1000;

    private readonly Lock gate = new();
    private readonly HashSet<TaskCompletionSource> waiters = [];
    private readonly SemaphoreSlim wake = new(0, 1);

    // Since somebody has waited for nothing. Until the log works again nobody else does.
    private volatile bool isBehind;

    private string AmongHashes => database.Dialect.IsAnyOf("sha256", "@Hashes");

    /// <summary>Those who wait for what they have committed.</summary>
    public IReadOnlyList<TaskCompletionSource> Waiters
    {
        get
        {
            lock (gate)
            {
                return [.. waiters];
            }
        }
    }

    /// <summary>Puts a statement on its way, whoever signed it, and has the transaction's commit wait for it.</summary>
    public async Task EnterAsync(Transaction work, ReadOnlyMemory<byte> envelope, CancellationToken cancel)
    {
        if (envelope.Length > Statement.MaxBytes)
        {
            throw new InvalidOperationException($"A statement of {envelope.Length} bytes does not fit into the log, which takes {Statement.MaxBytes}.");
        }

        await InsertAsync(work, envelope.ToArray(), cancel);
        work.Afterwards = () => SettledAsync(CancellationToken.None);
    }

    /// <summary>Puts all statements on their way that were made before there was a log. A second time changes nothing.</summary>
    public async Task EnterEarlierAsync(CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        var earlier = await work.QueryAsync<byte[]>(
            """
            select statement from printer_enrolments where statement is not null union all select statement from licences union all
            select revocation_statement from licences where revocation_statement is not null union all select statement from slices union all
            select envelope from certificates union all select statement from audit
            """, null, cancel);
        foreach (var envelope in earlier)
        {
            await InsertAsync(work, envelope, cancel);
        }

        await work.CommitAsync(cancel);
    }

    /// <summary>The oldest that are not in the log, as far as is known.</summary>
    public Task<IReadOnlyList<LogEntry>> WaitingAsync(int most, CancellationToken cancel) =>
        database.QueryAsync<LogEntry>("select sha256, made_at, envelope from log_entries where log_index is null order by made_at, sha256 limit @Most", new { Most = most }, cancel);

    /// <summary>Whether any of these is not in the log, as far as is known.</summary>
    public async Task<bool> IsAnyWaitingAsync(IReadOnlyList<LogEntry> entries, CancellationToken cancel) => await database.FirstOrDefaultAsync<long>(
        $"select count(*) from log_entries where log_index is null and {AmongHashes}", new { Hashes = entries.Select(entry => entry.Sha256).ToArray() }, cancel) > 0;

    /// <summary>Writes down which entry of the log they are.</summary>
    public async Task RememberAsync(IEnumerable<(byte[] Sha256, long Index)> logged, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        foreach (var (sha256, index) in logged)
        {
            await work.ExecuteAsync("update log_entries set log_index = @Index, envelope = null where sha256 = @Sha256 and log_index is null", new { Sha256 = sha256, Index = index }, cancel);
        }

        await work.CommitAsync(cancel);
    }

    /// <summary>The entry of the log behind the last one that is written down here. Entry 0 is the log's own.</summary>
    public Task<long> NextIndexAsync(CancellationToken cancel) => database.FirstOrDefaultAsync<long>("select coalesce(max(log_index), 0) + 1 from log_entries", null, cancel);

    public Task<LogEntry?> FindAsync(byte[] sha256, CancellationToken cancel) =>
        database.FirstOrDefaultAsync<LogEntry>("select sha256, made_at, log_index from log_entries where sha256 = @Sha256", new { Sha256 = sha256 }, cancel);

    /// <summary>
    /// Where statements are in the log, by the hexadecimal SHA-256 of their envelopes, upper case; one that was never entered is left out. Whoever sees a statement may be faster than the log:
    /// this waits for it, and an index is null only when the log fails.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, long?>> IndexesAsync(IReadOnlyList<byte[]> sha256, CancellationToken cancel)
    {
        var found = await LookAsync(sha256, cancel);
        return found.ContainsValue(null) && await SettledAsync(cancel) ? await LookAsync(sha256, cancel) : found;
    }

    /// <summary>Returns when somebody waits, or after this time: another node may have put something here.</summary>
    public Task AwakeAsync(TimeSpan atMost, CancellationToken cancel) => wake.WaitAsync(atMost, cancel);

    /// <summary>What they had committed is in the log.</summary>
    public void Answer(IReadOnlyList<TaskCompletionSource> answered)
    {
        if (isBehind)
        {
            isBehind = false;
            log.LogInformation("The log is no longer behind: statements are in it when they are answered");
        }

        Forget(answered);
        foreach (var waiter in answered)
        {
            waiter.TrySetResult();
        }
    }

    /// <summary>Returns when all that is committed by now is in the log; false when it is not after <see cref="LongestWait"/>, and at once while the log is known to fail.</summary>
    public async Task<bool> SettledAsync(CancellationToken cancel)
    {
        if (isBehind)
        {
            return false;
        }

        var logged = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            waiters.Add(logged);
            if (wake.CurrentCount == 0)
            {
                wake.Release();
            }
        }

        try
        {
            await logged.Task.WaitAsync(LongestWait, cancel);
            return true;
        }
        catch (TimeoutException)
        {
            if (!isBehind)
            {
                isBehind = true;
                log.LogError("A statement is not in the log after {Seconds} s; it stays on its way, as all do that come after it. Nobody can prove them until the log works again", LongestWait.TotalSeconds);
            }

            return false;
        }
        finally
        {
            Forget([logged]);
        }
    }

    public void Dispose() => wake.Dispose();

    private void Forget(IReadOnlyList<TaskCompletionSource> answered)
    {
        lock (gate)
        {
            waiters.ExceptWith(answered);
        }
    }

    private async Task<Dictionary<string, long?>> LookAsync(IReadOnlyList<byte[]> sha256, CancellationToken cancel)
    {
        var found = new Dictionary<string, long?>(StringComparer.Ordinal);
        foreach (var hashes in sha256.Chunk(HashesAtOnce))
        {
            foreach (var entry in await database.QueryAsync<LogEntry>($"select sha256, made_at, log_index from log_entries where {AmongHashes}", new { Hashes = hashes }, cancel))
            {
                found[Convert.ToHexString(entry.Sha256)] = entry.LogIndex;
            }
        }

        return found;
    }

    private Task<int> InsertAsync(Transaction work, byte[] envelope, CancellationToken cancel) => work.ExecuteAsync(
        "insert into log_entries (sha256, made_at, envelope) values (@Sha256, @Now, @Envelope) on conflict (sha256) do nothing",
        new { Sha256 = SHA256.HashData(envelope), Now = time.GetUtcNow(), Envelope = envelope }, cancel);

}

/// <summary>A statement on its way into the log, or in it.</summary>
internal sealed record LogEntry
{
    /// <summary>Of the envelope.</summary>
    public byte[] Sha256 { get; init; } = [];

    public DateTimeOffset MadeAt { get; init; }

    /// <summary>Null when it is in the log.</summary>
    public byte[]? Envelope { get; init; }

    /// <summary>Its place in the log; null while it is on its way.</summary>
    public long? LogIndex { get; init; }
}
