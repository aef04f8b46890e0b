using System.Collections.Concurrent;
using System.Data.Common;
using System.Threading.Channels;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Sessions;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Jobs;

/// <summary>Which of the jobs that wait for one printer is the first. The numbers are in databases: never change or reuse one.</summary>
internal enum JobPriority : long
{
    Normal = 0,

    /// <summary>Before all that is normal; what is printed already goes on.</summary>
    Urgent = 1,
}

/// <summary>Why a job that is sliced does not begin.</summary>
internal enum WaitsFor
{
    /// <summary>The printer's gateway is away.</summary>
    Gateway,

    /// <summary>Another job is on the printer, or before it.</summary>
    Turn,

    /// <summary>Somebody has to confirm that the bed is clear.</summary>
    Bed,
}

/// <summary>
/// Gives each printer to one of the jobs of this node that wait for it: urgent ones first, else as they were ordered; when its gateway is connected and its bed is clear. The order and the beds are in
/// the database, and are read when something here changed and once a second: what was said on another node counts as well.
/// </summary>
internal sealed class PrinterQueue(Database database, GatewayHub gateways, PrinterBeds beds, JobFeed feed, TimeProvider time, ILogger<PrinterQueue> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<Guid, TaskCompletionSource<PrinterTurn>> waiting = new();
    private readonly Channel<bool> asked = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private ITimer? timer;

    /// <summary>Reads the order now.</summary>
    public void Look() => asked.Writer.TryWrite(true);

    /// <summary>Waits until the printer is this job's. The job is <see cref="JobState.Waiting"/> in the database by now.</summary>
    public async Task<PrinterTurn> TakeTurnAsync(Job job, CancellationToken cancel)
    {
        var turn = waiting[job.Id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Look();
        try
        {
            return await turn.Task.WaitAsync(cancel);
        }
        catch (OperationCanceledException) when (!turn.TrySetCanceled(CancellationToken.None))
        {
            // It came just now, and nobody wants it any more.
            (await turn.Task).Dispose();
            throw;
        }
        finally
        {
            waiting.TryRemove(job.Id, out _);
            Look();
        }
    }

    // ExecuteAsync begins on another thread, at some time after the engine answers.
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        gateways.Arrived += OnPrinter;
        gateways.Left += OnPrinter;
        gateways.Freed += OnPrinter;
        beds.Changed += Look;
        timer = time.CreateTimer(_ => Look(), null, Interval, Interval);
        await base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        gateways.Arrived -= OnPrinter;
        gateways.Left -= OnPrinter;
        gateways.Freed -= OnPrinter;
        beds.Changed -= Look;
        timer?.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var _ in asked.Reader.ReadAllAsync(stoppingToken))
            {
                await GiveTurnsAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops, and the jobs with it.
        }
    }

    private void OnPrinter(Guid printer) => Look();

    private async Task GiveTurnsAsync(CancellationToken cancel)
    {
        if (waiting.IsEmpty)
        {
            return;
        }

        try
        {
            var rows = await database.QueryAsync<Waiter>(
                $"""
                {JobStore.Unfinished} select jobs.id, jobs.printer_id, printers.bed_check, printers.bed_used_at from unfinished as jobs join printers on printers.id = jobs.printer_id
                where jobs.state = @Waiting order by jobs.priority desc, jobs.id
                """,
                new { JobState.Waiting }, cancel);
            foreach (var line in rows.Where(row => waiting.TryGetValue(row.Id, out var turn) && !turn.Task.IsCompleted).GroupBy(row => row.PrinterId))
            {
                Give([.. line]);
            }
        }
        catch (DbException failure)
        {
            // The jobs wait on: the next look finds them.
            log.LogError(failure, "The queues of the printers could not be read");
        }
    }

    /// <param name="line">The jobs that wait for one printer, the first one first.</param>
    private void Give(IReadOnlyList<Waiter> line)
    {
        foreach (var (place, waiter) in line.Index())
        {
            WaitsFor? why = place > 0 || gateways.IsBusy(waiter.PrinterId) ? WaitsFor.Turn
                : gateways.Find(waiter.PrinterId) is null ? WaitsFor.Gateway
                : waiter is { BedCheck: true, BedUsedAt: not null } ? WaitsFor.Bed
                : null;
            if (why is null && waiting.TryGetValue(waiter.Id, out var turn) && gateways.TryTake(waiter.PrinterId) is { } taken)
            {
                if (!turn.TrySetResult(taken))
                {
                    taken.Dispose();
                }

                continue;
            }

            if (waiting.ContainsKey(waiter.Id))
            {
                feed.Report(waiter.Id, why ?? WaitsFor.Gateway);
            }
        }
    }

    private sealed record Waiter
    {
        public Guid Id { get; init; }

        public Guid PrinterId { get; init; }

        public bool BedCheck { get; init; }

        public DateTimeOffset? BedUsedAt { get; init; }
    }
}
