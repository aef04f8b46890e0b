using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Marketplace;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Slicing;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;
using Touchmark.Streaming;
using Touchmark.Streaming.Files;
using Touchmark.Streaming.Wire;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.Jobs;

/// <summary>Jobs: take a print, follow it, pause it, cancel it.</summary>
internal static class JobsFeature
{
    public static void AddJobs(this IServiceCollection services)
    {
        services.AddSingleton<JobStore>();
        services.AddSingleton<JobFeed>();
        services.AddSingleton<JobDesk>();
        services.AddSingleton<PauseDesk>();
        services.AddSingleton<PrintStarter>();
        services.AddSingleton<PrinterQueue>();
        services.AddHostedService(provider => provider.GetRequiredService<PrinterQueue>());
        services.AddSingleton<JobRunner>();
        services.AddHostedService(provider => provider.GetRequiredService<JobRunner>());
        services.AddSingleton<StopOrders>();
        services.AddHostedService(provider => provider.GetRequiredService<StopOrders>());
    }

    public static void MapJobs(this WebApplication app)
    {
        app.MapJobPages();
        app.MapPost("/api/jobs", async (NewJob request, Caller caller, JobDesk desk, CancellationToken cancel) =>
            (await desk.OpenAsync(request, caller, cancel)).ToResult(job => Results.Created($"/api/jobs/{job.Id:D}", job)))
            .For(Role.Manufacturer, Role.Operator).Produces<JobView>(StatusCodes.Status201Created).WithSummary("Take a print from a licence and start it on a printer.");
        app.MapGet("/api/jobs", (Caller caller, JobDesk desk, CancellationToken cancel) => desk.ListAsync(caller, cancel)).ForAnyRole()
            .WithSummary("List the jobs of your organisation, and those that print its designs; newest first.");
        app.MapGet("/api/jobs/{id:guid}", async (Guid id, Caller caller, JobDesk desk, CancellationToken cancel) =>
            (await desk.FindAsync(id, caller, cancel)).ToResult(Results.Ok)).ForAnyRole().Produces<JobView>().WithSummary("Show a job.");
        app.MapGet("/api/jobs/{id:guid}/events", async (Guid id, HttpContext context, Caller caller, JobDesk desk, RateLimits limits, CancellationToken cancel) =>
            (await desk.FindAsync(id, caller, cancel)).ToResult(_ => limits.OpenStream(context, caller) is { } refusal ? refusal : TypedResults.ServerSentEvents(desk.WatchAsync(id, caller, cancel))))
            .ForAnyRole().DisableRequestTimeout()
            .WithSummary("Follow a job as server-sent events: the whole job at once and after each change, until it ends.");
        app.MapPost("/api/jobs/{id:guid}/cancel", async (Guid id, Caller caller, JobDesk desk, CancellationToken cancel) =>
            (await desk.CancelAsync(id, caller, cancel)).ToResult(job => Results.Accepted($"/api/jobs/{job.Id:D}", job)))
            .For(Role.Manufacturer, Role.Operator, Role.Admin).Produces<JobView>(StatusCodes.Status202Accepted).WithSummary("Stop a job; the printer comes to rest safely.");
        app.MapPost("/api/jobs/{id:guid}/pause", async (Guid id, Caller caller, PauseDesk desk, CancellationToken cancel) =>
            (await desk.PauseAsync(id, caller, cancel)).ToResult(job => Results.Accepted($"/api/jobs/{job.Id:D}", job)))
            .For(Role.Manufacturer, Role.Operator).Produces<JobView>(StatusCodes.Status202Accepted)
            .WithSummary($"Pause a print: what was sent is printed to its end, then the head is raised. Lasts {SessionSettings.LongestPause.Minutes} minutes at most; then the print is ended.");
        app.MapPost("/api/jobs/{id:guid}/resume", async (Guid id, Caller caller, PauseDesk desk, CancellationToken cancel) =>
            (await desk.GoOnAsync(id, caller, cancel)).ToResult(job => Results.Accepted($"/api/jobs/{job.Id:D}", job)))
            .For(Role.Manufacturer, Role.Operator).Produces<JobView>(StatusCodes.Status202Accepted).WithSummary("Let a paused print go on.");
        app.MapPut("/api/jobs/{id:guid}/priority", async (Guid id, PriorityRequest request, Caller caller, JobDesk desk, CancellationToken cancel) =>
            (await desk.PrioritiseAsync(id, request.Priority, caller, cancel)).ToResult(Results.Ok)).For(Role.Manufacturer, Role.Operator).Produces<JobView>()
            .WithSummary("Put a job before those of its printer that are normal (urgent), or back among them (normal).");
        app.MapGet("/api/printers/{id:guid}/queue", async (Guid id, Caller caller, JobDesk desk, CancellationToken cancel) => (await desk.QueueAsync(id, caller, cancel)).ToResult(Results.Ok))
            .ForAnyRole().Produces<IEnumerable<JobView>>().WithSummary("List the jobs that a printer has before it, in the order in which it prints them.");
        app.MapPost("/api/jobs/{id:guid}/halt", async (Guid id, Caller caller, JobDesk desk, CancellationToken cancel) =>
            (await desk.HaltAsync(id, caller, cancel)).ToResult(job => Results.Accepted($"/api/jobs/{job.Id:D}", job)))
            .For(Role.Manufacturer, Role.Operator, Role.Oem, Role.Admin).Produces<JobView>(StatusCodes.Status202Accepted)
            .WithSummary("Emergency: stop the printer of a job within a second. Its head stays where it is.");
    }
}

