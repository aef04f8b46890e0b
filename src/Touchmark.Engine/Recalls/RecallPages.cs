using System.Globalization;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Recalls;

/// <summary>The pages of recalls: the list, a new one, and one with the parts that it reaches and who has them.</summary>
internal static class RecallPages
{
    private const int Rows = 100;

    public static void MapRecallPages(this WebApplication app)
    {
        var pages = app.MapPagesFor(Role.Oem, Role.Admin, Role.Auditor);
        pages.MapGet("/recalls", async (Visit visit, RecallDesk desk, CancellationToken cancel) =>
            visit.Show<RecallsPage>(new RecallsModel([.. (await desk.ListAsync(visit.Caller, cancel)).Select(RecallLine.Of)], Recalls(visit.Caller))));
        pages.MapGet("/recalls/{id:guid}", ShowAsync);
        var owners = app.MapPagesFor(Role.Oem, Role.Admin);
        owners.MapGet("/recalls/new", (string? design, string? licence, string? printer, Visit visit) => visit.Show<NewRecallPage>(new RecallForm("", design ?? "", licence ?? "", printer ?? "", "", "", "")));
        owners.MapPost("/recalls/new", async (HttpContext http, Visit visit, RecallDesk desk, CancellationToken cancel) =>
        {
            var form = RecallForm.Read(await http.Request.ReadFormAsync(cancel));
            return form.ToRequest().Has(out var request, out var refusal) && (await desk.CallAsync(request, visit.Caller, cancel)).Has(out var made, out refusal)
                ? Results.Redirect($"/recalls/{made.Recall.Id:D}") : visit.Show<NewRecallPage>(form, refusal);
        }).AsForm();
    }

    private static async Task<IResult> ShowAsync(Guid id, string? after, Visit visit, RecallDesk desk, CancellationToken cancel)
    {
        if (await desk.FindAsync(id, visit.Caller, cancel) is not { } recall)
        {
            return visit.Refuse(Refusal.NotFound("recall"));
        }

        var parts = await desk.PartsAsync(id, after?.Replace("-", "", StringComparison.Ordinal), Rows + 1, cancel);
        return visit.Show<RecallPage>(new RecallModel(
            RecallLine.Of(recall.Recall), recall.Covered, recall.Entered, recall.Sha256, [.. parts.Take(Rows).Select(RecalledLine.Of)],
            after is null ? null : $"/recalls/{id:D}", parts.Count > Rows ? $"/recalls/{id:D}?after={parts[Rows - 1].Id}" : null));
    }

    private static bool Recalls(Caller caller) => caller.Role is Role.Oem or Role.Admin;
}

/// <summary>A recall in a list.</summary>
/// <param name="Id">Its id.</param>
/// <param name="By">The organisation that called for it.</param>
/// <param name="At">When.</param>
/// <param name="Reason">What is wrong and what to do.</param>
/// <param name="Which">Which parts.</param>
/// <param name="FinishedAt">Since when the histories of all parts that were there say so; null while they are being written.</param>
public sealed record RecallLine(Guid Id, string By, DateTimeOffset At, string Reason, string Which, DateTimeOffset? FinishedAt)
{
    internal static RecallLine Of(RecallSummary recall) => new(recall.Id, recall.By, recall.At, recall.Reason, Scope(recall), recall.FinishedAt);

    private static string Scope(RecallSummary recall) => string.Join(", ", new[]
    {
        recall.DesignId is { } design ? $"design {design:D}" : null, recall.LicenceId is { } licence ? $"licence {licence:D}" : null, recall.PrinterId is { } printer ? $"printer {printer:D}" : null,
        recall.Material, recall.PrintedFrom is { } from ? $"printed from {Say.Time(from)}" : null, recall.PrintedTo is { } to ? $"printed to {Say.Time(to)}" : null,
    }.Where(words => words is not null));
}

/// <summary>The list.</summary>
public sealed record RecallsModel(IReadOnlyList<RecallLine> Rows, bool CanMake);

/// <summary>One recall, with a page of the parts that it reaches.</summary>
public sealed record RecallModel(RecallLine Line, long Covered, long Entered, string Sha256, IReadOnlyList<RecalledLine> Parts, string? Newer, string? Older);

/// <summary>A part that is recalled, and who has it: all that is known of them.</summary>
public sealed record RecalledLine(string Id, string? Holder, string? Who, string? InstalledInto, string Standing, string Tone)
{
    internal static RecalledLine Of(RecalledPart part) => new(
        part.Id, part.Holder, part.Role is { } role ? $"{CustodianAdmission.NameOf(role)}, {part.Region}" : null, part.InstalledInto,
        part.Scrapped ? "scrapped" : part.Recalled ? "recalled" : "in use again", part.Scrapped ? "quiet" : part.Recalled ? "bad" : "good");
}

/// <summary>A recall that is being written, as it was typed.</summary>
public sealed record RecallForm(string Reason, string Design, string Licence, string Printer, string Material, string From, string To)
{
    internal static RecallForm Read(IFormCollection form)
    {
        return new(Text("reason"), Text("design"), Text("licence"), Text("printer"), Text("material"), Text("from"), Text("to"));

        string Text(string name) => form[name].ToString().Trim();
    }

    internal Outcome<NewRecall> ToRequest()
    {
        if (!Id(Design, out var design) || !Id(Licence, out var licence) || !Id(Printer, out var printer))
        {
            return Refusal.Invalid("FIELD_UNREADABLE", "The id of a design, licence or printer cannot be read.", "Copy it from the address of its page, or leave the field empty.");
        }

        if (!Day(From, 0, out var from) || !Day(To, 1, out var to))
        {
            return Refusal.Invalid("FIELD_UNREADABLE", "A day is not a date.", "Write days as 2026-05-31.");
        }

        return Reason.Length == 0 ? Refusal.Invalid("FIELD_UNREADABLE", "There is no reason.", "Say what is wrong and what to do: everybody who has such a part reads it.")
            : new NewRecall(Reason, design, licence, printer, from, to, Material.Length > 0 ? Material : null);
    }

    private static bool Id(string typed, out Guid? id)
    {
        id = Guid.TryParseExact(typed, "D", out var read) ? read : null;
        return id is not null || typed.Length == 0;
    }

    /// <summary>The beginning of a day, or of one that follows it.</summary>
    private static bool Day(string typed, int later, out DateTimeOffset? time)
    {
        var read = DateOnly.TryParseExact(typed, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is > 1 and < 9999;
        time = read ? new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).AddDays(later) : null;
        return read || typed.Length == 0;
    }
}
