using System.CommandLine;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary><c>touchmark licence</c>.</summary>
internal static class LicenceCommands
{
    public static Command Create() => new("licence", "Licences: who may print a design, how often, until when.")
    {
        Issue(),
        Arguments.Asking("list", "List the licences that you gave or hold.", (engine, _, cancel) => engine.GetAsync("/api/licences", cancel), licences => Screen.Table(licences, "There are no licences yet.",
            new("Design", "design_name"), new("Prints", "prints"), new("Taken", "taken"), new("Expires", "expires_at"), new("Revoked", "revoked_at"), new("Id", "id"))),
        Revoke(),
    };

    private static Command Issue()
    {
        var design = new Option<Guid>("--design") { Description = "The design's id.", Required = true };
        var manufacturers = Many("--manufacturer", "An organisation that may print it, by name or id; repeat for more.");
        var printers = Many("--printer", "A printer that may print it, by id; repeat for more.");
        var prints = new Option<int>("--prints") { Description = "How many prints.", Required = true };
        var expires = new Option<DateTimeOffset?>("--expires") { Description = "Until when, such as 2027-06-30T12:00Z." };
        var materials = Many("--material", "An allowed material, such as PLA; any where none is given.");
        var qualities = Many("--quality", "An allowed quality: draft, standard or fine; any where none is given.");
        var exposure = new Option<double?>("--exposure-limit") { Description = "Most toolpath that may be outside the engine and not yet executed, s of motion." };
        var outage = new Option<double?>("--outage-limit") { Description = "How long the engine may be lost before a print ends, s." };
        var revocation = new Option<string?>("--on-revocation") { Description = "What a revocation does to a running print: at_once (the default) stops it, after_print lets it finish." };
        revocation.AcceptOnlyFromAmong("at_once", "after_print");
        var scriptStore = new Option<bool>("--allow-script-store") { Description = "Print although the printer's Moonraker keeps scripts; the certificate says so." };
        var noDeadMan = new Option<bool>("--allow-no-dead-man") { Description = "Print on a printer without a dead-man timer; the certificate says so." };
        var slowdown = new Option<double?>("--max-slowdown") { Description = "By how much the engine may slow a print that falls behind, 0 to 50 %; 20 without this option." };
        var trim = new Option<double?>("--max-temperature-trim") { Description = "By how much the engine may move a heater's target, 0 to 15 °C; 5 without this option." };
        return Arguments.Asking("issue", "Issue a licence.", (engine, parsed, cancel) => engine.PostAsync("/api/licences", new
        {
            DesignId = parsed.GetValue(design),
            Manufacturers = parsed.GetValue(manufacturers),
            Printers = parsed.GetValue(printers),
            Prints = parsed.GetValue(prints),
            ExpiresAt = parsed.GetValue(expires),
            Materials = parsed.GetValue(materials),
            Qualities = parsed.GetValue(qualities),
            ExposureLimitS = parsed.GetValue(exposure),
            OutageLimitS = parsed.GetValue(outage),
            RevocationPolicy = parsed.GetValue(revocation),
            AllowScriptStore = parsed.GetValue(scriptStore),
            AllowNoDeadMan = parsed.GetValue(noDeadMan),
            MaxSlowdownPercent = parsed.GetValue(slowdown),
            MaxTemperatureTrimC = parsed.GetValue(trim),
        }, cancel), Screen.Facts, design, manufacturers, printers, prints, expires, materials, qualities, exposure, outage, revocation, scriptStore, noDeadMan, slowdown, trim);
    }

    private static Command Revoke()
    {
        var id = Arguments.Id("licence");
        var reason = new Option<string>("--reason") { Description = "Why; it goes into the signed revocation.", Required = true };
        return Arguments.Asking("revoke", "Revoke a licence: no print starts under it any more, and what runs stops unless the licence lets it finish.",
            (engine, parsed, cancel) => engine.PostAsync($"/api/licences/{parsed.GetValue(id)}/revoke", new { Reason = parsed.GetValue(reason) }, cancel), Screen.Facts, id, reason);
    }

    private static Option<string[]> Many(string name, string description) => new(name) { Description = description, DefaultValueFactory = _ => [] };
}
