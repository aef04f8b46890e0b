using System.CommandLine;
using System.Text.Json;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary><c>touchmark printer</c>.</summary>
internal static class PrinterCommands
{
    public static Command Create() => new("printer", "Printers: enrol and list.")
    {
        Arguments.Asking("pair", "Get a pairing code, good once and for ten minutes.", (engine, _, cancel) => engine.PostAsync("/api/pairing-codes", null, cancel), ShowCode),
        Arguments.Asking("list", "List your printers.", (engine, _, cancel) => engine.GetAsync("/api/printers", cancel), printers => Screen.Table(printers, "No printer is enrolled yet.",
            new("Name", "name"), new("Model", "model"), new("Firmware", "firmware"), new("Enrolled", "enrolled_at"), new("Id", "id"))),
        Show(),
    };

    private static Command Show()
    {
        var id = Arguments.Id("printer");
        return Arguments.Asking("show", "Show one printer.", (engine, parsed, cancel) => engine.GetAsync($"/api/printers/{parsed.GetValue(id)}", cancel), Screen.Facts, id);
    }

    private static void ShowCode(JsonElement code)
    {
        Screen.Line($"Pairing code {Screen.Text(code, "code")}, good until {Screen.Text(code, "expires_at")}. On the PC beside the printer:");
        Screen.Line($"  touchmark-gateway enrol --engine {Home.Session().Engine} --code {Screen.Text(code, "code")} --printer http://PRINTER:7125");
    }
}

/// <summary><c>touchmark catalogue</c>.</summary>
internal static class CatalogueCommand
{
    public static Command Create() => Arguments.Asking("catalogue", "List what you may print.", (engine, _, cancel) => engine.GetAsync("/api/catalogue", cancel), rows => Screen.Table(rows,
        "No design is licensed to you yet.", new("Part", "name"), new("From", "owner"), new("Prints left", "left"), new("Until", "expires_at"), new("Licence", "licence_id")));
}
