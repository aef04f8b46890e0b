using Touchmark.Engine.Accounts;
using Touchmark.Engine.Sessions;
using Touchmark.Engine.Web;
using Touchmark.Streaming;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.Printers;

/// <summary>Pairing, enrolment and the list of printers.</summary>
internal static class PrintersFeature
{
    public static void AddPrinters(this IServiceCollection services)
    {
        services.AddSingleton<PairingCodes>();
        services.AddSingleton<Enrolment>();
        services.AddSingleton<PrinterFleet>();
        services.AddSingleton<PrinterBeds>();
        services.AddSingleton<PrinterDrift>();
        services.AddSingleton<PrinterNotes>();
        services.AddSingleton<ChangedPrinters>();
        services.AddSingleton<ChangeDesk>();
        services.AddSingleton<EnrolmentAttempts>();
        services.AddSingleton<PrinterDesk>();
        services.AddSingleton<PairingWatch>();
    }

    public static void MapPrinters(this WebApplication app)
    {
        app.MapPrinterPages();
        app.MapPost("/api/pairing-codes", async (Guid? organisation, Caller caller, PairingCodes codes, CancellationToken cancel) =>
            caller.Role == Role.Admin && organisation is null ? Refusal.Invalid("ORGANISATION_MISSING", "An admin makes codes for the organisation of a manufacturer.", "Name it: ?organisation=ID.")
            : (await codes.IssueAsync(caller, cancel, caller.Role == Role.Admin ? organisation : null)).ToResult(code => Results.Created((string?)null, code)))
            .For(Role.Manufacturer, Role.Admin).Produces<PairingCode>(StatusCodes.Status201Created)
            .WithSummary("Make a one-time code, good for ten minutes, that enrols one printer for your organisation; as an admin, for a manufacturer's.");
        app.MapPost("/api/enrolments", EnrolAsync).Produces<EnrolmentAnswer>(StatusCodes.Status201Created)
            .WithSummary("Enrol a printer (called by the gateway): authenticated by a pairing code, or e-mail address and password, and a signature of the device key.");
        app.MapGet("/api/printers", async (Caller caller, PrinterFleet fleet, GatewayHub gateways, CancellationToken cancel) =>
            (await fleet.ListAsync(caller, cancel)).Select(printer => PrinterView.Of(printer, gateways.Find(printer.Id)))).ForAnyRole().WithSummary("List the printers of your organisation.");
        app.MapGet("/api/printers/{id:guid}", async (Guid id, Caller caller, PrinterFleet fleet, GatewayHub gateways, CancellationToken cancel) =>
            await fleet.FindAsync(id, cancel) is { } printer && caller.MaySee(printer.OrganisationId) ? Results.Ok(PrinterView.Of(printer, gateways.Find(id))) : Refusal.NotFound("printer"))
            .ForAnyRole().Produces<PrinterView>().WithSummary("Show a printer, with the limits that toolpaths are checked against.");
        app.MapPost("/api/printers/{id:guid}/revoke", async (Guid id, Caller caller, PrinterFleet fleet, GatewayHub gateways, CancellationToken cancel) =>
            (await fleet.RevokeAsync(id, caller, cancel)).ToResult(printer => Results.Ok(PrinterView.Of(printer, gateways.Find(id))))).For(Role.Manufacturer, Role.Admin).Produces<PrinterView>()
            .WithSummary("Revoke a printer's device key: what it prints stops at once, and no session starts with it any more.");
        app.MapPost("/api/printers/{id:guid}/bed-clear", async (Guid id, Caller caller, PrinterBeds beds, GatewayHub gateways, CancellationToken cancel) =>
            (await beds.ClearAsync(id, caller, cancel)).ToResult(printer => Results.Ok(PrinterView.Of(printer, gateways.Find(id))))).For(Role.Manufacturer, Role.Operator).Produces<PrinterView>()
            .WithSummary("Confirm, standing at the printer, that nothing lies on its bed: its next job may start.");
        app.MapPut("/api/printers/{id:guid}/bed-check", async (Guid id, BedCheckRequest request, Caller caller, PrinterBeds beds, GatewayHub gateways, CancellationToken cancel) =>
            (await beds.SetCheckAsync(id, request.Required, caller, cancel)).ToResult(printer => Results.Ok(PrinterView.Of(printer, gateways.Find(id))))).For(Role.Manufacturer).Produces<PrinterView>()
            .WithSummary("Say whether jobs wait until somebody has confirmed that the bed is clear: not on a printer that clears it by itself.");
        app.MapGet("/api/printers/{id:guid}/behaviour", async (Guid id, Caller caller, PrinterDrift drift, CancellationToken cancel) => (await drift.ListAsync(id, caller, cancel)).ToResult(Results.Ok))
            .ForAnyRole().Produces<IEnumerable<DriftFigure>>().WithSummary("List what prints measured of a printer's homing and heating, beside its enrolment; newest first.");
        app.MapGet("/api/printers/{id:guid}/notes", async (Guid id, Caller caller, PrinterNotes notes, CancellationToken cancel) => (await notes.ListAsync(id, caller, cancel)).ToResult(Results.Ok))
            .ForAnyRole().Produces<IEnumerable<PrinterNote>>().WithSummary("List the maintenance notes of a printer, newest first.");
        app.MapPost("/api/printers/{id:guid}/notes", async (Guid id, NoteRequest request, Caller caller, PrinterNotes notes, CancellationToken cancel) =>
            (await notes.AddAsync(id, request.Words, caller, cancel)).ToResult(note => Results.Created((string?)null, note))).For(Role.Manufacturer, Role.Operator).Produces<PrinterNote>(StatusCodes.Status201Created)
            .WithSummary("Add a maintenance note to a printer: plain text, which nobody can change afterwards.");
        MapChanges(app);
    }