/// <summary>What is to be printed.</summary>
internal sealed record NewJob(
    Guid LicenceId, Guid PrinterId, string Material, string Quality, string? MaterialLot = null, string? WalletAddress = null, string? TokenId = null, string? ContractAddress = null, string? Uri = null);

/// <param name="Priority">normal or urgent.</param>
internal sealed record PriorityRequest(JobPriority Priority);

/// <summary>How a job is opened, seen and cancelled by people.</summary>
internal sealed class JobDesk(Database database, JobStore jobs, JobFeed feed, JobRunner runner, StopOrders orders, PrinterQueue queue, PrinterBeds beds, LicenceLedger licences, ExternalLicences externals, PrinterFleet fleet, AuditTrail trail, IHostApplicationLifetime host, TimeProvider time)
{
    private const int MaxLot = 128;

    /// <param name="request">What is to be printed.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="slice">Where it was sliced already, with settings of the caller's.</param>
    public async Task<Outcome<JobView>> OpenAsync(NewJob request, Caller caller, CancellationToken cancel, Slice? slice = null)
    {
        if (await fleet.FindAsync(request.PrinterId, cancel) is not { } printer || printer.OrganisationId != caller.OrganisationId)
        {
            return Refusal.NotFound("printer");
        }

        if (printer.WhyNotPrint() is { } refusal)
        {
            return refusal;
        }

        if (request.MaterialLot is { } lot && (lot.Length is 0 or > MaxLot || lot.Any(char.IsControl)))
        {
            return Refusal.Invalid("MATERIAL_LOT_INVALID", $"The lot of the material is a text of 1 to {MaxLot} characters.", "Send it as it stands on the spool, or leave it out.").With("length", lot.Length).With("maximum", MaxLot);
        }

        // Checked before a print is taken, so that a typing error costs nothing.
        if (!SlicerProfile.Create(printer.Profile, request.Material, request.Quality).Has(out var profile, out refusal))
        {
            return refusal;
        }

        if (!(await externals.ReadAsync(new ExternalLicence(request.Uri, request.WalletAddress, request.TokenId, request.ContractAddress), cancel)).Has(out var external, out refusal))
        {
            return refusal;
        }

        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        await using (var work = await database.BeginAsync(cancel))
        {
            var wanted = new PrintRequest(printer.Id, printer.OrganisationId, profile.Material.Name, profile.Quality.Name);
            if (!(await licences.TakePrintAsync(work, request.LicenceId, id, wanted, cancel)).Has(out var print, out refusal))
            {
                return refusal;
            }

            var job = new Job
            {
                Id = id,
                LicenceId = print.Licence.Id,
                PrintNumber = print.PrintNumber,
                DesignId = print.Licence.DesignId,
                OwnerId = print.Licence.OrganisationId,
                PrinterId = printer.Id,
                OrganisationId = printer.OrganisationId,
                Material = wanted.Material,
                MaterialLot = request.MaterialLot,
                Quality = wanted.Quality,
                ExposureLimitS = print.Licence.ExposureLimitS,
                OutageLimitS = print.Licence.OutageLimitS,
                AllowScriptStore = print.Licence.AllowScriptStore,
                AllowNoDeadMan = print.Licence.AllowNoDeadMan,
                MaxSlowdownPercent = print.Licence.MaxSlowdownPercent,
                MaxTemperatureTrimC = print.Licence.MaxTemperatureTrimC,
                External = JobStore.Keep(external?.Licence),
                SliceId = slice?.Id,
                State = JobState.Queued,
                CreatedAt = now,
            };
            await JobStore.InsertAsync(work, job, caller.AccountId, cancel);
            await work.CommitAsync(cancel);
        }

        var stored = (await jobs.FindAsync(id, CancellationToken.None))!;
        runner.Start(stored);
        return JobView.Of(stored, feed.Read(id));
    }

