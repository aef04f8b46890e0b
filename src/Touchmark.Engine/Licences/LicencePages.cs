using System.Globalization;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Slicing;
using Touchmark.Evidence.Documents;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

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
        owner.MapGet("/licences/new", (Guid design, Visit visit, DesignLibrary designs, AccountDirectory accounts, CancellationToken cancel) => NewAsync(visit, designs, accounts, LicenceForm.Empty(design), null, cancel));
        owner.MapForm("/licences/new", GrantAsync);
        owner.MapForm("/licences/{id:guid}/revoke", RevokeAsync);
    }

    private static async Task<IResult> ListAsync(Guid? before, Visit visit, LicenceLedger ledger, TimeProvider time, CancellationToken cancel)
    {
        var page = ListPage.Of(await ledger.PageAsync(visit.Caller, before, ListPage.Asked, cancel), licence => licence.Id, before, "/licences");
        return visit.Show<LicencesPage>(new LicencesModel([.. page.Rows.Select(licence => Row(licence, visit.Caller, time.GetUtcNow()))], visit.Caller.Role == Role.Oem, page.Newer, page.Older));
    }

    private static async Task<IResult> ShowAsync(Guid id, Visit visit, LicenceLedger ledger, JobStore jobs, JobFeed feed, TimeProvider time, CancellationToken cancel) =>
        await PageAsync(id, visit, ledger, jobs, feed, time, null, cancel);

    private static async Task<IResult> PageAsync(Guid id, Visit visit, LicenceLedger ledger, JobStore jobs, JobFeed feed, TimeProvider time, Refusal? refusal, CancellationToken cancel)
    {
        if (await ledger.FindAsync(id, visit.Caller, cancel) is not { } licence)
        {
            return visit.Refuse(Refusal.NotFound("licence"));
        }

        var prints = (await jobs.ListOfLicenceAsync(id, 100, cancel)).Where(job => visit.Caller.MaySee(job.OrganisationId) || visit.Caller.MaySee(job.OwnerId)).Select(job => JobRow.Of(JobView.Of(job, feed.Read(job.Id)))).ToList();
        return visit.Show<LicencePage>(
            new LicenceModel(
                Row(licence, visit.Caller, time.GetUtcNow()), LicenceRow.Any(licence.Of(LicenceScope.Quality)), licence.ExposureLimitS, licence.OutageLimitS, LicenceRow.Says(licence.RevocationPolicy),
                licence.AllowScriptStore, licence.AllowNoDeadMan, licence.MaxSlowdownPercent, licence.MaxTemperatureTrimC, licence.GrantedAt, licence.RevokedAt, prints,
                StopsPrints: licence.RevocationPolicy == RevocationPolicy.AtOnce, CanRevoke: licence.RevokedAt is null && visit.Caller.Role == Role.Oem && visit.Caller.OrganisationId == licence.OrganisationId,
                SeesDesign: visit.Caller.MaySee(licence.OrganisationId)), refusal);
    }

    // Who else may print is nobody's business but the owner's.
    private static LicenceRow Row(Licence licence, Caller caller, DateTimeOffset now) =>
        LicenceRow.Of(licence, now) is var row && caller.MaySee(licence.OrganisationId) ? row : row with { For = "your organisation" };

    private static async Task<IResult> NewAsync(Visit visit, DesignLibrary designs, AccountDirectory accounts, LicenceForm form, Refusal? refusal, CancellationToken cancel)
    {
        if (await designs.FindAsync(form.Design, cancel) is not { } design || design.OrganisationId != visit.Caller.OrganisationId)
        {
            return visit.Refuse(Refusal.NotFound("design"));
        }

        var shops = await accounts.ListManufacturersAsync(cancel);
        return visit.Show<NewLicencePage>(
            new NewLicenceModel(form, design.Name, [.. shops.Select(shop => new LicenceShop(shop.Id.ToString("D"), shop.Name))], [.. Material.Names], [.. Quality.Names]), refusal);
    }

    private static async Task<IResult> GrantAsync(HttpContext context, Visit visit, LicenceOffice office, DesignLibrary designs, AccountDirectory accounts, CancellationToken cancel)
    {
        var form = LicenceForm.Read(await context.Request.ReadFormAsync(cancel));
        if (!form.ToRequest().Has(out var request, out var refusal) || !(await office.GrantAsync(request, visit.Caller, cancel)).Has(out var licence, out refusal))
        {
            return await NewAsync(visit, designs, accounts, form, refusal, cancel);
        }

        return Results.Redirect($"/licences/{licence.Id:D}");
    }

    private static async Task<IResult> RevokeAsync(
        Guid id, HttpContext context, Visit visit, LicenceOffice office, LicenceLedger ledger, JobStore jobs, JobFeed feed, TimeProvider time, CancellationToken cancel)
    {
        var reason = (await context.Request.ReadFormAsync(cancel))["reason"].ToString();
        return (await office.RevokeAsync(id, reason, visit.Caller, cancel)).Has(out _, out var refusal)
            ? Results.Redirect($"/licences/{id:D}") : await PageAsync(id, visit, ledger, jobs, feed, time, refusal, cancel);
    }
}