    private static void MapChanges(WebApplication app)
    {
        app.MapPost("/api/enrolments/again", PresentAsync).Produces<PresentationAnswer>()
            .WithSummary("Present a repaired or changed printer (called by the gateway): authenticated by the device key of its enrolment.");
        app.MapGet("/api/enrolments/pending", async (Caller caller, ChangedPrinters changes, CancellationToken cancel) =>
            (await changes.PendingAsync(caller, cancel)).Select(EnrolmentView.Of)).ForAnyRole().WithSummary("List the changed printers that wait to be accepted.");
        app.MapPost("/api/enrolments/{id:guid}/accept", async (Guid id, Caller caller, ChangedPrinters changes, CancellationToken cancel) =>
            (await changes.AcceptAsync(id, caller, cancel)).ToResult(row => Results.Ok(EnrolmentView.Of(row)))).For(Role.Oem, Role.Admin).Produces<EnrolmentView>()
            .WithSummary("Accept a changed printer: signs a new enrolment that names the one before.");
        app.MapPost("/api/enrolments/{id:guid}/decline", async (Guid id, Caller caller, ChangedPrinters changes, CancellationToken cancel) =>
            (await changes.DeclineAsync(id, caller, cancel)).ToResult(row => Results.Ok(EnrolmentView.Of(row)))).For(Role.Oem, Role.Admin).Produces<EnrolmentView>()
            .WithSummary("Decline a changed printer: the machine stays as it was enrolled.");
        app.MapGet("/api/printers/{id:guid}/enrolments", async (Guid id, Caller caller, PrinterFleet fleet, ChangedPrinters changes, CancellationToken cancel) =>
            await fleet.FindAsync(id, cancel) is { } printer && caller.MaySee(printer.OrganisationId) ? Results.Ok((await changes.HistoryAsync(id, cancel)).Select(EnrolmentView.Of)) : Refusal.NotFound("printer"))
            .ForAnyRole().WithSummary("List all enrolments of a printer, oldest first.");
    }

    private static async Task<IResult> EnrolAsync(EnrolmentRequest request, HttpContext context, Enrolment enrolment, EnrolmentAttempts attempts, SignIn signIn, CancellationToken cancel)
    {
        switch (request)
        {
            case { Code: { } code, Email: null, Password: null }:
                return attempts.Begin(context, code) is { } refusal ? refusal
                    : (await enrolment.EnrolAsync(request, null, cancel)).ToResult(answer =>
                    {
                        attempts.Succeed(context);
                        return Enrolled(answer);
                    });
            case { Code: null, Email: { } email, Password: { } password }:
                return (await signIn.FindAsync(context, email, password, code: null, cancel)).Has(out var account, out refusal) ? (await enrolment.EnrolAsync(request, account, cancel)).ToResult(Enrolled) : refusal;
            default:
                return Refusal.Invalid("ENROLMENT_CREDENTIALS", "A printer is enrolled by a pairing code, or by e-mail address and password.", "Send code, or email and password.");
        }
    }

