using System.Globalization;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Custody;
using Touchmark.Engine.Gs1;
using Touchmark.Engine.Labels;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Verification;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Parts;

/// <summary>The pages of parts: the list with its search, one part with everything that made it and its history, labels, and invitations to custodians.</summary>
internal static class PartPages
{
    private const int Rows = 50;

    public static void MapPartPages(this WebApplication app)
    {
        var pages = app.MapPagesFor(Role.Oem, Role.Manufacturer, Role.Operator, Role.Auditor, Role.Admin);
        pages.MapGet("/parts", ListAsync);
        pages.MapGet("/parts/{id}", (string id, Visit visit, PartDesk desk, CancellationToken cancel) => ShowAsync(id, visit, desk, null, null, cancel));
        pages.MapPost("/parts/labels", LabelsAsync).AsForm();
        app.MapPagesFor(Role.Manufacturer, Role.Operator, Role.Oem, Role.Admin).MapPost("/parts/{id}/invitations", InviteAsync).AsForm();
    }

    private static async Task<IResult> ListAsync([AsParameters] PartQuery query, Visit visit, PartSearch search, CancellationToken cancel)
    {
        var asked = (query.Q ?? "").Trim();
        if (asked.Length > 0 && Gtin.Parse(asked).Has(out var gtin, out _))
        {
            return await PageAsync(query, new PartFilter { Gtin = gtin.Value }, visit, search, null, cancel);
        }

        // What is typed or scanned is a part, a product, or a batch of material.
        if (asked.Length > 0 && PartQuestion.Read(asked).Has(out var id, out _) && Evidence.Parts.PartId.TryParse(id, out var part, out _))
        {
            return Results.Redirect($"/parts/{part.Value}");
        }

        return query.ToFilter().Has(out var filter, out var refusal)
            ? await PageAsync(query, filter with { MaterialLot = asked.Length > 0 ? asked : null }, visit, search, null, cancel) : await PageAsync(query, new PartFilter(), visit, search, refusal, cancel);
    }

    private static async Task<IResult> PageAsync(PartQuery query, PartFilter filter, Visit visit, PartSearch search, Refusal? refusal, CancellationToken cancel)
    {
        if (!(await search.FindAsync(filter with { After = query.After, Limit = Rows }, visit.Caller, cancel)).Has(out var page, out var wrong))
        {
            (page, refusal) = (new PartPage([], null), wrong);
        }

        var older = page.Next is { } next ? query.Address(next) : null;
        return visit.Show<PartsPage>(new PartsModel(query, [.. page.Parts.Select(PartRow.Of)], query.After is null ? null : query.Address(null), older, query.IsEmpty), refusal);
    }

    private static async Task<IResult> ShowAsync(string id, Visit visit, PartDesk desk, PartInvitation? invitation, Refusal? problem, CancellationToken cancel) =>
        (await desk.ReadAsync(id, visit.Caller, cancel)).Has(out var model, out var refusal) ? visit.Show<PartFactsPage>(model with { Invitation = invitation }, problem) : visit.Refuse(refusal);

    private static async Task<IResult> InviteAsync(string id, HttpContext http, Visit visit, PartRegistry parts, CustodianDesk custodians, PartDesk desk, CancellationToken cancel)
    {
        if (!(await parts.OwnAsync(id, visit.Caller, cancel)).Has(out var part, out var refusal))
        {
            return visit.Refuse(refusal);
        }

        var role = (await http.Request.ReadFormAsync(cancel))["role"].ToString();
        if (!Enum.GetValues<CustodianRole>().Any(known => CustodianAdmission.NameOf(known) == role))
        {
            return await ShowAsync(id, visit, desk, null, Refusal.Invalid("FIELD_UNREADABLE", "No role was chosen.", "Choose what the invitation lets somebody be."), cancel);
        }

        return (await custodians.InviteAsync(part, Enum.Parse<CustodianRole>(role, ignoreCase: true), visit.Caller, cancel)).Has(out var made, out refusal)
            ? await ShowAsync(id, visit, desk, new PartInvitation(made.Code, role, made.ExpiresAt), null, cancel) : await ShowAsync(id, visit, desk, null, refusal, cancel);
    }

