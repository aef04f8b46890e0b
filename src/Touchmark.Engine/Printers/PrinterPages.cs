using Touchmark.Engine.Accounts;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Pages;
using Touchmark.Engine.PrinterKeys;
using Touchmark.Engine.Sessions;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;
using Touchmark.Streaming;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.Printers;

/// <summary>The pages of printers: the list, the pairing of a new one, and one printer.</summary>
internal static class PrinterPages
{
    public static void MapPrinterPages(this WebApplication app)
    {
        var pages = app.MapPagesFor(Role.Manufacturer, Role.Operator, Role.Auditor, Role.Admin);
        pages.MapGet("/printers", ListAsync);
        pages.MapGet("/printers/{id:guid}/live", async (Guid id, HttpContext context, Caller caller, PrinterDesk desk, RateLimits limits, CancellationToken cancel) =>
            await desk.FindAsync(id, caller, cancel) is null ? Refusal.NotFound("printer")
                : limits.OpenStream(context, caller) is { } refusal ? refusal : (IResult)TypedResults.ServerSentEvents(desk.WatchAsync(id, caller, cancel))).DisableRequestTimeout();
        pages.MapGet("/printers/{id:guid}", (Guid id, Visit visit, PrinterDesk desk, CancellationToken cancel) => desk.ShowAsync(id, visit, null, cancel));
        app.MapPagesFor(Role.Oem, Role.Manufacturer, Role.Operator, Role.Auditor, Role.Admin)
            .MapGet("/printers/changes/{id:guid}", (Guid id, Visit visit, ChangeDesk desk, CancellationToken cancel) => desk.ShowAsync(id, visit, null, cancel));
        var deciders = app.MapPagesFor(Role.Oem, Role.Admin);
        deciders.MapPost("/printers/changes/{id:guid}/accept", (Guid id, Visit visit, ChangedPrinters changes, ChangeDesk desk, CancellationToken cancel) =>
            DecideAsync(id, visit, desk, changes.AcceptAsync(id, visit.Caller, cancel), cancel)).AsForm();
        deciders.MapPost("/printers/changes/{id:guid}/decline", (Guid id, Visit visit, ChangedPrinters changes, ChangeDesk desk, CancellationToken cancel) =>
            DecideAsync(id, visit, desk, changes.DeclineAsync(id, visit.Caller, cancel), cancel)).AsForm();
        var pairing = app.MapPagesFor(Role.Manufacturer);
        pairing.MapPost("/printers/pair", PairAsync).AsForm();
        pairing.MapGet("/printers/pair/live", (Guid pairing, HttpContext context, Caller caller, PairingWatch watch, RateLimits limits, CancellationToken cancel) =>
            limits.OpenStream(context, caller) is { } refusal ? refusal : (IResult)TypedResults.ServerSentEvents(watch.WatchAsync(pairing, caller, cancel))).DisableRequestTimeout();
        app.MapPagesFor(Role.Manufacturer, Role.Admin).MapPost("/printers/{id:guid}/revoke", (Guid id, Visit visit, PrinterFleet fleet, PrinterDesk desk, CancellationToken cancel) =>
            ActAsync(id, visit, desk, fleet.RevokeAsync(id, visit.Caller, cancel), cancel)).AsForm();
        app.MapPagesFor(Role.Manufacturer, Role.Operator).MapPost("/printers/{id:guid}/notes", NoteAsync).AsForm();
        app.MapPagesFor(Role.Manufacturer, Role.Operator).MapPost("/printers/{id:guid}/bed-clear", (Guid id, Visit visit, PrinterBeds beds, PrinterDesk desk, CancellationToken cancel) =>
            ActAsync(id, visit, desk, beds.ClearAsync(id, visit.Caller, cancel), cancel)).AsForm();
        app.MapPagesFor(Role.Manufacturer).MapPost("/printers/{id:guid}/bed-check", async (Guid id, HttpContext http, Visit visit, PrinterBeds beds, PrinterDesk desk, CancellationToken cancel) =>
            await ActAsync(id, visit, desk, beds.SetCheckAsync(id, (await http.Request.ReadFormAsync(cancel))["required"] != "no", visit.Caller, cancel), cancel)).AsForm();
    }

    private static async Task<IResult> ListAsync(string? q, Guid? before, Visit visit, PrinterFleet fleet, GatewayHub gateways, CancellationToken cancel)
    {
        var search = q?.Trim() ?? "";
        var page = ListPage.Of(
            await fleet.PageAsync(visit.Caller, search, before, ListPage.Asked, cancel), printer => printer.Id, before, "/printers", search.Length > 0 ? $"q={Uri.EscapeDataString(search)}" : "");
        var rows = page.Rows.Select(printer => PrinterRow.Of(PrinterView.Of(printer, gateways.Find(printer.Id)))).ToList();
        return visit.Show<PrintersPage>(new PrintersModel(rows, search, visit.Caller.Role == Role.Manufacturer, visit.Caller.SeesEverything, page.Newer, page.Older));
    }

