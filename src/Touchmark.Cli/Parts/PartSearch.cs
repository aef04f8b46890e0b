using System.CommandLine;
using System.Text.Json;
using Touchmark.Cli.Engine;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Parts;

/// <summary><c>touchmark part search</c>, <c>touchmark part origin</c>: from what made parts to the parts, and back.</summary>
internal static class PartSearch
{
    public static Command Create()
    {
        var filters = new (string Name, Option<string?> Option)[]
        {
            ("design", Filter("--design", "Parts of this design, by id.")), ("licence", Filter("--licence", "Parts printed under this licence, by id.")),
            ("printer", Filter("--printer", "Parts of this printer, by id.")), ("material", Filter("--material", "Parts of this material, such as PLA.")),
            ("material_lot", Filter("--lot", "Parts of this batch of material.")), ("gtin", Filter("--gtin", "Parts of the product with this GTIN.")), ("from", Filter("--from", "Parts whose print ended then or later, such as 2026-05-01T00:00Z.")),
            ("to", Filter("--to", "Parts whose print ended then or earlier.")), ("after", Filter("--after", "The next page: what the page before said.")),
        };
        return Arguments.Asking("search", "Find the parts that a machine, material lot, licence or design made; newest first.", (engine, parsed, cancel) => engine.GetAsync(
            "/api/parts?" + string.Join('&', filters.Where(filter => parsed.GetValue(filter.Option) is not null).Select(filter => $"{filter.Name}={Uri.EscapeDataString(parsed.GetValue(filter.Option)!)}")), cancel),
            Show, [.. filters.Select(filter => filter.Option)]);
    }

    /// <summary>Everything that made a part.</summary>
    public static Command Origin() => PartArguments.Asking("origin", "Show everything that made a part: design, licence, slice, printer and its enrolment, job, material lot, with their places in the log.",
        (engine, part, _, cancel) => engine.GetAsync($"/api/parts/{part.Value}/origin", cancel), origin =>
        {
            Screen.Facts(origin.GetProperty("facts"));
            Screen.Table(origin.GetProperty("statements"), "There are no statements.", new("Statement", "what"), new("In the log at", "log_index"), new("SHA-256", "sha256"));
        });

    private static void Show(JsonElement page)
    {
        Screen.Table(page.GetProperty("parts"), "There are no such parts, or they are not yours to see.",
            new("Part", "id"), new("Design", "design"), new("Printer", "printer"), new("Material", "material"), new("Lot", "material_lot"), new("Made", "made_at"), new("Standing", "standing"));
        if (Screen.Text(page, "next") is { Length: > 0 } next)
        {
            Screen.Line($"More: the same command with --after {next}");
        }
    }

    private static Option<string?> Filter(string name, string description) => new(name) { Description = description };
}
