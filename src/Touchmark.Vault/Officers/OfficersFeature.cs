using Microsoft.AspNetCore.Http.Features;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Hosting.Problems;
using Touchmark.Vault.Access;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Officers;

/// <summary>The customer's officers: appointed and dismissed by its root, never by the vault.</summary>
internal static class OfficersFeature
{
    public const string StatementType = "application/cose";

    /// <summary>Longest evidence file of one statement, bytes: a slicer's manifest of as many files as one has.</summary>
    private const int FileBytes = 16 << 20;

    public static void AddOfficers(this IServiceCollection services)
    {
        services.AddManifestIndex<OfficerBook>();
        services.AddSingleton<StatementDesk>();
    }

    public static void MapOfficers(this WebApplication app)
    {
        var officers = app.MapGroup("/v3").WithTags("officers");
        officers.MapPost("/officers", (HttpContext context, StatementDesk desk, TimeProvider time, CancellationToken cancel) => TakeAsync(context, desk.AppointAsync, entered => OfficerLine.Of(new(entered.Entry, entered.Document, null), time.GetUtcNow()), cancel))
            .For(Role.Admin).WithSummary("Enters an officer's appointment by the customer's root.").TakesStatement().Produces<OfficerLine>(StatusCodes.Status201Created);
        officers.MapGet("/officers", async (OfficerBook book, TimeProvider time, CancellationToken cancel) => (await book.RollAsync(cancel)).Officers.Select(officer => OfficerLine.Of(officer, time.GetUtcNow())))
            .For(Role.Any).WithSummary("Everybody who was ever appointed, oldest first.");
        officers.MapPost("/revocations", (HttpContext context, StatementDesk desk, CancellationToken cancel) => TakeAsync(context, desk.RevokeAsync, RevocationLine.Of, cancel))
            .For(Role.Admin).WithSummary("Enters a revocation by the customer's root.").TakesStatement().Produces<RevocationLine>(StatusCodes.Status201Created);
    }

    /// <summary>Reads a statement from the body, hands it on and answers what came of it: 201 for a new one, 200 for one that was there.</summary>
    public static async Task<IResult> TakeAsync<T, TLine>(
        HttpContext context, Func<ReadOnlyMemory<byte>, CancellationToken, Task<Outcome<Entered<T>>>> take, Func<Entered<T>, TLine> show, CancellationToken cancel)
        where T : class, IDocument<T>
    {
        if (context.Request.ContentLength is not (> 0 and <= Statement.MaxBytes and var length))
        {
            return Refusal.Invalid("NOT_A_STATEMENT", $"The body is no statement: it has to say its length, which is at most {Statement.MaxBytes} bytes.", "Send the file as touchmark keys wrote it, as application/cose.");
        }

        var envelope = new byte[length];
        await context.Request.Body.ReadExactlyAsync(envelope, cancel);
        return (await take(envelope, cancel)).ToResult(entered => Results.Json(show(entered), statusCode: entered.IsNew ? StatusCodes.Status201Created : StatusCodes.Status200OK));
    }

    /// <summary>The same for a statement whose document may be too long for it: an evidence file then holds both.</summary>
    public static async Task<IResult> TakeFileAsync<T, TLine>(
        HttpContext context, Func<StatementPart, CancellationToken, Task<Outcome<Entered<T>>>> take, Func<Entered<T>, TLine> show, CancellationToken cancel)
        where T : class, IDocument<T>
    {
        if (context.Request.ContentType != EvidenceFile.MediaType)
        {
            return await TakeAsync(context, (envelope, stop) => take(new StatementPart(envelope, null), stop), show, cancel);
        }

        if (context.Request.ContentLength is not (> 0 and <= FileBytes and var length))
        {
            return Refusal.Invalid("NOT_A_STATEMENT", $"The body has to say its length, which is at most {FileBytes} bytes.", "Send the file as touchmark wrote it.");
        }

        context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = FileBytes;
        var bytes = new byte[length];
        await context.Request.Body.ReadExactlyAsync(bytes, cancel);
        return EvidenceFile.TryDecode(bytes, out var file, out var problem) && file is { Related: [], Checkpoint: null }
            ? (await take(file.Subject, cancel)).ToResult(entered => Results.Json(show(entered), statusCode: entered.IsNew ? StatusCodes.Status201Created : StatusCodes.Status200OK))
            : Refusal.Invalid("NOT_A_STATEMENT", $"The body is no evidence file of one statement: {problem ?? "it holds more"}.", "Send the file as touchmark wrote it.");
    }

    public static RouteHandlerBuilder TakesStatement(this RouteHandlerBuilder endpoint, params string[] more) =>
        endpoint.Accepts<byte[]>(StatementType, more).ProducesProblem(400).ProducesProblem(403).ProducesProblem(409).ProducesProblem(503);
}

/// <summary>An officer in a list.</summary>
/// <param name="OfficerId">The officer's id.</param>
/// <param name="Name">As the root wrote it.</param>
/// <param name="Roles">Their names.</param>
/// <param name="InOffice">Whether the appointment counts now.</param>
/// <param name="ValidFrom">Since when.</param>
/// <param name="ValidUntil">Until when, as appointed.</param>
/// <param name="RevokedAt">When it was taken back.</param>
/// <param name="Statement">SHA-256 of the appointment.</param>
/// <param name="LogIndex">Its place in the manifest.</param>
internal sealed record OfficerLine(
    Guid OfficerId, string Name, IReadOnlyList<string> Roles, bool InOffice, DateTimeOffset ValidFrom, DateTimeOffset? ValidUntil, DateTimeOffset? RevokedAt, string Statement, long LogIndex)
{
    public static OfficerLine Of(Appointed officer, DateTimeOffset now) => new(
        officer.Appointment.OfficerId, officer.Appointment.Name, [.. officer.Appointment.Roles.Select(OfficerAppointment.NameOf)], officer.IsInOffice(now), officer.Appointment.ValidFrom,
        officer.Appointment.ValidUntil, officer.RevokedAt, Convert.ToHexStringLower(officer.Entry.Sha256), officer.Entry.Index);
}

/// <summary>A revocation as it was entered.</summary>
internal sealed record RevocationLine(Guid Holder, string RevokedStatement, DateTimeOffset RevokedAt, string Reason, long LogIndex)
{
    public static RevocationLine Of(Entered<KeyRevocation> entered) => new(
        entered.Document.Holder, Convert.ToHexStringLower(entered.Document.RevokedStatement.Span), entered.Document.RevokedAt, KeyRevocation.NameOf(entered.Document.Reason), entered.Entry.Index);
}
