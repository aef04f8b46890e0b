using Touchmark.Engine.Accounts;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Pages;

namespace Touchmark.Engine.Licences;

/// <summary>The pages of licences: the list, a new one, and one with its terms, its prints and its end.</summary>
internal static class LicencePages
{
    public static void MapLicencePages(this WebApplication app)
    {
        var pages = app.MapPagesFor(Role.Oem, Role.Manufacturer, Role.Operator, Role.Auditor, Role.Admin);
        pages.MapGet("/licences", ListAsync);
        pages.MapGet("/licences/{id:guid}", ShowAsync);
        var owner = app.MapPagesFor(Role.Oem);
        owner.MapGet("/licences/new", (Guid design, Visit visit, NewLicenceDesk desk, CancellationToken cancel) => desk.ShowAsync(visit, LicenceForm.Empty(design), null, cancel));
        owner.MapPost("/licences/new", GrantAsync).AsForm();
        owner.MapPost("/licences/{id:guid}/revoke", RevokeAsync).AsForm();
    }

    private static async Task<IResult> ListAsync(Guid? before, Visit visit, LicenceLedger ledger, TimeProvider time, CancellationToken cancel)
    {
        var page = ListPage.Of(await ledger.PageAsync(visit.Caller, before, ListPage.Asked, cancel), licence => licence.Id, before, "/licences");
        return visit.Show<LicencesPage>(new LicencesModel([.. page.Rows.Select(licence => LicenceRow.SeenBy(licence, visit.Caller, time.GetUtcNow()))], visit.Caller.Role == Role.Oem, page.Newer, page.Older));
    }

    private static async Task<IResult> ShowAsync(Guid id, Visit visit, LicenceDesk desk, CancellationToken cancel) => await desk.ShowAsync(id, visit, cancel);

    private static async Task<IResult> GrantAsync(HttpContext context, Visit visit, LicenceOffice office, NewLicenceDesk desk, CancellationToken cancel)
    {
        var form = LicenceForm.Read(await context.Request.ReadFormAsync(cancel));
        return form.ToRequest().Has(out var request, out var refusal) && (await office.GrantAsync(request, visit.Caller, cancel)).Has(out var licence, out refusal)
            ? Results.Redirect($"/licences/{licence.Id:D}") : await desk.ShowAsync(visit, form, refusal, cancel);
    }

    private static async Task<IResult> RevokeAsync(Guid id, HttpContext context, Visit visit, LicenceOffice office, LicenceDesk desk, CancellationToken cancel)
    {
        var reason = (await context.Request.ReadFormAsync(cancel))["reason"].ToString();
        return (await office.RevokeAsync(id, reason, visit.Caller, cancel)).Has(out _, out var refusal) ? Results.Redirect($"/licences/{id:D}") : await desk.ShowAsync(id, visit, cancel, refusal, reason);
    }
}

/// <summary>A page of the list.</summary>
public sealed record LicencesModel(IReadOnlyList<LicenceRow> Rows, bool IsOwner, string? Newer, string? Older);

/// <summary>A licence with its terms: limits in s, adjustments in % and °C. End is told to those who see all of it; Reason is what was typed for a revocation that was not made.</summary>
public sealed record LicenceModel(
    LicenceRow Row, string Qualities, double? ExposureLimitS, double? OutageLimitS, string Policy, bool AllowScriptStore, bool AllowNoDeadMan, double MaxSlowdownPercent, double MaxTemperatureTrimC,
    DateTimeOffset GrantedAt, DateTimeOffset? RevokedAt, IReadOnlyList<JobRow> Jobs, bool StopsPrints, bool CanRevoke, bool SeesDesign, LicenceEnd? End, string? Reason, bool CanPrint, bool CanRecall)
{
    public IEnumerable<JobRow> Running => Jobs.Where(job => !job.IsFinal);
}
