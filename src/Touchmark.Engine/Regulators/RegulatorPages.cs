using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Pages;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Regulators;

/// <summary>
/// The pages of regulators: whom identities may be sealed to and who let them in, every reveal with its reason, and the page on which a regulator opens one. That page needs no account: the certificate
/// is what lets a regulator in, and its script opens what the engine cannot.
/// </summary>
internal static class RegulatorPages
{
    private const int Rows = 50;

    public static void MapRegulatorPages(this WebApplication app)
    {
        app.MapGet("/reveal", IResult (string? part, string? custodian) => new Microsoft.AspNetCore.Http.HttpResults.RazorComponentResult<RevealPage>(new { Part = part, Custodian = custodian })).ExcludeFromDescription();
        app.MapPagesFor(Role.Admin, Role.Auditor).MapGet("/regulators", (long? before, Visit visit, RegulatorBook book, AuditTrail trail, CancellationToken cancel) => ShowAsync(before, visit, book, trail, null, cancel));
        var admins = app.MapPagesFor(Role.Admin);
        admins.MapPost("/regulators", (HttpContext http, Visit visit, RegulatorBook book, AuditTrail trail, CancellationToken cancel) => AddAsync(http, visit, book, trail, book.AddAsync, cancel)).AsForm();
        admins.MapPost("/regulators/authorities", (HttpContext http, Visit visit, RegulatorBook book, AuditTrail trail, CancellationToken cancel) => AddAsync(http, visit, book, trail, book.AddRootAsync, cancel)).AsForm();
        admins.MapPost("/regulators/{id}/remove", (string id, Visit visit, RegulatorBook book, AuditTrail trail, CancellationToken cancel) => RemoveAsync(id, visit, book, trail, book.RemoveAsync, cancel)).AsForm();
        admins.MapPost("/regulators/authorities/{id}/remove", (string id, Visit visit, RegulatorBook book, AuditTrail trail, CancellationToken cancel) => RemoveAsync(id, visit, book, trail, book.RemoveRootAsync, cancel)).AsForm();
    }

    private static async Task<IResult> ShowAsync(long? before, Visit visit, RegulatorBook book, AuditTrail trail, Refusal? refusal, CancellationToken cancel, TypedCertificate? typed = null)
    {
        var regulators = await book.ListAsync(cancel);
        var names = regulators.ToDictionary(regulator => $"regulator/{regulator.Id}", regulator => regulator.Subject, StringComparer.Ordinal);
        var rows = await trail.ListAsync(new AuditFilter { Before = before, Act = Acts.IdentityRevealed }, Rows + 1, cancel);
        var lines = new List<RegulatorLine>();
        foreach (var regulator in regulators)
        {
            var added = await trail.ListAsync(new AuditFilter { Subject = $"certificate/{regulator.Id}", Act = Acts.RegulatorAdded }, 1, cancel);
            lines.Add(RegulatorLine.Of(regulator, added is [var act, ..] ? act : null));
        }

        return visit.Show<RegulatorsPage>(
            new RegulatorsModel(
                [.. (await book.ListRootsAsync(cancel)).Select(root => RegulatorLine.Of(root, null))], lines, [.. rows.Take(Rows).Select(row => RevealLine.Of(row, names))], visit.Caller.Role == Role.Admin,
                before is null ? null : "/regulators", rows.Count > Rows ? $"/regulators?before={rows[Rows - 1].Number}" : null, typed), refusal);
    }

    private static async Task<IResult> AddAsync(
        HttpContext http, Visit visit, RegulatorBook book, AuditTrail trail, Func<string, Caller, CancellationToken, Task<Outcome<RegulatorView>>> add, CancellationToken cancel)
    {
        var pem = (await http.Request.ReadFormAsync(cancel))["certificate"].ToString();
        return (await add(pem, visit.Caller, cancel)).Has(out _, out var refusal) ? Results.Redirect("/regulators") : await ShowAsync(null, visit, book, trail, refusal, cancel, new(http.Request.Path, pem));
    }

    private static async Task<IResult> RemoveAsync(
        string id, Visit visit, RegulatorBook book, AuditTrail trail, Func<string, Caller, CancellationToken, Task<Outcome<bool>>> remove, CancellationToken cancel) =>
        (await remove(id, visit.Caller, cancel)).Has(out _, out var refusal) ? Results.Redirect("/regulators") : await ShowAsync(null, visit, book, trail, refusal, cancel);
}

/// <summary>An authority or a regulator.</summary>
/// <param name="Id">SHA-256 of the certificate.</param>
/// <param name="Subject">Whom it names.</param>
/// <param name="Issuer">Who issued it.</param>
/// <param name="ValidUntil">Its end.</param>
/// <param name="AddedBy">The admin who approved it, by the e-mail address of today.</param>
/// <param name="AddedAt">When.</param>
public sealed record RegulatorLine(string Id, string Subject, string Issuer, DateTimeOffset ValidUntil, string? AddedBy, DateTimeOffset? AddedAt)
{
    internal static RegulatorLine Of(RegulatorView view, AuditRow? added) => new(view.Id, view.Subject, view.Issuer, view.ValidUntil, added?.ActorEmail ?? added?.Actor, added?.At);
}

/// <summary>Somebody asked for an identity.</summary>
/// <param name="Number">Of the audit record.</param>
/// <param name="At">When.</param>
/// <param name="Regulator">Who, by the name of the certificate where it is listed still.</param>
/// <param name="Part">Of which part.</param>
/// <param name="Pseudonym">Of which custodian.</param>
/// <param name="Reason">Why.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Tone">Of its badge.</param>
public sealed record RevealLine(long Number, DateTimeOffset At, string Regulator, string Part, string Pseudonym, string Reason, string Outcome, string Tone)
{
    internal static RevealLine Of(AuditRow row, IReadOnlyDictionary<string, string> names)
    {
        var subject = row.Subject.Split('/');
        return new(
            row.Number, row.At, names.GetValueOrDefault(row.Actor, row.Actor), subject.ElementAtOrDefault(1) ?? "", subject.ElementAtOrDefault(2) ?? "",
            AuditTrail.Details(row.Details).FirstOrDefault(detail => detail.Name == "reason")?.Value ?? "", row.RefusalCode is null ? "handed out, sealed" : "nothing was there", row.RefusalCode is null ? "busy" : "quiet");
    }
}

/// <summary>Who may open identities, and who did.</summary>
public sealed record RegulatorsModel(IReadOnlyList<RegulatorLine> Authorities, IReadOnlyList<RegulatorLine> Regulators, IReadOnlyList<RevealLine> Reveals, bool CanChange, string? Newer, string? Older, TypedCertificate? Typed);

/// <summary>A certificate that was refused, and the form that it was typed into.</summary>
public sealed record TypedCertificate(string Path, string Pem);
