using System.CommandLine;
using Touchmark.Cli.Engine;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Labels;

/// <summary><c>touchmark part label</c>.</summary>
internal static class LabelCommand
{
    public static Command Create()
    {
        var ids = new Argument<string[]>("id") { Description = "The parts' ids, in the order of their labels.", Arity = ArgumentArity.OneOrMore };
        var output = new Option<FileInfo>("--output") { Description = "Where to write the PDF.", Required = true };
        var sheet = new Option<string>("--sheet") { Description = "single (a page of 70 × 37 mm for each), a4 (24 on a sheet) or letter (30 on a sheet).", DefaultValueFactory = _ => "single" };
        var skip = new Option<int>("--skip") { Description = "Labels of the first sheet that were used before." };
        var command = new Command("label", "Print labels: a QR code that leads to the part, and its id.") { ids, output, sheet, skip };
        command.SetAction(async (parsed, cancel) =>
        {
            using var engine = EngineClient.SignedIn();
            var bytes = await engine.PostForBytesAsync("/api/labels", new { Parts = parsed.GetValue(ids), Sheet = parsed.GetValue(sheet), Skip = parsed.GetValue(skip) }, cancel);
            var file = parsed.GetValue(output)!;
            await File.WriteAllBytesAsync(file.FullName, bytes, cancel);
            Screen.Line($"Wrote {file}. Print it at 100 %, without fitting it to the page.");
            return 0;
        });
        return command;
    }
}
