using System.Security.Cryptography;
using Touchmark.Engine.Keys;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Storage;
using Touchmark.Log.Storage;

namespace Touchmark.Engine.Transparency;

/// <summary>Enters the log's own checkpoint in the log, every so often, with an authority's time stamp if there is one: so later readers have fixed points in time that need no witness.</summary>
internal sealed class Anchors(EngineOptions options, EngineKeys keys, PublicLog publicLog, EngineStatements statements, TimeStampAuthority authority, Database database, TimeProvider time, ILogger<Anchors> log)
    : BackgroundService
{
    /// <summary>When an authority or the log fails it is tried again after this.</summary>
    private static readonly TimeSpan RetryTime = TimeSpan.FromHours(1);

    private static readonly TimeSpan Longest = TimeSpan.FromDays(40);

    /// <summary>Newest first, the last 500.</summary>
    public Task<IReadOnlyList<AnchorRow>> ListAsync(CancellationToken cancel) =>
        database.QueryAsync<AnchorRow>("select id, made_at, size, root, stamped, statement from log_anchors order by turn desc limit 500", null, cancel);

    public Task<AnchorRow?> FindAsync(Guid id, CancellationToken cancel) =>
        database.FirstOrDefaultAsync<AnchorRow>("select id, made_at, size, root, stamped, statement from log_anchors where id = @Id", new { Id = id }, cancel);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (options.AnchorDays > 0)
        {
            // The first one is due a whole period after the keys were made: an empty log anchors nothing.
            var last = await database.FirstOrDefaultAsync<long?>("select max(made_at) from log_anchors", null, stoppingToken);
            var due = (last is { } at ? Evidence.Cbor.CborTime.FromMicroseconds(at) : keys.ValidFrom) + Period;
            if (due > time.GetUtcNow())
            {
                await WaitAsync(due - time.GetUtcNow(), stoppingToken);
            }
            else if (!await TryAnchorAsync(stoppingToken))
            {
                await WaitAsync(RetryTime, stoppingToken);
            }
        }
    }

    private TimeSpan Period => TimeSpan.FromDays(options.AnchorDays);

    private Task WaitAsync(TimeSpan wait, CancellationToken cancel) => Task.Delay(wait < Longest ? wait : Longest, time, cancel);

    private async Task<bool> TryAnchorAsync(CancellationToken cancel)
    {
        try
        {
            return await AnchorAsync(cancel);
        }
        catch (Exception failure) when (failure is HttpRequestException or CryptographicException or LogDamagedException or IOException || (failure is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            log.LogWarning("The log was not anchored, which is tried again in {Minutes} min: {Problem}", RetryTime.TotalMinutes, failure.Message);
            return false;
        }
    }

    private async Task<bool> AnchorAsync(CancellationToken cancel)
    {
        if (await publicLog.CheckpointAsync(cancel) is not { Checkpoint: var head })
        {
            return false;
        }

        var now = time.GetUtcNow();
        var anchor = new LogAnchor { AnchorId = Guid.CreateVersion7(now), Origin = head.Origin, Size = head.Size, Root = head.Root.ToArray(), At = now };
        anchor = anchor with { TimeStamp = await authority.StampAsync(anchor.Anchored, cancel) };
        await using var work = await database.BeginAsync(cancel);
        var statement = await statements.SignAsync(work, anchor, cancel);
        var made = await work.ExecuteAsync(
            "insert into log_anchors (turn, id, made_at, size, root, stamped, statement) values (@Turn, @Id, @MadeAt, @Size, @Root, @Stamped, @Statement) on conflict (turn) do nothing",
            new { Turn = now.Ticks / Period.Ticks, Id = anchor.AnchorId, MadeAt = now, head.Size, Root = head.Root.ToArray(), Stamped = anchor.TimeStamp is null ? 0L : 1L, Statement = statement }, cancel);
        if (made == 0)
        {
            // Another node was faster. What this one has signed is rolled back with the rest.
            return false;
        }

        await work.CommitAsync(cancel);
        log.LogInformation("The log was anchored at {Size} entries", head.Size);
        return true;
    }
}

/// <summary>An anchor as it is kept.</summary>
internal sealed record AnchorRow
{
    public Guid Id { get; init; }

    public DateTimeOffset MadeAt { get; init; }

    public long Size { get; init; }

    public byte[] Root { get; init; } = [];

    /// <summary>1: with a time stamp.</summary>
    public long Stamped { get; init; }

    public byte[] Statement { get; init; } = [];
}
