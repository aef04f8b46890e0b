using System.CommandLine;
using System.Text.Json;
using Touchmark.Cli.Engine;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Parts;

/// <summary><c>touchmark recall</c>.</summary>
internal static class RecallCommands
{
    public static Command Create() => new("recall", "Recalls: call parts back, and see who has them (owners of designs, admins; auditors look).")
    {
        Make(),
        Arguments.Asking("list", "List the recalls that you may see.", (engine, _, cancel) => engine.GetAsync("/api/recalls", cancel), recalls => Screen.Table(recalls, "There are no recalls.",
            new("At", "at"), new("By", "by"), new("Reason", "reason"), new("Entered", "finished_at"), new("Id", "id"))),
        Show(),
        Parts(),
    };

    private static Command Make()
    {
        var reason = new Option<string>("--reason") { Description = "What is wrong and what to do; everybody who has such a part reads it.", Required = true };
        var design = new Option<Guid?>("--design") { Description = "Parts of this design." };
        var licence = new Option<Guid?>("--licence") { Description = "Parts printed under this licence: a batch." };
        var printer = new Option<Guid?>("--printer") { Description = "Parts of this printer." };
        var material = new Option<string?>("--material") { Description = "Parts of this material, such as PLA." };
        var from = new Option<DateTimeOffset?>("--from") { Description = "Parts whose print ended then or later, such as 2026-05-01T00:00Z." };
        var to = new Option<DateTimeOffset?>("--to") { Description = "Parts whose print started then or earlier." };
        return Arguments.Asking("make", "Recall the parts that fit all that is named, and those that are printed later.", (engine, parsed, cancel) => engine.PostAsync("/api/recalls", new
        {
            Reason = parsed.GetValue(reason),
            DesignId = parsed.GetValue(design),
            LicenceId = parsed.GetValue(licence),
            PrinterId = parsed.GetValue(printer),
            Material = parsed.GetValue(material),
            PrintedFrom = parsed.GetValue(from),
            PrintedTo = parsed.GetValue(to),
        }, cancel), made => Screen.Line(
            $"Recalled {Screen.Text(made, "covered")} parts. Their histories follow in the background. Who has them: touchmark recall parts {Screen.Text(made, "recall.id")}"), reason, design, licence, printer, material, from, to);
    }

    private static Command Show()
    {
        var id = Arguments.Id("recall");
        return Arguments.Asking("show", "Show a recall, how many parts it covers, and how many histories say so.", (engine, parsed, cancel) => engine.GetAsync($"/api/recalls/{parsed.GetValue(id)}", cancel), Screen.Facts, id);
    }

    private static Command Parts()
    {
        var id = Arguments.Id("recall");
        var after = new Option<string?>("--after") { Description = "The next page: what the page before said." };
        return Arguments.Asking("parts", "List the parts that a recall covers and who has them, by pseudonym, role and region.",
            (engine, parsed, cancel) => engine.GetAsync($"/api/recalls/{parsed.GetValue(id)}/parts?limit=500&after={parsed.GetValue(after)}", cancel), ShowParts, id, after);
    }

    private static void ShowParts(JsonElement page)
    {
        Screen.Table(page.GetProperty("parts"), "It covers no part so far.",
            new("Part", "id"), new("Holder", "holder"), new("Role", "role"), new("Region", "region"), new("Installed into", "installed_into"), new("Recalled", "recalled"), new("Scrapped", "scrapped"));
        if (Screen.Text(page, "next") is { Length: > 0 } next)
        {
            Screen.Line($"More: the same command with --after {next}");
        }
    }
}
