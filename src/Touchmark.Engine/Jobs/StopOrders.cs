using System.Data.Common;
using System.Threading.Channels;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Sessions;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Storage;
using Touchmark.Streaming;
using Touchmark.Streaming.Wire;

namespace Touchmark.Engine.Jobs;

/// <summary>
/// Pauses the jobs of this node that somebody paused, and stops those that have to stop: their licence or their printer was revoked, or somebody cancelled or halted them, on whichever node that was said. The order lies in the
/// database and is read once a second, and at once when it was given here; so it also holds for whoever takes a job up later.
/// </summary>
internal sealed class StopOrders(Database database, JobRunner runner, JobStore jobs, AuditTrail trail, LicenceOffice office, PrinterFleet fleet, GatewayHub gateways, TimeProvider time, ILogger<StopOrders> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Longer than any session of a revoked printer takes to make it safe; a connection that is younger than the revocation is refused anyway.</summary>
    private static readonly TimeSpan DismissalTime = TimeSpan.FromMinutes(10);

    private readonly Channel<bool> asked = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private ITimer? timer;

    /// <summary>Reads the orders now.</summary>
    public void Look() => asked.Writer.TryWrite(true);

    /// <summary>Orders a job to stop; false when it has ended.</summary>
    public async Task<bool> CancelAsync(Guid jobId, CancellationToken cancel)
    {
        var ordered = await database.ExecuteAsync(
            "update jobs set cancel_requested_at = @Now where id = @Id and state < @Done and cancel_requested_at is null", new { Id = jobId, Now = time.GetUtcNow(), JobState.Done }, cancel);
        Look();
        return ordered > 0;
    }

    /// <summary>Halts a job: at once when it is here, whatever the database does. It is the only act that is done before it is written down, and whether or not that succeeds.</summary>
    public async Task HaltAsync(Guid jobId, HaltReason reason, Caller caller)
    {
        runner.Stop(jobId, EndReason.Halted, JobEndings.Of(reason), reason);
        await using (var work = await database.BeginAsync(CancellationToken.None))
        {
            await work.ExecuteAsync("update jobs set halt_requested = @Reason where id = @Id and state < @Done and halt_requested is null", new { Id = jobId, Reason = reason, JobState.Done }, CancellationToken.None);
            await trail.RecordAsync(work, AuditedAct.By(caller, Acts.JobHalted, $"job/{jobId:D}"), CancellationToken.None);
            await work.CommitAsync(CancellationToken.None);
        }

        Look();
    }

    // ExecuteAsync begins on another thread, at some time after the engine answers: orders of that time are not to wait for a second.
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        office.Revoked += OnRevoked;
        fleet.Revoked += OnRevoked;
        timer = time.CreateTimer(_ => Look(), null, Interval, Interval);
        await base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        office.Revoked -= OnRevoked;
        fleet.Revoked -= OnRevoked;
        timer?.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var _ in asked.Reader.ReadAllAsync(stoppingToken))
            {
                await CarryOutAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops, and the jobs with it.
        }
    }

    private void OnRevoked(Guid id) => Look();

    private async Task CarryOutAsync(CancellationToken cancel)
    {
        try
        {
            var orders = await ReadAsync(cancel);
            foreach (var order in orders)
            {
                switch (order)
                {
                    case { HaltRequested: { } halt }:
                        runner.Stop(order.Id, EndReason.Halted, JobEndings.Of(halt), halt);
                        break;
                    case { PrinterRevokedAt: not null }:
                        runner.Stop(order.Id, EndReason.Revoked, JobEndings.PrinterRevoked, HaltReason.Revoked);
                        break;
                    case { CancelRequestedAt: not null }:
                        runner.Stop(order.Id, EndReason.Cancelled, JobEndings.Of(EndReason.Cancelled));
                        break;
                    case { LicenceRevokedAt: not null }:
                        runner.Stop(order.Id, EndReason.Revoked, JobEndings.Of(EndReason.Revoked), HaltReason.Revoked);
                        break;
                    default:
                        break;
                }
            }

            await HoldAsync([.. orders.Where(order => order.PauseRequestedAt is not null)], cancel);
            foreach (var printer in await database.QueryAsync<Guid>("select id from printers where revoked_at > @Since", new { Since = time.GetUtcNow() - DismissalTime }, cancel))
            {
                gateways.Find(printer)?.Dismiss();
            }
        }
        catch (DbException failure)
        {
            // The orders stay where they are: the next look finds them.
            log.LogError(failure, "The orders to stop could not be read");
        }
    }

    /// <summary>Pauses what is to be paused, lets the others go on, and writes down how far each has come.</summary>
    private async Task HoldAsync(List<Order> paused, CancellationToken cancel)
    {
        runner.Hold(paused.ToDictionary(order => order.Id, order => order.PauseRequestedAt!.Value));
        foreach (var order in paused)
        {
            if (runner.PauseOf(order.Id) is { } state && state != order.PauseState)
            {
                await jobs.NotePauseAsync(order.Id, state, cancel);
            }
        }
    }

    // A licence that lets a running print finish stops those that started after it was revoked: they passed their own check a moment too early.
    private Task<IReadOnlyList<Order>> ReadAsync(CancellationToken cancel) => database.QueryAsync<Order>(
        $"""
        {JobStore.Unfinished} select * from (
            select jobs.id, jobs.pause_requested_at, jobs.pause_state, jobs.cancel_requested_at, jobs.halt_requested, printers.revoked_at as printer_revoked_at,
                case when licences.revocation_policy = @AtOnce or jobs.started_at is null or jobs.started_at > licences.revoked_at then licences.revoked_at end as licence_revoked_at
            from unfinished as jobs join licences on licences.id = jobs.licence_id join printers on printers.id = jobs.printer_id) as orders
        where pause_requested_at is not null or cancel_requested_at is not null or halt_requested is not null or printer_revoked_at is not null or licence_revoked_at is not null
        """,
        new { RevocationPolicy.AtOnce }, cancel);

    private sealed record Order
    {
        public Guid Id { get; init; }

        public DateTimeOffset? PauseRequestedAt { get; init; }

        public JobPauseState PauseState { get; init; }

        public DateTimeOffset? CancelRequestedAt { get; init; }

        public HaltReason? HaltRequested { get; init; }

        public DateTimeOffset? PrinterRevokedAt { get; init; }

        public DateTimeOffset? LicenceRevokedAt { get; init; }
    }
}
