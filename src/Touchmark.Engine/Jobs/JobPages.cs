using System.Globalization;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Jobs;

/// <summary>The pages of prints: the list, and one print as it happens.</summary>
internal static class JobPages
{
    public static void MapJobPages(this WebApplication app)
    {
        var pages = app.MapPagesFor(Role.Oem, Role.Manufacturer, Role.Operator, Role.Auditor, Role.Admin);
        pages.MapGet("/jobs", ListAsync);
        pages.MapGet("/jobs/{id:guid}", (Guid id, HttpContext http, Visit visit, JobDesk desk, CancellationToken cancel) => ShowAsync(id, http, visit, desk, cancel));
        pages.MapGet("/jobs/{id:guid}/live", async (Guid id, HttpContext context, Caller caller, JobDesk desk, RateLimits limits, CancellationToken cancel) =>
            (await desk.FindAsync(id, caller, cancel)).ToResult(_ => limits.OpenStream(context, caller) is { } refusal ? refusal : TypedResults.ServerSentEvents(desk.WatchAsync(id, caller, cancel))))
            .DisableRequestTimeout();
        app.MapPagesFor(Role.Manufacturer, Role.Operator, Role.Admin).MapPost("/jobs/{id:guid}/stop", (Guid id, HttpContext http, Visit visit, JobDesk desk, CancellationToken cancel) => ActAsync(id, http, visit, desk, desk.CancelAsync, cancel)).AsForm();
        app.MapPagesFor(Role.Oem, Role.Manufacturer, Role.Operator, Role.Admin).MapPost("/jobs/{id:guid}/halt", (Guid id, HttpContext http, Visit visit, JobDesk desk, CancellationToken cancel) => ActAsync(id, http, visit, desk, desk.HaltAsync, cancel)).AsForm();
        var shop = app.MapPagesFor(Role.Manufacturer, Role.Operator);
        shop.MapPost("/jobs/{id:guid}/priority", async (Guid id, HttpContext http, Visit visit, JobDesk desk, CancellationToken cancel) =>
        {
            var priority = (await http.Request.ReadFormAsync(cancel))["priority"] == "urgent" ? JobPriority.Urgent : JobPriority.Normal;
            return await ActAsync(id, http, visit, desk, (job, caller, stop) => desk.PrioritiseAsync(job, priority, caller, stop), cancel);
        }).AsForm();
        shop.MapPost("/jobs/{id:guid}/pause", (Guid id, HttpContext http, Visit visit, JobDesk desk, PauseDesk pauses, CancellationToken cancel) => ActAsync(id, http, visit, desk, pauses.PauseAsync, cancel)).AsForm();
        shop.MapPost("/jobs/{id:guid}/resume", (Guid id, HttpContext http, Visit visit, JobDesk desk, PauseDesk pauses, CancellationToken cancel) => ActAsync(id, http, visit, desk, pauses.GoOnAsync, cancel)).AsForm();
        shop.MapPost("/jobs/{id:guid}/bed-clear", (Guid id, HttpContext http, Visit visit, JobDesk desk, CancellationToken cancel) => ActAsync(id, http, visit, desk, desk.ClearBedAsync, cancel)).AsForm();
    }

    private static async Task<IResult> ListAsync(Guid? before, Visit visit, JobStore jobs, JobFeed feed, CancellationToken cancel)
    {
        var page = ListPage.Of(await jobs.ListAsync(visit.Caller, cancel, ListPage.Asked, before), job => job.Id, before, "/jobs");
        return visit.Show<JobsPage>(new JobsModel([.. page.Rows.Select(job => JobRow.Of(JobView.Of(job, feed.Read(job.Id))))], page.Newer, page.Older));
    }

    private static async Task<IResult> ShowAsync(Guid id, HttpContext http, Visit visit, JobDesk desk, CancellationToken cancel, Refusal? problem = null) =>
        (await desk.FindAsync(id, visit.Caller, cancel)).Has(out var job, out var refusal)
            ? visit.Show<JobPage>(Model(job, await BedAsync(job, http.RequestServices.GetRequiredService<PrinterFleet>(), cancel), await SliceAsync(job, visit.Caller, http.RequestServices.GetRequiredService<LicenceLedger>(), cancel), visit.Caller), problem)
            : visit.Refuse(problem ?? refusal);

    private static async Task<IResult> ActAsync(Guid id, HttpContext http, Visit visit, JobDesk desk, Func<Guid, Caller, CancellationToken, Task<Outcome<JobView>>> act, CancellationToken cancel)
    {
        if ((await act(id, visit.Caller, cancel)).Has(out var done, out var refusal))
        {
            // Back to where the button was.
            return Results.Redirect((await http.Request.ReadFormAsync(cancel))["from"] == "printer" ? $"/printers/{done.PrinterId:D}" : $"/jobs/{id:D}");
        }

        return await ShowAsync(id, http, visit, desk, cancel, refusal);
    }

    /// <summary>What was sliced, where the caller may look at it (docs/decisions/0024-previews.md).</summary>
    private static async Task<Guid?> SliceAsync(JobView job, Caller caller, LicenceLedger licences, CancellationToken cancel) =>
        job.SliceId is null || caller.Role == Role.Oem || caller.SeesEverything || await licences.MayPrintAsync(job.DesignId, caller.OrganisationId, cancel) ? job.SliceId : null;

    /// <summary>What the head reaches, to draw it in; null of a print that is over.</summary>
    private static async Task<JobBed?> BedAsync(JobView job, PrinterFleet fleet, CancellationToken cancel) =>
        !job.State.IsFinal() && await fleet.FindAsync(job.PrinterId, cancel) is { Profile.Limits: var limits } ? new(limits.MinX, limits.MaxX, limits.MinY, limits.MaxY) : null;

