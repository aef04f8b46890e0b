using System.CommandLine;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary><c>touchmark certificate</c>.</summary>
internal static class CertificateCommands
{
    public static Command Create() => new("certificate", "Print certificates.")
    {
        Arguments.Asking("list", "List the certificates that you may see.", (engine, _, cancel) => engine.GetAsync("/api/certificates", cancel), rows => Screen.Table(rows, "There are no certificates yet.",
            new("Part", "part"), new("Printer", "printer"), new("Result", "result"), new("Issued", "issued_at"), new("Id", "id"))),
        Show(),
        Get(),
    };

    private static Command Show()
    {
        var id = Arguments.Id("certificate");
        return Arguments.Asking("show", "Show what a certificate says.", (engine, parsed, cancel) => engine.GetAsync($"/api/certificates/{parsed.GetValue(id)}", cancel), Screen.Facts, id);
    }

    private static Command Get()
    {
        var id = Arguments.Id("certificate");
        var output = new Option<FileInfo>("--output") { Description = "Where to write the evidence file.", Required = true };
        var command = new Command("get", "Fetch a certificate's evidence file, to keep and to verify offline.") { id, output };
        command.SetAction(async (parsed, cancel) =>
        {
            using var engine = EngineClient.SignedIn();
            var bytes = await engine.GetBytesAsync($"/api/certificates/{parsed.GetValue(id)}", "application/cbor", cancel);
            var file = parsed.GetValue(output)!;
            await File.WriteAllBytesAsync(file.FullName, bytes, cancel);
            Screen.Line($"Wrote {bytes.Length} bytes to {file}. Check them with: touchmark verify {file}");
            return 0;
        });
        return command;
    }
}
