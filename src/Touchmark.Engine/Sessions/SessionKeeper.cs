using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Sessions;

/// <summary>
/// Saves the running sessions, so that an engine that was restarted goes on with them: all that have changed in one transaction, about once a second. What happens in between is
/// asked of the gateway.
/// </summary>
internal sealed class SessionKeeper(Database database, GatewayHub hub, TimeProvider time, ILogger<SessionKeeper> log) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim turn = new(1);
    private PeriodicTimer? ticks;
    private bool failing;

    public Task<SavedSessionRow?> FindAsync(Guid jobId, CancellationToken cancel) =>
        database.FirstOrDefaultAsync<SavedSessionRow>("select * from sessions where job_id = @JobId", new { JobId = jobId }, cancel);

    /// <summary>Forgets the session of a job that ends, in the transaction that ends it.</summary>
    public static Task ForgetAsync(Transaction work, Guid jobId, CancellationToken cancel) => work.ExecuteAsync("delete from sessions where job_id = @JobId", new { JobId = jobId }, cancel);

    /// <summary>Writes one session down; of a job that has ended none is kept.</summary>
    public static Task KeepAsync(Transaction work, SavedSessionRow row, DateTimeOffset now, CancellationToken cancel) => work.ExecuteAsync(
        """
        insert into sessions (id, job_id, wrapped_keys, state, transport, saved_at)
        select @Id, id, @WrappedKeys, @State, @Transport, @SavedAt from jobs where id = @JobId and ended_at is null
        on conflict (id) do update set wrapped_keys = excluded.wrapped_keys, state = excluded.state, transport = excluded.transport, saved_at = excluded.saved_at
        """,
        new { row.Id, row.JobId, row.WrappedKeys, row.State, row.Transport, SavedAt = now }, cancel);

    /// <summary>Saves what has changed. A failure is put on record and ends nothing: the next second tries again.</summary>
    public async Task SaveAsync(CancellationToken cancel)
    {
        // One at a time: what was taken from a session first must not be written last.
        await turn.WaitAsync(cancel);
        try
        {
            await SaveChangedAsync(cancel);
        }
        finally
        {
            turn.Release();
        }
    }

    // ExecuteAsync begins on another thread, at some time after the engine answers.
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        ticks = new PeriodicTimer(Period, time);
        await base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        ticks?.Dispose();
        turn.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await ticks!.WaitForNextTickAsync(stoppingToken))
            {
                await SaveAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops; what runs was saved before.
        }
    }

    private async Task SaveChangedAsync(CancellationToken cancel)
    {
        var rows = hub.Sessions.Select(session => session.Save()).OfType<SavedSessionRow>().ToList();
        if (rows.Count == 0)
        {
            return;
        }

        try
        {
            await using var work = await database.BeginAsync(cancel);
            foreach (var row in rows)
            {
                await KeepAsync(work, row, time.GetUtcNow(), cancel);
            }

            await work.CommitAsync(cancel);
            failing = false;
        }
        catch (Exception failure) when (failure is System.Data.Common.DbException or IOException)
        {
            if (!failing)
            {
                log.LogError(failure, "Running sessions cannot be saved; a restart now would lose them");
            }

            failing = true;
        }
    }
}
