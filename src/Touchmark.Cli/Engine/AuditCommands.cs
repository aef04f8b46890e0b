using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Touchmark.Cli.Keys;
using Touchmark.Cli.Terminal;
using Touchmark.Evidence.Verification;

namespace Touchmark.Cli.Engine;

/// <summary><c>touchmark audit</c>.</summary>
internal static class AuditCommands
{
    public static Command Create() => new("audit", "The signed record of administrative acts (admins and auditors).") { List(), Save(), Check() };

    private static Command List()
    {
        var before = new Option<long?>("--before") { Description = "Show records before this number." };
        var subject = new Option<string?>("--subject") { Description = "Show what was done to one thing, such as licence/ID." };
        (string Name, Option<string?> Option)[] filters =
        [
            ("subject", subject), ("act", new("--act") { Description = "Show acts of one kind, such as licence.revoked." }), ("actor", new("--actor") { Description = "Show what one person did, by e-mail address, or one actor, such as account/ID." }),
            ("from", new("--from") { Description = "Show acts of then or later, such as 2026-05-01T00:00Z." }), ("to", new("--to") { Description = "Show acts before then." }),
        ];
        var limit = new Option<int?>("--limit") { Description = "How many, at most 500; 100 without this option." };
        return Arguments.Asking("list", "List administrative acts, newest first.", (engine, parsed, cancel) => engine.GetAsync(
            $"/api/audit?limit={parsed.GetValue(limit) ?? 100}&before={parsed.GetValue(before) ?? long.MaxValue}"
            + string.Concat(filters.Where(filter => parsed.GetValue(filter.Option) is not null).Select(filter => $"&{filter.Name}={Uri.EscapeDataString(parsed.GetValue(filter.Option)!)}")), cancel),
            Show, [before, .. filters.Select(filter => filter.Option), limit]);
    }

    private static void Show(JsonElement page)
    {
        Screen.Table(page.GetProperty("records"), "There are no records.",
            new("Number", "number"), new("At", "at"), new("Who", "actor_email"), new("By", "actor"), new("Act", "act"), new("To", "subject"), new("Outcome", "outcome"));
        if (page.TryGetProperty("next", out var next) && next.ValueKind == JsonValueKind.Number)
        {
            Screen.Line($"Older ones: touchmark audit list --before {next}");
        }
    }

    private static Command Save()
    {
        var number = new Argument<long>("number") { Description = "The record's number." };
        var file = new Argument<FileInfo>("file") { Description = "Where to write its statement, for touchmark verify." };
        var command = new Command("save", "Write the signed statement of one record to a file.") { number, file };
        command.SetAction(async (parsed, cancel) =>
        {
            using var engine = EngineClient.SignedIn();
            await File.WriteAllBytesAsync(parsed.GetValue(file)!.FullName, await engine.GetBytesAsync($"/api/audit/{parsed.GetValue(number)}/statement", "application/cose", cancel), cancel);
            return 0;
        });
        return command;
    }

    private static Command Check()
    {
        var command = new Command("check", "Fetch every record, and check each signature with the pinned keys and that none is missing, altered or exchanged.");
        command.SetAction(async (_, cancel) =>
        {
            using var engine = EngineClient.SignedIn();
            var chain = new AuditChain(PinnedTrust.Load(), TimeProvider.System.GetUtcNow());
            for (long? after = 0; after is not null;)
            {
                var page = await engine.GetAsync(string.Create(CultureInfo.InvariantCulture, $"/api/audit?after={after}&limit=500&statements=true"), cancel);
                foreach (var record in page.GetProperty("records").EnumerateArray())
                {
                    if (chain.Add(record.GetProperty("statement").GetBytesFromBase64()) is { } problem)
                    {
                        throw new CliFailure($"NOT IN ORDER: {problem}", "compare with an earlier copy of the records, and ask the engine's operator");
                    }
                }

                after = page.TryGetProperty("next", out var next) && next.ValueKind == JsonValueKind.Number ? next.GetInt64() : null;
            }

            Screen.Line($"IN ORDER: {chain.Length} records, each signed and bound to the one before. Whether later ones were cut off, this cannot tell: remember the number.");
            return 0;
        });
        return command;
    }
}
