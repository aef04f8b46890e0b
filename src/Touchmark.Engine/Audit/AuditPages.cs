using System.Globalization;
using System.Reflection;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Audit;

/// <summary>The page of the audit trail: who did what to what and when, with each act's signed statement, and the same as the API gives to be kept.</summary>
internal static class AuditPages
{
    private const int Rows = 50;

    private static readonly IReadOnlyList<string> Known = [.. typeof(Acts).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!).Order(StringComparer.Ordinal)];

    public static void MapAuditPages(this WebApplication app)
    {
        var pages = app.MapPagesFor(Role.Admin, Role.Auditor);
        pages.MapGet("/audit", ShowAsync);
        pages.MapGet("/audit/export", async ([AsParameters] AuditQuery query, Visit visit, AuditTrail trail, HttpResponse response, CancellationToken cancel) =>
        {
            if (!query.ToFilter().Has(out var filter, out var refusal))
            {
                return visit.Refuse(refusal);
            }

            response.Headers.ContentDisposition = "attachment; filename=\"audit.json\"";
            return Results.Ok(await AuditFeature.PageAsync(filter, AuditTrail.MostPerPage, statements: true, trail, cancel));
        });
        pages.MapGet("/audit/{number:long}/statement", async (long number, Visit visit, AuditTrail trail, CancellationToken cancel) =>
            await trail.FindAsync(number, cancel) is { } row ? Results.Bytes(row.Statement, "application/cose", string.Create(CultureInfo.InvariantCulture, $"audit-{number}.cose")) : visit.Refuse(Refusal.NotFound("audit record")));
    }

    private static async Task<IResult> ShowAsync([AsParameters] AuditQuery query, Visit visit, AuditTrail trail, CancellationToken cancel)
    {
        var page = query.ToFilter().Has(out var filter, out var refusal) ? await AuditFeature.PageAsync(filter, Rows, statements: false, trail, cancel) : new AuditPage([], null);
        return visit.Show<AuditTrailPage>(
            new AuditModel(query, Known, [.. page.Records.Select(AuditLine.Of)], query.Before is null ? null : query.Address("/audit", null), page.Next is { } next ? query.Address("/audit", next) : null, query.Address("/audit/export", query.Before)), refusal);
    }
}

/// <summary>What is looked for, as it was typed.</summary>
public sealed record AuditQuery
{
    public string? Act { get; init; }

    public string? Actor { get; init; }

    public string? Subject { get; init; }

    public string? From { get; init; }

    public string? To { get; init; }

    public long? Before { get; init; }

    internal Outcome<AuditFilter> ToFilter()
    {
        if (new[] { Act, Actor, Subject }.Any(name => name?.Length > AuditRecord.MaxName))
        {
            return Refusal.Invalid("FIELD_UNREADABLE", $"What is looked for has at most {AuditRecord.MaxName} characters.", "Shorten it.");
        }

        return Day(From, 0, out var from) && Day(To, 1, out var to) ? new AuditFilter { Before = Before, Subject = Named(Subject), Act = Named(Act), Actor = Named(Actor), From = from, To = to }
            : Refusal.Invalid("FIELD_UNREADABLE", "A day is not a date.", "Write days as 2026-05-31.");
    }

    internal string Address(string path, long? before)
    {
        (string Name, string? Value)[] fields = [("act", Act), ("actor", Actor), ("subject", Subject), ("from", From), ("to", To), ("before", before?.ToString(CultureInfo.InvariantCulture))];
        var asked = fields.Where(field => Named(field.Value) is not null).Select(field => $"{field.Name}={Uri.EscapeDataString(field.Value!)}").ToList();
        return asked.Count > 0 ? $"{path}?{string.Join('&', asked)}" : path;
    }

    private static string? Named(string? typed) => string.IsNullOrWhiteSpace(typed) ? null : typed.Trim();

    /// <summary>The beginning of a day, or of one that follows it.</summary>
    private static bool Day(string? typed, int later, out DateTimeOffset? time)
    {
        var read = DateOnly.TryParseExact(typed, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is > 1 and < 9999;
        time = read ? new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).AddDays(later) : null;
        return read || string.IsNullOrWhiteSpace(typed);
    }
}

/// <summary>An act in the list.</summary>
public sealed record AuditLine(long Number, DateTimeOffset At, string Who, string Act, string Subject, string Outcome, string Tone, IReadOnlyList<string> Details)
{
    internal static AuditLine Of(AuditView act) => new(
        act.Number, act.At, act.ActorEmail ?? act.Actor, act.Act, act.Subject, act.RefusalCode is { } code ? $"refused: {code}" : act.Outcome, act.RefusalCode is null ? "good" : "caution",
        [.. act.Details.Where(detail => detail.Value.Length > 0).Select(detail => $"{detail.Name.Replace('_', ' ')}: {detail.Value}")]);
}

/// <summary>A page of the trail.</summary>
public sealed record AuditModel(AuditQuery Query, IReadOnlyList<string> Acts, IReadOnlyList<AuditLine> Rows, string? Newer, string? Older, string Export);