/// <summary>A page of the list.</summary>
public sealed record LicencesModel(IReadOnlyList<LicenceRow> Rows, bool IsOwner, string? Newer, string? Older);

/// <summary>A licence with its terms: limits in s, adjustments in % and °C.</summary>
public sealed record LicenceModel(
    LicenceRow Row, string Qualities, double? ExposureLimitS, double? OutageLimitS, string Policy, bool AllowScriptStore, bool AllowNoDeadMan, double MaxSlowdownPercent, double MaxTemperatureTrimC,
    DateTimeOffset GrantedAt, DateTimeOffset? RevokedAt, IReadOnlyList<JobRow> Jobs, bool StopsPrints, bool CanRevoke, bool SeesDesign)
{
    public IEnumerable<JobRow> Running => Jobs.Where(job => !job.IsFinal);
}

/// <summary>An organisation that could print.</summary>
public sealed record LicenceShop(string Id, string Name);

/// <summary>A licence that is being written.</summary>
public sealed record NewLicenceModel(LicenceForm Form, string Design, IReadOnlyList<LicenceShop> Shops, IReadOnlyList<string> Materials, IReadOnlyList<string> Qualities);

/// <summary>The fields of a new licence, as they were typed.</summary>
public sealed record LicenceForm(
    Guid Design, string Prints, IReadOnlyList<string> Shops, string Printers, string Until, IReadOnlyList<string> Materials, IReadOnlyList<string> Qualities, string Exposure, string Outage, string Policy,
    bool ScriptStore, bool NoDeadMan, string Slowdown, string Trim)
{
    internal static LicenceForm Empty(Guid design) => new(design, "1", [], "", "", [], [], "", "", "at_once", false, false, "20", "5");

    internal static LicenceForm Read(IFormCollection form)
    {
        return new(
            Guid.TryParseExact(form["design"], "D", out var design) ? design : default, Text("prints"), Many("shop"), Text("printers"), Text("until"), Many("material"), Many("quality"), Text("exposure"), Text("outage"),
            Text("policy"), form.ContainsKey("script_store"), form.ContainsKey("no_dead_man"), Text("slowdown"), Text("trim"));

        string Text(string name) => form[name].ToString().Trim();

        List<string> Many(string name) => [.. form[name].Where(value => !string.IsNullOrWhiteSpace(value)).Select(value => value!)];
    }

    internal Outcome<GrantRequest> ToRequest()
    {
        if (!long.TryParse(Prints, NumberStyles.None, CultureInfo.InvariantCulture, out var prints))
        {
            return Unread("prints", Prints, "a whole number");
        }

        var printers = new List<Guid>();
        foreach (var text in Printers.Split([' ', ',', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Guid.TryParseExact(text, "D", out var printer))
            {
                return Unread("printers", text, "the id of a printer");
            }

            printers.Add(printer);
        }

        DateTimeOffset? until = null;
        if (Until.Length > 0)
        {
            if (!DateOnly.TryParseExact(Until, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            {
                return Unread("last day", Until, "a date");
            }

            // The whole day counts, everywhere west of the date line.
            until = new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).AddDays(1.5);
        }

        if (!Number(Exposure, out var exposure) || !Number(Outage, out var outage) || !Number(Slowdown, out var slowdown) || !Number(Trim, out var trim))
        {
            return Unread("limits", string.Join("; ", Exposure, Outage, Slowdown, Trim), "numbers");
        }

        return new GrantRequest(
            Design, prints, Shops, printers, until, Materials, Qualities, exposure, outage, Policy == "finish" ? RevocationPolicy.AfterPrint : RevocationPolicy.AtOnce, ScriptStore, NoDeadMan, slowdown, trim);
    }

    private static bool Number(string text, out double? number)
    {
        number = null;
        if (text.Length == 0)
        {
            return true;
        }

        // "NaN" and "∞" are read as numbers, too.
        var read = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value);
        number = value;
        return read;
    }

    private static Refusal Unread(string field, string typed, string wanted) =>
        Refusal.Invalid("FIELD_UNREADABLE", $"“{(typed.Length > 60 ? typed[..60] + "…" : typed)}” under {field} is not {wanted}.", "Mend it, and send the form again.").With("field", field);
}
