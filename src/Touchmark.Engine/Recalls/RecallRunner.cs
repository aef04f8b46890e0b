using System.Data.Common;
using System.Threading.Channels;
using Touchmark.Engine.Custody;
using Touchmark.Evidence.Parts;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Recalls;

/// <summary>
/// Enters recalls into the chains of the parts that are there, a few at a time, so that no transaction takes long and nobody waits for a recall of a hundred thousand parts. How far it is lies in
/// the database: after a crash, and on whichever node, it goes on from there.
/// </summary>
internal sealed class RecallRunner(Database database, RecallEntries entries, TimeProvider time, ILogger<RecallRunner> log) : BackgroundService
{
    /// <summary>Parts of one transaction: about a fifth of a second of signing.</summary>
    private const int AtOnce = 50;

    /// <summary>How soon work that another node left behind is seen.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly Channel<bool> asked = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private ITimer? timer;

    /// <summary>There may be something to do.</summary>
    public void Look() => asked.Writer.TryWrite(true);

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        timer = time.CreateTimer(_ => Look(), null, TimeSpan.Zero, Interval);
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        timer?.Dispose();
        base.Dispose();
    }

    /// <summary>Works until every recall stands in the chain of every part that it covers.</summary>
    public async Task CarryOutAsync(CancellationToken cancel)
    {
        foreach (var recall in await database.QueryAsync<Guid>("select id from recalls where finished_at is null order by id", null, cancel))
        {
            while (await StepAsync(recall, cancel))
            {
                // Between two steps others have their turn.
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var _ in asked.Reader.ReadAllAsync(stoppingToken))
            {
                try
                {
                    await CarryOutAsync(stoppingToken);
                }
                catch (DbException failure)
                {
                    // It stands where it was: the next look goes on from there.
                    log.LogError(failure, "Recalls could not be entered into the histories of their parts");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops; the work goes on at its next start.
        }
    }

    /// <summary>Does the next few parts of a recall; false when there are none left.</summary>
    private async Task<bool> StepAsync(Guid recall, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        // Another node that works on the same recall waits here, and goes on behind what this one has done.
        if (await work.ExecuteAsync("update recalls set worked_to = worked_to where id = @Id and finished_at is null", new { Id = recall }, cancel) == 0)
        {
            return false;
        }

        var parts = await work.QueryAsync<PartId>(
            $"select parts.id from recalls join parts on {RecallEntries.Covers} where recalls.id = @Id and parts.id > recalls.worked_to order by parts.id limit @AtOnce",
            new { Id = recall, AtOnce }, cancel);
        foreach (var part in parts)
        {
            var locked = await CustodyChains.LockAsync(work, part, cancel);
            if (locked.Events == 0)
            {
                // It has no chain that could say so; whoever looks it up is told all the same.
                await work.ExecuteAsync("update parts set is_recalled = @Yes where id = @Id", new { Yes = true, Id = part }, cancel);
            }
            else
            {
                await entries.EnterAsync(work, locked, cancel);
            }
        }

        await work.ExecuteAsync(
            parts.Count < AtOnce ? "update recalls set finished_at = @Now where id = @Id" : "update recalls set worked_to = @Last where id = @Id",
            new { Id = recall, Now = time.GetUtcNow(), Last = parts is [.., var last] ? last : null }, cancel);
        await work.CommitAsync(cancel);
        return parts.Count == AtOnce;
    }
}