    public async Task<IEnumerable<JobView>> ListAsync(Caller caller, CancellationToken cancel) =>
        (await jobs.ListAsync(caller, cancel)).Select(job => JobView.Of(job, feed.Read(job.Id)));

    public async Task<Outcome<JobView>> FindAsync(Guid id, Caller caller, CancellationToken cancel) =>
        await FindRowAsync(id, caller, cancel) is { } job ? JobView.Of(job, feed.Read(id)) : Refusal.NotFound("job");

    private async Task<Job?> FindRowAsync(Guid id, Caller caller, CancellationToken cancel) =>
        await jobs.FindAsync(id, cancel) is { } job && (caller.MaySee(job.OrganisationId) || caller.MaySee(job.OwnerId)) ? job : null;

    /// <summary>The job at once and after each change, until it has ended. The id of an event is the number of the change; whoever comes back gets the whole job anyway.</summary>
    public async IAsyncEnumerable<SseItem<JobView>> WatchAsync(Guid id, Caller caller, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel, host.ApplicationStopping);
        Job? job = null;
        var read = 0L;
        await foreach (var pulse in feed.WatchAsync(id, over.Token))
        {
            // Five times a second a print says how far it is, to everybody who watches: only a change of the row is worth a question to the database.
            if (read != pulse.Rows)
            {
                (job, read) = (await FindRowAsync(id, caller, cancel), pulse.Rows);
            }

            if (job is null)
            {
                yield break;
            }

            yield return new SseItem<JobView>(JobView.Of(job, pulse), "job") { EventId = pulse.Version.ToString(System.Globalization.CultureInfo.InvariantCulture) };
            if (job.State.IsFinal())
            {
                feed.Forget(id);
                yield break;
            }
        }
    }

    public async Task<Outcome<JobView>> CancelAsync(Guid id, Caller caller, CancellationToken cancel)
    {
        if (await jobs.FindAsync(id, cancel) is not { } job || !caller.MaySee(job.OrganisationId))
        {
            return Refusal.NotFound("job");
        }

        if (!await orders.CancelAsync(id, cancel) && (await jobs.FindAsync(id, cancel))!.State.IsFinal())
        {
            return Refusal.Conflict("JOB_ENDED", "This job has ended; there is nothing to cancel.", "Start a new job to print again.").With("state", job.State.ToString().ToLowerInvariant());
        }

        return JobView.Of(job, feed.Read(id));
    }

    /// <summary>For the shop that prints it: which of its jobs a printer takes first.</summary>
    public async Task<Outcome<JobView>> PrioritiseAsync(Guid id, JobPriority priority, Caller caller, CancellationToken cancel)
    {
        if (await jobs.FindAsync(id, cancel) is not { } job || job.OrganisationId != caller.OrganisationId)
        {
            return Refusal.NotFound("job");
        }

        await using (var work = await database.BeginAsync(cancel))
        {
            // To say again what holds is no act.
            if (await JobStore.SetPriorityAsync(work, id, priority, cancel))
            {
                await trail.RecordAsync(work, AuditedAct.By(caller, Acts.JobPrioritySet, $"job/{id:D}", new("priority", priority.ToString().ToLowerInvariant()), new("printer", $"printer/{job.PrinterId:D}")), cancel);
                await work.CommitAsync(cancel);
            }
        }

        job = (await jobs.FindAsync(id, cancel))!;
        if (job.State >= JobState.Preflight)
        {
            return Refusal.Conflict("JOB_BEGUN", "This job does not wait any more: it is on its printer, or over.", "Set the order of jobs that wait.").With("state", job.State.ToString().ToLowerInvariant());
        }

        queue.Look();
        feed.Touch(id);
        return JobView.Of(job, feed.Read(id));
    }

    /// <summary>For the shop that prints it: the bed of its printer is clear.</summary>
    public async Task<Outcome<JobView>> ClearBedAsync(Guid id, Caller caller, CancellationToken cancel)
    {
        if (await jobs.FindAsync(id, cancel) is not { } job || job.OrganisationId != caller.OrganisationId)
        {
            return Refusal.NotFound("job");
        }

        return (await beds.ClearAsync(job.PrinterId, caller, cancel)).Has(out _, out var refusal) ? JobView.Of(job, feed.Read(id)) : refusal;
    }

    /// <summary>For whoever may see the printer.</summary>
    public async Task<Outcome<IEnumerable<JobView>>> QueueAsync(Guid printerId, Caller caller, CancellationToken cancel) =>
        await fleet.FindAsync(printerId, cancel) is { } printer && caller.MaySee(printer.OrganisationId)
            ? Outcome.Of((await jobs.ListQueueAsync(printerId, cancel)).Select(job => JobView.Of(job, feed.Read(job.Id)))) : Refusal.NotFound("printer");

    /// <summary>For those at the printer, for the owner of the design that it prints, and for an admin.</summary>
    public async Task<Outcome<JobView>> HaltAsync(Guid id, Caller caller, CancellationToken cancel)
    {
        if (await jobs.FindAsync(id, cancel) is not { } job || ReasonOf(job, caller) is not { } reason)
        {
            return Refusal.NotFound("job");
        }

        if (job.State.IsFinal())
        {
            return Refusal.Conflict("JOB_ENDED", "This job has ended; there is nothing to halt.", "Look at the printer itself, if it still moves.").With("state", job.State.ToString().ToLowerInvariant());
        }

        await orders.HaltAsync(id, reason, caller);
        return JobView.Of(job, feed.Read(id));
    }

    private static HaltReason? ReasonOf(Job job, Caller caller) => caller.Role switch
    {
        Role.Admin => HaltReason.Safety,
        Role.Oem when caller.OrganisationId == job.OwnerId => HaltReason.DesignOwner,
        Role.Manufacturer or Role.Operator when caller.OrganisationId == job.OrganisationId => HaltReason.Operator,
        _ => null,
    };
}