    private static IResult Enrolled(EnrolmentAnswer answer) => Results.Created($"/api/printers/{answer.PrinterId:D}", answer);

    private static async Task<IResult> PresentAsync(PresentationRequest request, HttpContext context, ChangedPrinters changes, EnrolmentAttempts attempts, CancellationToken cancel) =>
        attempts.Begin(context) is { } refusal ? refusal
            : (await changes.PresentAsync(request, cancel)).ToResult(answer =>
            {
                attempts.Succeed(context);
                return Results.Ok(answer);
            });
}

/// <summary>Slows guessing of pairing codes down, by where it comes from and by the code that is tried.</summary>
internal sealed class EnrolmentAttempts(TimeProvider time)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(15);

    private readonly Throttle perPlace = new(time, free: 10, LongestWait);
    private readonly Throttle perCode = new(time, free: 10, LongestWait);

    /// <summary>By place alone: a printer's id is no secret, and whoever knows it must not be able to keep its gateway out.</summary>
    public Refusal? Begin(HttpContext context) => perPlace.Begin(Place.Of(context));

    public Refusal? Begin(HttpContext context, string code) => Begin(context) ?? perCode.Begin(OneTimeCode.Normalise(code) ?? "");

    /// <summary>The code is used up, so nothing has to be forgotten of it.</summary>
    public void Succeed(HttpContext context) => perPlace.Uncount(Place.Of(context));
}

/// <summary>A printer as the API shows it: lengths in mm, temperatures in °C, speeds in mm/s. Online: its gateway is connected to this node. Pairing: the code that it came by.</summary>
internal sealed record PrinterView(
    Guid Id, string Name, string Model, Guid OrganisationId, string Organisation, string MachineId, string Firmware, string Kinematics, Volume BuildVolume,
    double MaxNozzleC, double MaxBedC, double MaxChamberC, double MaxVelocity, double MaxAcceleration, DateTimeOffset EnrolledAt, DateTimeOffset? RevokedAt, DateTimeOffset? ChangePresentedAt,
    BedView Bed, DateTimeOffset? SeenAt, bool Online, GatewayView? Gateway, Guid? PairingId)
{
    public static PrinterView Of(EnrolledPrinter printer, GatewayLink? gateway)
    {
        var (profile, limits) = (printer.Profile, printer.Profile.Limits);
        return new(
            printer.Id, printer.Name, printer.Model, printer.OrganisationId, printer.Organisation, Convert.ToHexStringLower(printer.MachineId), profile.Firmware, profile.Kinematics,
            new Volume(limits.MinX, limits.MaxX, limits.MinY, limits.MaxY, limits.MinZ, limits.MaxZ),
            limits.MaxNozzleC, limits.MaxBedC, limits.MaxChamberC, limits.MaxVelocity, limits.MaxAcceleration, printer.EnrolledAt, printer.RevokedAt, printer.ChangePresentedAt,
            new BedView(printer.BedCheck, printer.BedUsedAt is null, printer.BedUsedAt, printer.BedClearedAt), printer.SeenAt, gateway is not null, gateway is null ? null : GatewayView.Of(gateway), printer.PairingId);
    }
}

/// <summary>What a connected gateway said of itself and, while no session ran, of its printer.</summary>
internal sealed record GatewayView(string Software, string Transport, DateTimeOffset? At, PrinterState? State, bool? Busy, double? NozzleC, double? BedC, string? Text)
{
    public static GatewayView Of(GatewayLink link) => link.Status is { } said
        ? new(link.Software, link.Transport, said.Time, said.State, said.Busy, said.NozzleC, said.BedC, said.Text)
        : new(link.Software, link.Transport, null, null, null, null, null, null);
}

internal sealed record Volume(double MinX, double MaxX, double MinY, double MaxY, double MinZ, double MaxZ);