    private static JobModel Model(JobView job, JobBed? bed, Guid? slice, Caller caller) => new(
        JobRow.Of(job), job.DesignId, job.LicenceId, job.PrinterId, job.PrintNumber, job.MaterialLot, job.CertificateId, job.StartedAt,
        job.Session is { } session ? new(session.SegmentsVerified, session.SegmentsTotal, session.MotionTotalS - session.MotionExecutedS, session.ExposureS, session.NozzleC, session.BedC, session.Z, session.Alerts, session.Adjusted?.Why) : null,
        job.Failure is { } failure ? new(failure.Text, failure.Fix, failure.Code) : null,
        CanStop: !job.State.IsFinal() && job.Ending is null && caller.Role is Role.Manufacturer or Role.Operator or Role.Admin,
        CanHalt: !job.State.IsFinal() && caller.Role is not Role.Auditor,
        SeesDesign: caller.Role is Role.Oem || caller.SeesEverything,
        SeesPrinter: caller.Role is not Role.Oem,
        Urgent: job.Priority == JobPriority.Urgent,
        CanPrioritise: job.State < JobState.Preflight && caller.Role is Role.Manufacturer or Role.Operator,
        CanClearBed: job.State < JobState.Preflight && caller.Role is Role.Manufacturer or Role.Operator,
        WaitsForBed: job.WaitsFor == WaitsFor.Bed,
        CanPause: !job.State.IsFinal() && caller.Role is Role.Manufacturer or Role.Operator,
        IsPrinting: job.State == JobState.Streaming && job.Ending is null,
        Pause: job.Paused is { } pause ? new(pause.Stands, pause.Until) : null,
        Bed: bed,
        SliceId: slice,
        AtRest: job.AtRest);
}

/// <summary>A print in a list.</summary>
/// <param name="Id">Of the job.</param>
/// <param name="Design">What is printed.</param>
/// <param name="Printer">Where.</param>
/// <param name="Terms">Material and quality.</param>
/// <param name="State">In one word.</param>
/// <param name="Tone">Of its badge.</param>
/// <param name="Message">What goes on.</param>
/// <param name="Progress">0 to 1 within the state.</param>
/// <param name="Step">How many of the five steps are behind it.</param>
/// <param name="IsFinal">Nothing more comes.</param>
/// <param name="CreatedAt">When it was ordered.</param>
/// <param name="EndedAt">When it ended.</param>
public sealed record JobRow(
    Guid Id, string Design, string Printer, string Terms, string State, string Tone, string Message, double Progress, int Step, bool IsFinal, DateTimeOffset CreatedAt, DateTimeOffset? EndedAt)
{
    internal static JobRow Of(JobView job) => new(
        job.Id, job.DesignName, job.PrinterName, $"{job.Material}, {job.Quality}", WordOf(job), ToneOf(job), job.Message == WordOf(job.State) ? "" : job.Message, job.Progress, Math.Min((int)job.State, 6) - 1,
        job.State.IsFinal(), job.CreatedAt, job.EndedAt);

    public string Percent => (Progress * 100).ToString("0", CultureInfo.InvariantCulture);

    /// <summary>As people say it; the script of the page says the same.</summary>
    private static string WordOf(JobView job) => job.Ending is not null ? "coming to rest" : job.Paused is { } pause ? pause.Stands ? "paused" : "pausing" : WordOf(job.State);

    private static string WordOf(JobState state) => state switch
    {
        JobState.Preflight => "checking",
        JobState.Streaming => "printing",
        JobState.Done => "printed",
        _ => state.ToString().ToLowerInvariant(),
    };

    private static string ToneOf(JobView job) => job.Paused is not null || job.Ending is { Text.Length: > 0 } ? "caution" : job.State switch
    {
        JobState.Done => "good",
        JobState.Failed => "bad",
        JobState.Cancelled => "caution",
        JobState.Queued or JobState.Waiting => "quiet",
        _ => "busy",
    };
}

/// <summary>A print in the queue of its printer.</summary>
/// <param name="Job">The print.</param>
/// <param name="Urgent">Before those that are not.</param>
/// <param name="Waits">It is not on the printer yet.</param>
public sealed record QueueRow(JobRow Job, bool Urgent, bool Waits)
{
    internal static QueueRow Of(JobView job) => new(JobRow.Of(job), job.Priority == JobPriority.Urgent, job.State < JobState.Preflight);
}

/// <summary>A page of the list.</summary>
public sealed record JobsModel(IReadOnlyList<JobRow> Rows, string? Newer, string? Older);

/// <summary>One print.</summary>
public sealed record JobModel(
    JobRow Row, Guid DesignId, Guid LicenceId, Guid PrinterId, long PrintNumber, string? MaterialLot, Guid? CertificateId, DateTimeOffset? StartedAt, JobFigures? Live, PageProblem? Failure,
    bool CanStop, bool CanHalt, bool SeesDesign, bool SeesPrinter, bool Urgent, bool CanPrioritise, bool CanClearBed, bool WaitsForBed, bool CanPause, bool IsPrinting, JobPause? Pause, JobBed? Bed, Guid? SliceId, bool? AtRest);

/// <summary>A pause: whether the printer has come to rest, and when the print is ended if nobody lets it go on.</summary>
public sealed record JobPause(bool Stands, DateTimeOffset Until);

/// <summary>What a printer's head reaches from above, mm.</summary>
public sealed record JobBed(double MinX, double MaxX, double MinY, double MaxY);

/// <summary>What verified telemetry says of a print that runs: times in s, temperatures in °C, Z in mm.</summary>
public sealed record JobFigures(ulong Verified, ulong Segments, double LeftS, double ExposureS, double? NozzleC, double? BedC, double? Z, int Alerts, string? Adjusted);
