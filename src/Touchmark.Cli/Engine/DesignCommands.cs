using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary><c>touchmark design</c>.</summary>
internal static class DesignCommands
{
    public static Command Create() => new("design", "Designs: upload, list, and name their products.")
    {
        Upload(),
        Picture(),
        Arguments.Asking("list", "List your designs.", (engine, _, cancel) => engine.GetAsync("/api/designs", cancel), designs => Screen.Table(designs, "There are no designs yet.",
            new("Name", "name"), new("Format", "format"), new("Bytes", "bytes"), new("GTIN", "gtin"), new("Uploaded", "created_at"), new("Id", "id"))),
        Show(),
        Gtin(),
    };

    private static Command Show()
    {
        var id = Arguments.Id("design");
        return Arguments.Asking("show", "Show one design.", (engine, parsed, cancel) => engine.GetAsync($"/api/designs/{parsed.GetValue(id)}", cancel), Screen.Facts, id);
    }

    private static Command Picture()
    {
        var id = Arguments.Id("design");
        var output = new Option<FileInfo>("--output") { Description = "Where the PNG goes.", Required = true };
        var command = new Command("picture", "Keep the small picture of a design: of one of yours, or of one that you can print.") { id, output };
        command.SetAction(async (parsed, cancel) =>
        {
            using var engine = EngineClient.SignedIn();
            await File.WriteAllBytesAsync(parsed.GetValue(output)!.FullName, await engine.GetBytesAsync($"/api/designs/{parsed.GetValue(id)}/picture", "image/png", cancel), cancel);
            return 0;
        });
        return command;
    }

    private static Command Gtin()
    {
        var id = Arguments.Id("design");
        var gtin = new Argument<string>("gtin") { Description = "8, 12, 13 or 14 digits, as under the product's bar code." };
        return Arguments.Asking("gtin", "Give a design the GTIN of its product. Parts that are printed from now on bear it.",
            (engine, parsed, cancel) => engine.PutAsync($"/api/designs/{parsed.GetValue(id)}/gtin", new { Gtin = parsed.GetValue(gtin) }, cancel), Screen.Facts, id, gtin);
    }

    private static Command Upload()
    {
        var file = new Argument<FileInfo>("file") { Description = "An STL or 3MF model." };
        var name = new Option<string>("--name") { Description = "What the part is called; the file's name otherwise." };
        var description = new Option<string>("--description") { Description = "A line about the part." };
        return Arguments.Asking("upload", "Upload a model. The engine seals it; nobody can download it again. What broke off goes on when the command is given again within a day.",
            (engine, parsed, cancel) => UploadAsync(engine, parsed.GetValue(file)!, parsed.GetValue(name), parsed.GetValue(description), cancel), Screen.Facts, file, name, description);
    }

    private static async Task<JsonElement> UploadAsync(EngineClient engine, FileInfo file, string? name, string? description, CancellationToken cancel)
    {
        FileStream model;
        try
        {
            model = file.OpenRead();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure($"the model {file.Name} cannot be read.", "check its path and permissions", exitCode: 2);
        }

        await using (model)
        {
            var sending = new PiecewiseUpload(engine, model, name ?? Path.GetFileNameWithoutExtension(file.Name), description ?? "");
            return !Screen.IsTerminal ? await sending.SendAsync(_ => { }, cancel)
                : await AnsiConsole.Progress().StartAsync(async progress =>
                {
                    var task = progress.AddTask(string.Create(CultureInfo.InvariantCulture, $"uploading {model.Length / 1e6:0.0} MB"));
                    return await sending.SendAsync(share => task.Value = share * 100, cancel);
                });
        }
    }
}