    private static async Task<IResult> NoteAsync(Guid id, HttpContext http, Visit visit, PrinterNotes notes, PrinterDesk desk, CancellationToken cancel)
    {
        var words = (await http.Request.ReadFormAsync(cancel))["words"].ToString();
        return (await notes.AddAsync(id, words, visit.Caller, cancel)).Has(out _, out var refusal) ? Results.Redirect($"/printers/{id:D}#notes") : await desk.ShowAsync(id, visit, refusal, cancel, words);
    }

    private static async Task<IResult> ActAsync(Guid id, Visit visit, PrinterDesk desk, Task<Outcome<EnrolledPrinter>> act, CancellationToken cancel) =>
        (await act).Has(out _, out var refusal) ? Results.Redirect($"/printers/{id:D}") : await desk.ShowAsync(id, visit, refusal, cancel);

    private static async Task<IResult> DecideAsync(Guid id, Visit visit, ChangeDesk desk, Task<Outcome<PresentedEnrolment>> decision, CancellationToken cancel) =>
        (await decision).Has(out _, out var refusal) ? Results.Redirect($"/printers/changes/{id:D}") : await desk.ShowAsync(id, visit, refusal, cancel);

    private static async Task<IResult> PairAsync(HttpContext context, Visit visit, PairingCodes codes, CancellationToken cancel) =>
        (await codes.IssueAsync(visit.Caller, cancel)).Has(out var code, out var refusal)
            ? visit.Show<PairPage>(new PairModel(code.Id, code.Code, code.ExpiresAt, $"{context.Request.Scheme}://{context.Request.Host}")) : visit.Refuse(refusal);
}

/// <summary>A printer in a list.</summary>
public sealed record PrinterRow(Guid Id, string Name, string Model, string Organisation, string Volume, string State, string Tone, DateTimeOffset EnrolledAt)
{
    internal static PrinterRow Of(PrinterView printer)
    {
        var (state, tone) = printer switch
        {
            { RevokedAt: not null } => ("revoked", "bad"),
            { ChangePresentedAt: not null } => ("changed, to be accepted", "caution"),
            { Online: false } => ("not connected", "quiet"),
            { Gateway.Busy: true } => ("busy", "busy"),
            { Gateway.State: null or PrinterState.Ready } => ("ready", "good"),
            { Gateway.State: { } other } => (other.ToString().ToLowerInvariant(), "caution"),
            _ => ("connected", "good"),
        };
        var volume = printer.BuildVolume;
        return new(printer.Id, printer.Name, printer.Model, printer.Organisation, Say.Size(volume.MaxX - volume.MinX, volume.MaxY - volume.MinY, volume.MaxZ - volume.MinZ), state, tone, printer.EnrolledAt);
    }
}

/// <summary>The list.</summary>
public sealed record PrintersModel(IReadOnlyList<PrinterRow> Rows, string Search, bool CanPair, bool ShowsOrganisation, string? Newer, string? Older);

/// <summary>A code that was made just now.</summary>
public sealed record PairModel(Guid Pairing, string Code, DateTimeOffset ExpiresAt, string Engine);

/// <summary>An enrolment of a printer, in what it differed from the one before, and whose account decided about it.</summary>
public sealed record PrinterEvent(Guid Id, DateTimeOffset At, string State, IReadOnlyList<string> Differences, string? By);

/// <summary>A printer: temperatures in °C, speeds in mm/s, accelerations in mm/s². Keys are null for those who do not keep them, and so is the change while none waits.</summary>
public sealed record PrinterModel(
    PrinterRow Row, ChangeModel? Change, string Firmware, string Kinematics, string MachineId, double MaxNozzleC, double MaxBedC, double MaxChamberC, double MaxVelocity, double MaxAcceleration, string? Software, string? Transport,
    double? NozzleC, double? BedC, string? Text, DateTimeOffset? SeenAt, IReadOnlyList<string> Measured, IReadOnlyList<PrinterEvent> Enrolments, IReadOnlyList<JobRow> Jobs, IReadOnlyList<QueueRow> Queue, BedModel Bed,
    IReadOnlyList<DriftFigure> Drift, IReadOnlyList<PrinterNote> Notes, string? Draft, IReadOnlyList<KeyRow>? Keys, bool IsShop, bool IsRevoked, bool CanRevoke, string? Price, bool CanPrice, bool SeesTrail);

/// <summary>The bed of a printer, and what may be done about it.</summary>
public sealed record BedModel(Guid PrinterId, bool Check, DateTimeOffset? UsedAt, DateTimeOffset? ClearedAt, bool CanClear, bool CanSet);
