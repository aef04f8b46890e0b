using System.Diagnostics;
using System.Security.Cryptography;
using Touchmark.Hosting.Storage;
using Touchmark.Log.Writing;

namespace Touchmark.Engine.Transparency;

/// <summary>
/// Takes statements from the outbox into the log. Of the nodes of an engine one writes, and the others wait for it. A crash or failure between the log and the outbox leaves entries in the log that
/// the outbox takes for waiting: whoever begins to write looks for them in the log first, so that none is entered twice.
/// It goes by the computer's clock, as waiting is no matter of the engine's time.
/// </summary>
internal sealed class LogKeeper(PublicLog publicLog, Outbox outbox, Database database, ILogger<LogKeeper> log) : BackgroundService
{
    private const int MostAtOnce = 1000;

    /// <summary>How soon it sees what another node has put into the outbox.</summary>
    private static readonly TimeSpan LookTime = TimeSpan.FromMilliseconds(250);

    /// <summary>How often a node that does not write looks whether its statements are in the log.</summary>
    private static readonly TimeSpan FollowTime = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan RetryTime = TimeSpan.FromSeconds(1);

    /// <summary>How often the checkpoint is published anew though nothing may have happened: so old is what witnesses say of it at most.</summary>
    private static readonly TimeSpan RefreshTime = TimeSpan.FromHours(1);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await publicLog.OpenAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failing = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var turn = await database.Dialect.TryHoldLogAsync(stoppingToken);
                if (turn is null)
                {
                    await FollowAsync(stoppingToken);
                    continue;
                }

                await using var writer = await LoadAsync(stoppingToken);
                // Publishes what an earlier writer decided and could not publish, and has witnesses see the log as it is now.
                await writer.RefreshAsync(stoppingToken);
                if (failing)
                {
                    log.LogInformation("The log is written again");
                }

                failing = false;
                await WriteAsync(writer, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                if (!failing)
                {
                    log.LogError(failure, "The log is not written; statements stay on their way until it is");
                }

                failing = true;
                await outbox.AwakeAsync(RetryTime, stoppingToken);
            }
        }
    }

    private async Task<LogWriter> LoadAsync(CancellationToken cancel)
    {
        var options = publicLog.WriterOptions;
        if (await options.Head.ReadAsync(cancel) is null)
        {
            await outbox.EnterEarlierAsync(cancel);
            await LogWriter.CreateAsync(options, cancel);
            log.LogInformation("The log {Origin} was created", options.Origin);
        }

        var writer = await LogWriter.LoadAsync(options, cancel);
        try
        {
            await FindLoggedAsync(cancel);
            return writer;
        }
        catch
        {
            await writer.DisposeAsync();
            throw;
        }
    }

    /// <summary>Finds what is in the log, and not known to be.</summary>
    private async Task FindLoggedAsync(CancellationToken cancel)
    {
        var head = (await publicLog.Head.ReadAsync(cancel))!;
        var tree = publicLog.TreeOf(new(publicLog.Origin, head.Size, head.Root));
        var found = new List<(byte[], long)>();
        for (var index = await outbox.NextIndexAsync(cancel); index < head.Size; index++)
        {
            var entry = await tree.EntryAsync(index, cancel);
            found.Add((SHA256.HashData(entry.Span), index));
        }

        if (found.Count > 0)
        {
            await outbox.RememberAsync(found, cancel);
            log.LogWarning("Entries of the log from {First} to {Last} were not known to be in it", head.Size - found.Count, head.Size - 1);
        }
    }

    private async Task WriteAsync(LogWriter writer, CancellationToken cancel)
    {
        var refreshed = Stopwatch.GetTimestamp();
        while (true)
        {
            if (Stopwatch.GetElapsedTime(refreshed) > RefreshTime)
            {
                await writer.RefreshAsync(cancel);
                refreshed = Stopwatch.GetTimestamp();
            }

            // Whoever waits by now has committed by now.
            var waiters = outbox.Waiters;
            while (await outbox.WaitingAsync(MostAtOnce, cancel) is { Count: > 0 } entries)
            {
                var receipts = await Task.WhenAll(entries.Select(entry => writer.AppendAsync(entry.Envelope, CancellationToken.None).AsTask()));
                await outbox.RememberAsync(entries.Zip(receipts, (entry, receipt) => (entry.Sha256, receipt.Index)), CancellationToken.None);
            }

            outbox.Answer(waiters);
            await outbox.AwakeAsync(LookTime, cancel);
        }
    }

    /// <summary>Waits for the node that writes; now and then comes back, to see whether it still does.</summary>
    private async Task FollowAsync(CancellationToken cancel)
    {
        if (outbox.Waiters.Count == 0)
        {
            await outbox.AwakeAsync(RetryTime, cancel);
        }

        var waiters = outbox.Waiters;
        var own = await outbox.WaitingAsync(MostAtOnce, cancel);
        for (var looks = 0; looks < RetryTime / FollowTime; looks++)
        {
            if (own.Count == 0 || !await outbox.IsAnyWaitingAsync(own, cancel))
            {
                // Behind a full page there may be more.
                outbox.Answer(own.Count < MostAtOnce ? waiters : []);
                return;
            }

            await Task.Delay(FollowTime, cancel);
        }
    }
}
