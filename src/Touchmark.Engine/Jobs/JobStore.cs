using System.Text.Json;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Analytics;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Sessions;
using Touchmark.Hosting.Storage;
using Touchmark.Streaming.Files;

namespace Touchmark.Engine.Jobs;

/// <summary>The jobs' rows. A job changes state by one conditional statement, so that a final state is never overwritten.</summary>
internal sealed class JobStore(Database database, LicenceLedger licences, TimeProvider time)
{
    /// <summary>
    /// Begins a query that has those that have not come to an end as <c>unfinished</c>, in the words of the index that holds just them (0203-newest-first.sql): the state is <see cref="JobState.Done"/>, which no parameter
    /// may stand for. They are few, and are collected first: among all jobs that there ever were, SQLite prefers the index of an organisation, a printer or a licence, and reads a million of its jobs.
    /// </summary>
    public const string Unfinished = "with unfinished as materialized (select * from jobs where state < 6) ";

    /// <summary>Begins a query that has those that failed since <c>@Since</c> as <c>failed</c>, likewise: the state is <see cref="JobState.Failed"/>.</summary>
    public const string Failed = "with failed as materialized (select owner_id, organisation_id from jobs where ended_at >= @Since and state = 7) ";

    private const string Columns = Named + "jobs" + Joined;

    private const string UnfinishedColumns = Unfinished + Named + "unfinished as jobs" + Joined;

    private const string Named = "select jobs.*, designs.name as design_name, printers.name as printer_name from ";

    private const string Joined = " join designs on designs.id = jobs.design_id join printers on printers.id = jobs.printer_id ";

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static Task InsertAsync(Transaction work, Job job, Guid createdBy, CancellationToken cancel) => work.ExecuteAsync(
        """
        insert into jobs (id, licence_id, print_number, design_id, owner_id, printer_id, organisation_id, created_by, material, material_lot, quality, exposure_limit_s, outage_limit_s,
            allow_script_store, allow_no_dead_man, max_slowdown_percent, max_temperature_trim_c, external, slice_id, state, created_at)
        values (@Id, @LicenceId, @PrintNumber, @DesignId, @OwnerId, @PrinterId, @OrganisationId, @CreatedBy, @Material, @MaterialLot, @Quality, @ExposureLimitS, @OutageLimitS,
            @AllowScriptStore, @AllowNoDeadMan, @MaxSlowdownPercent, @MaxTemperatureTrimC, @External, @SliceId, @State, @CreatedAt)
        """,
        new
        {
            job.Id,
            job.LicenceId,
            job.PrintNumber,
            job.DesignId,
            job.OwnerId,
            job.PrinterId,
            job.OrganisationId,
            CreatedBy = createdBy,
            job.Material,
            job.MaterialLot,
            job.Quality,
            job.ExposureLimitS,
            job.OutageLimitS,
            job.AllowScriptStore,
            job.AllowNoDeadMan,
            job.MaxSlowdownPercent,
            job.MaxTemperatureTrimC,
            job.External,
            job.SliceId,
            job.State,
            job.CreatedAt,
        }, cancel);

    public Task<Job?> FindAsync(Guid id, CancellationToken cancel) => database.FirstOrDefaultAsync<Job>(Columns + "where jobs.id = @Id", new { Id = id }, cancel);

    /// <summary>The jobs that the caller prints, or that print the caller's designs; newest first, those before one of them, and so many.</summary>
    public Task<IReadOnlyList<Job>> ListAsync(Caller caller, CancellationToken cancel, int most = 500, Guid? before = null) => database.QueryAsync<Job>(
        Columns + "where " + (caller.SeesEverything ? "jobs.id < @Before " : OwnRows.Newest("jobs")) + "order by jobs.id desc limit @Most",
        new { Organisation = caller.OrganisationId, Before = before ?? Guid.AllBitsSet, Most = most }, cancel);

    /// <summary>Those of them that have not come to an end, newest first.</summary>
    public Task<IReadOnlyList<Job>> ListRunningAsync(Caller caller, int most, CancellationToken cancel) => database.QueryAsync<Job>(
        UnfinishedColumns + (caller.SeesEverything ? "" : "where (jobs.organisation_id = @Organisation or jobs.owner_id = @Organisation) ") + "order by jobs.id desc limit @Most",
        new { Organisation = caller.OrganisationId, Most = most }, cancel);

    /// <summary>The latest jobs that print a design, newest first.</summary>
    public Task<IReadOnlyList<Job>> ListOfDesignAsync(Guid designId, int most, CancellationToken cancel) =>
        database.QueryAsync<Job>(Columns + "where jobs.design_id = @DesignId order by jobs.id desc limit @Most", new { DesignId = designId, Most = most }, cancel);

    /// <summary>The latest jobs under a licence, newest first.</summary>
    public Task<IReadOnlyList<Job>> ListOfLicenceAsync(Guid licenceId, int most, CancellationToken cancel) =>
        database.QueryAsync<Job>(Columns + "where jobs.licence_id = @LicenceId order by jobs.id desc limit @Most", new { LicenceId = licenceId, Most = most }, cancel);

    /// <summary>The latest jobs on a printer, newest first.</summary>
    public Task<IReadOnlyList<Job>> ListOfPrinterAsync(Guid printerId, int most, CancellationToken cancel) =>
        database.QueryAsync<Job>(Columns + "where jobs.printer_id = @PrinterId order by jobs.id desc limit @Most", new { PrinterId = printerId, Most = most }, cancel);