/// <summary>A job as the API shows it. Times in s, temperatures in °C; <c>progress</c> from 0 to 1 within the state.</summary>
internal sealed record JobView(
    Guid Id, Guid LicenceId, long PrintNumber, Guid DesignId, string DesignName, Guid PrinterId, string PrinterName, string Material, string? MaterialLot, string Quality, JobState State,
    JobPriority Priority, WaitsFor? WaitsFor, double Progress, string Message, JobSessionView? Session, JobFailure? Failure, ExternalLicence? External, Guid? SliceId, Guid? CertificateId, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt)
{
    /// <summary>The pause that is on or on its way; null when there is none.</summary>
    public JobPauseView? Paused { get; init; }

    /// <summary>Why the print has ended while the printer is being brought to rest; null otherwise. The job itself ends when the printer is at rest, or after 100 s.</summary>
    public JobEndingView? Ending { get; init; }

    /// <summary>Of a print that has ended: whether the printer reported that it is at rest; null where nothing was printed.</summary>
    public bool? AtRest { get; init; }

    public static JobView Of(Job job, JobPulse pulse) => new(
        job.Id, job.LicenceId, job.PrintNumber, job.DesignId, job.DesignName, job.PrinterId, job.PrinterName, job.Material, job.MaterialLot, job.Quality, job.State,
        job.Priority, job.State == JobState.Waiting ? pulse.WaitsFor : null, ProgressOf(job.State, pulse),
        MessageOf(job, pulse), job.State is JobState.Preflight or JobState.Streaming && pulse.Session is { } session ? JobSessionView.Of(session) : null, JobStore.FailureOf(job),
        JobStore.ExternalOf(job), job.SliceId, job.CertificateId, job.CreatedAt, job.StartedAt, job.EndedAt) { Paused = JobPauseView.Of(job, pulse), Ending = JobEndingView.Of(job, pulse), AtRest = job.AtRest };

    private const string NotAtRest = "The printer did not report that it is at rest: look at it.";

    private static double ProgressOf(JobState state, JobPulse pulse) => (state, pulse.Session) switch
    {
        (JobState.Slicing, _) => pulse.Percent / 100.0,
        (JobState.Streaming, { MotionTotal: > 0 } session) => Math.Clamp(session.MotionExecuted / session.MotionTotal, 0, 1),
        (JobState.Done, _) => 1,
        _ => 0,
    };

    private static string MessageOf(Job job, JobPulse pulse) => job.AtRest == false ? $"{WordsOf(job, pulse)} {NotAtRest}" : WordsOf(job, pulse);

    private static string WordsOf(Job job, JobPulse pulse) => job.State switch
    {
        _ when JobEndingView.Of(job, pulse) is { } ending => ending.Said,
        JobState.Streaming when pulse.Session is { IsGatewayAway: true } => "waiting for the printer's gateway to come back",
        JobState.Streaming when JobPauseView.Of(job, pulse) is { } pause => pause.Text,
        JobState.Queued => "waiting for the slicer",
        JobState.Slicing => "slicing",
        JobState.Waiting => pulse.WaitsFor switch
        {
            Jobs.WaitsFor.Bed => "Waits for somebody to confirm that the bed is clear.",
            Jobs.WaitsFor.Turn => "waiting for its turn: the printer has another job before it",
            _ => "waiting for the printer's gateway",
        },
        JobState.Preflight => "checking the printer",
        JobState.Streaming => "printing",
        JobState.Done => job.AtRest == false ? "Printed." : "printed",
        JobState.Cancelled => job.AtRest == false ? "Cancelled." : "cancelled",
        _ => JobStore.FailureOf(job)?.Text ?? "failed",
    };
}

/// <summary>The live figures of a session; <c>adjusted</c> is what the engine has changed now, null when nothing; <c>alerts</c> how many alerts the certificate would have.</summary>
internal sealed record JobSessionView(
    ulong SegmentsTotal, ulong SegmentsSent, ulong SegmentsVerified, double MotionTotalS, double MotionExecutedS, double ExposureS, double MaxExposureS,
    double? NozzleC, double? BedC, double? X, double? Y, double? Z, Streaming.LiveAdjustment? Adjusted, int Alerts)
{
    public static JobSessionView Of(Streaming.SessionProgress progress) => new(
        progress.SegmentsTotal, progress.SegmentsSent, progress.SegmentsVerified, progress.MotionTotal, progress.MotionExecuted, progress.Exposure, progress.MaxExposure,
        progress.Last?.NozzleC, progress.Last?.BedC, progress.Last?.X, progress.Last?.Y, progress.Last?.Z, progress.Adjusted, progress.Alerts);
}