    private static async Task<IResult> LabelsAsync(HttpContext http, Visit visit, LabelOffice office, PartSearch search, CancellationToken cancel)
    {
        var form = await http.Request.ReadFormAsync(cancel);
        List<string> chosen = [.. form["part"].Where(id => id is not null).Select(id => id!)];
        var sheet = LabelSheet.All.FirstOrDefault(sheet => sheet.Name == form["sheet"]) ?? LabelSheet.Single;
        var skip = int.TryParse(form["skip"], NumberStyles.None, CultureInfo.InvariantCulture, out var places) ? places : 0;
        return (await office.PrintAsync(chosen, sheet, skip, visit.Caller, cancel)).Has(out var pdf, out var refusal)
            ? Results.Bytes(pdf, "application/pdf", "labels.pdf") : await PageAsync(new PartQuery(), new PartFilter(), visit, search, chosen.Count > 0 ? refusal : NoneChosen, cancel);
    }

    private static Refusal NoneChosen => Refusal.Invalid("LABEL_COUNT", "No part was chosen.", "Tick the parts whose labels are to be printed.");
}

/// <summary>What parts are looked for, as it was typed.</summary>
public sealed record PartQuery
{
    public string? Q { get; init; }

    public string? Material { get; init; }

    public string? From { get; init; }

    public string? To { get; init; }

    public string? Design { get; init; }

    public string? Licence { get; init; }

    public string? Printer { get; init; }

    public string? After { get; init; }

    internal bool IsEmpty => new[] { Q, Material, From, To, Design, Licence, Printer, After }.All(string.IsNullOrWhiteSpace);

    internal Outcome<PartFilter> ToFilter()
    {
        DateTimeOffset? from = null, to = null;
        if (!Day(From, 0, ref from) || !Day(To, 1, ref to))
        {
            return Refusal.Invalid("FIELD_UNREADABLE", "A day is not a date.", "Write days as 2026-05-31.");
        }

        if (!Id(Design, out var design) || !Id(Licence, out var licence) || !Id(Printer, out var printer))
        {
            return Refusal.Invalid("FIELD_UNREADABLE", "The id of a design, licence or printer cannot be read.", "Follow a link to this page again.");
        }

        return new PartFilter { Design = design, Licence = licence, Printer = printer, Material = string.IsNullOrWhiteSpace(Material) ? null : Material.Trim(), From = from, To = to };
    }

    /// <summary>The same question, from another place in the list on.</summary>
    internal string Address(string? after)
    {
        (string Name, string? Value)[] fields = [("q", Q), ("material", Material), ("from", From), ("to", To), ("design", Design), ("licence", Licence), ("printer", Printer), ("after", after)];
        var asked = fields.Where(field => !string.IsNullOrWhiteSpace(field.Value)).Select(field => $"{field.Name}={Uri.EscapeDataString(field.Value!)}").ToList();
        return asked.Count > 0 ? "/parts?" + string.Join('&', asked) : "/parts";
    }

    private static bool Day(string? typed, int days, ref DateTimeOffset? time)
    {
        if (string.IsNullOrWhiteSpace(typed))
        {
            return true;
        }

        var read = DateOnly.TryParseExact(typed, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is > 1 and < 9999;
        time = read ? new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).AddDays(days) : null;
        return read;
    }

    private static bool Id(string? typed, out Guid? id)
    {
        id = Guid.TryParseExact(typed, "D", out var read) ? read : null;
        return id is not null || string.IsNullOrWhiteSpace(typed);
    }
}

/// <summary>A part in a list.</summary>
public sealed record PartRow(string Id, string Design, string Printer, string Material, string? Lot, DateTimeOffset MadeAt, string Standing, string Tone)
{
    internal static PartRow Of(FoundPart part) => new(part.Id, part.Design, part.Printer, part.Material, part.MaterialLot, part.MadeAt, Say(part.Standing), ToneOf(part.Standing));

    internal static string Say(string standing) => standing == "unknown" ? "not entered yet" : standing;

    internal static string ToneOf(string standing) => standing switch
    {
        "recalled" => "bad",
        "scrapped" => "caution",
        "held" or "installed" => "good",
        _ => "quiet",
    };
}

/// <summary>A page of the list.</summary>
public sealed record PartsModel(PartQuery Query, IReadOnlyList<PartRow> Rows, string? Newer, string? Older, bool IsWhole);