    /// <summary>The jobs of a printer that have not come to an end, in the order in which they are printed: what is on it, then urgent ones, then as they were ordered.</summary>
    public Task<IReadOnlyList<Job>> ListQueueAsync(Guid printerId, CancellationToken cancel) => database.QueryAsync<Job>(
        UnfinishedColumns + "where jobs.printer_id = @PrinterId order by case when jobs.state >= @Preflight then 0 else 1 end, jobs.priority desc, jobs.id",
        new { PrinterId = printerId, JobState.Preflight }, cancel);

    /// <summary>False when it is on its printer, or over, or has this priority already.</summary>
    public static async Task<bool> SetPriorityAsync(Transaction work, Guid id, JobPriority priority, CancellationToken cancel) =>
        await work.ExecuteAsync("update jobs set priority = @Priority where id = @Id and state < @Preflight and priority <> @Priority", new { Id = id, Priority = priority, JobState.Preflight }, cancel) > 0;

    /// <summary>Pauses a print that runs, since then, or lets it go on (null). False when that is so already, or it does not print.</summary>
    public static async Task<bool> SetPauseAsync(Transaction work, Guid id, DateTimeOffset? asked, CancellationToken cancel) => await work.ExecuteAsync(
        $"update jobs set pause_requested_at = @Asked, pause_state = 0 where id = @Id and state = @Streaming and pause_requested_at is {(asked is null ? "not null" : "null")}", new { Id = id, Asked = asked, JobState.Streaming }, cancel) > 0;

    /// <summary>How far the pause of a print has come, for nodes that do not run it.</summary>
    public Task NotePauseAsync(Guid id, JobPauseState state, CancellationToken cancel) =>
        database.ExecuteAsync("update jobs set pause_state = @State where id = @Id and pause_requested_at is not null", new { Id = id, State = state }, cancel);

    /// <summary>The jobs that have not come to an end, oldest first.</summary>
    public Task<IReadOnlyList<Job>> ListUnfinishedAsync(CancellationToken cancel) =>
        database.QueryAsync<Job>(UnfinishedColumns + "order by jobs.id", null, cancel);

    public Task AdvanceAsync(Guid id, JobState state, CancellationToken cancel) =>
        database.ExecuteAsync("update jobs set state = @State where id = @Id and state < @Done", new { Id = id, State = state, JobState.Done }, cancel);

    public Task SlicedAsync(Guid id, Guid sliceId, CancellationToken cancel) =>
        database.ExecuteAsync("update jobs set state = @Waiting, slice_id = @SliceId where id = @Id and state < @Done", new { Id = id, SliceId = sliceId, JobState.Waiting, JobState.Done }, cancel);

    public Task OfferedAsync(Guid id, Guid sessionId, CancellationToken cancel) => database.ExecuteAsync(
        "update jobs set state = @Preflight, session_id = @SessionId where id = @Id and state < @Done", new { Id = id, SessionId = sessionId, JobState.Preflight, JobState.Done }, cancel);

    /// <summary>To be on the disk before the first segment leaves, both or neither: whatever happens then, the print is not given back, and it can go on.</summary>
    public async Task StartedAsync(Job job, bool gatewayHolds, SavedSessionRow? session, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await using var work = await database.BeginAsync(cancel);
        await work.ExecuteAsync(
            "update jobs set state = @Streaming, started_at = @Now, gateway_holds = @Holds where id = @Id and state < @Done", new { job.Id, Now = now, Holds = gatewayHolds, JobState.Streaming, JobState.Done }, cancel);
        await PrinterBeds.UseAsync(work, job.PrinterId, now, cancel);
        if (session is not null)
        {
            await SessionKeeper.KeepAsync(work, session, now, cancel);
        }

        await work.CommitAsync(cancel);
    }

    /// <summary>Ends a job, counts it, and gives its print back when nothing was sent, all or nothing.</summary>
    public async Task EndAsync(Guid id, JobState state, JobFailure? failure, bool printed, Func<Transaction, Task<Guid?>>? certify, CancellationToken cancel, Func<Transaction, Task>? note = null)
    {
        await using var work = await database.BeginAsync(cancel);
        var certificate = certify is null ? null : await certify(work);
        var ended = await work.ExecuteAsync(
            "update jobs set state = @State, failure = @Failure, failure_code = @Code, certificate_id = @Certificate, ended_at = @Now where id = @Id and state < @Done",
            new { Id = id, State = state, Failure = failure is null ? null : JsonSerializer.Serialize(failure, Json), failure?.Code, Certificate = certificate?.ToString("D"), Now = time.GetUtcNow(), JobState.Done },
            cancel);
        if (ended == 0)
        {
            return;
        }

        await SessionKeeper.ForgetAsync(work, id, cancel);
        await (note?.Invoke(work) ?? Task.CompletedTask);
        if (!printed)
        {
            await licences.GiveBackPrintAsync(work, id, cancel);
        }

        // Last: others who end a job wait for these rows until this one is written.
        await PrintCounts.AddAsync(work, id, cancel);
        await work.CommitAsync(cancel);
    }

    /// <summary>Writes down whether the printer reported that it is at rest, in the transaction that ends its job.</summary>
    public static Task RestAsync(Transaction work, Guid id, bool? atRest) => work.ExecuteAsync("update jobs set at_rest = @AtRest where id = @Id", new { Id = id, AtRest = atRest }, CancellationToken.None);

    public static string? Keep(ExternalLicence? external) => external is null ? null : JsonSerializer.Serialize(external, Json);

    public static ExternalLicence? ExternalOf(Job job) => job.External is { } json ? JsonSerializer.Deserialize<ExternalLicence>(json, Json) : null;

    public static JobFailure? FailureOf(Job job) => job.Failure is { } json ? JsonSerializer.Deserialize<JobFailure>(json, Json) : null;
}
