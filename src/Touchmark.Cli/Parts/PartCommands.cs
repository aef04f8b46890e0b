using System.CommandLine;
using System.Text.Json;
using Touchmark.Cli.Labels;
using Touchmark.Cli.Terminal;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;

namespace Touchmark.Cli.Parts;

/// <summary><c>touchmark part</c>: look parts up, and write their history.</summary>
internal static class PartCommands
{
    public static Command Create() => new("part", "Printed parts: look them up, and say what happens to them, signed with your own keys.")
    {
        PartArguments.Asking("show", "Show a part: what it is and where its history stands.", (engine, part, _, cancel) => engine.GetAsync($"/api/parts/{part.Value}", cancel), Screen.Facts),
        PartArguments.Asking("events", "Show what happened to a part, and who says so.", (engine, part, _, cancel) => engine.GetAsync($"/api/parts/{part.Value}/events", cancel), ShowHistory),
        Fetch("evidence", "Write the part's evidence file, which verifies offline: touchmark verify FILE.", EvidenceFile.MediaType, file => $"Wrote {file}. Check it with: touchmark verify {file}"),
        Fetch("epcis", "Write the part's history as an EPCIS 2.0 document, for other systems.", "application/ld+json", file => $"Wrote {file}."),
        PartSearch.Create(),
        PartSearch.Origin(),
        LabelCommand.Create(),
        Invite(),
        Say("manufactured", "Begin the history of a part: its manufacturer.", _ => new(CustodyEventKind.Manufactured)),
        Transfer(),
        Say("receive", "Say that you have received a part that was offered to you: from then on it is yours.", _ => new(CustodyEventKind.Received)),
        Install(),
        WithReason("remove", "Say that a part was taken out of what it was built into.", CustodyEventKind.Removed),
        Inspect(),
        Say("maintain", "Say that a part was maintained.", _ => new(CustodyEventKind.Maintained)),
        WithReason("scrap", "Say that a part was scrapped. Nothing can be said of it after that.", CustodyEventKind.Scrapped),
    };

    private static void ShowHistory(JsonElement history)
    {
        Screen.Facts(history.GetProperty("part"));
        Screen.Table(history.GetProperty("custodians"), "Nobody has been admitted to the part yet.",
            new("Custodian", "pseudonym"), new("Role", "role"), new("Region", "region"), new("Admitted", "admitted_at"));
        Screen.Table(history.GetProperty("events"), "Nothing has been written about the part since it was printed.",
            new("", "number"), new("When", "at"), new("What", "kind"), new("Custodian", "custodian"), new("To", "to"), new("Into", "into"), new("Outcome", "outcome"), new("Reason", "reason"), new("Note", "note"));
        Screen.Line("This is the engine's word. To check it: touchmark part evidence PART FILE, then touchmark verify FILE");
    }

    /// <summary>A command that writes what the engine has of a part under this name to a file.</summary>
    private static Command Fetch(string name, string description, string mediaType, Func<FileInfo, string> said)
    {
        var part = PartArguments.Part();
        var engine = PartArguments.Engine();
        var file = new Argument<FileInfo>("file") { Description = "Where to write it." };
        var command = new Command(name, description) { part, file, engine };
        command.SetAction(async (parsed, cancel) =>
        {
            using var client = PartArguments.Open(parsed, engine);
            var id = PartArguments.Id(parsed, part);
            var output = parsed.GetValue(file)!;
            await File.WriteAllBytesAsync(output.FullName, await client.GetBytesAsync($"/api/parts/{id.Value}/{name}", mediaType, cancel), cancel);
            Screen.Line(said(output));
            return 0;
        });
        return command;
    }

    private static Command Invite()
    {
        var role = CustodianCommands.Role();
        return PartArguments.Asking("invite", "Make a one-time code that lets somebody become a custodian of this part: whoever printed it, the owner of its design, or an admin.",
            (engine, part, parsed, cancel) => engine.PostAsync($"/api/parts/{part.Value}/invitations", new { Role = parsed.GetValue(role) }, cancel),
            made => Screen.Line($"{Screen.Text(made, "code")} lets one {Screen.Text(made, "role")} in until {Screen.Text(made, "expires_at")}. It is shown once."), role);
    }

    private static Command Transfer()
    {
        var to = new Option<string>("--to") { Description = "The pseudonym that the receiver has under this part (touchmark custodian show PART); your own takes an offer back.", Required = true };
        return Say("transfer", "Offer a part to somebody; it stays yours until they receive it.", parsed => new(CustodyEventKind.Transferred) { To = parsed.GetValue(to)!.ToUpperInvariant() }, to);
    }

    private static Command Install()
    {
        var into = new Option<string>("--into") { Description = "What it was built into.", Required = true };
        return Say("install", "Say that a part was built into something.", parsed => new(CustodyEventKind.Installed) { Into = parsed.GetValue(into) }, into);
    }

    private static Command Inspect()
    {
        var outcome = new Option<string>("--outcome") { Description = "passed or failed.", Required = true };
        outcome.AcceptOnlyFromAmong("passed", "failed");
        return Say("inspect", "Say what came of an inspection.",
            parsed => new(CustodyEventKind.Inspected) { Outcome = parsed.GetValue(outcome) == "passed" ? InspectionOutcome.Passed : InspectionOutcome.Failed }, outcome);
    }

    private static Command WithReason(string name, string description, CustodyEventKind kind)
    {
        var reason = new Option<string?>("--reason") { Description = "Why; up to 1,024 characters, for everybody to read." };
        return Say(name, description, parsed => new(kind) { Reason = parsed.GetValue(reason) }, reason);
    }

    private static Command Say(string name, string description, Func<ParseResult, EventWords> words, params Symbol[] symbols)
    {
        var note = new Option<string?>("--note") { Description = "Anything else; up to 1,024 characters, for everybody to read." };
        return PartArguments.Asking(name, description,
            (engine, part, parsed, cancel) => EventSigning.SayAsync(engine, part, words(parsed) with { Note = parsed.GetValue(note) }, cancel),
            entered => Screen.Line($"Entered as event {Screen.Text(entered, "number")}: {Screen.Text(entered, "kind")}, by {Screen.Text(entered, "custodian")}. Statement {Screen.Text(entered, "sha256")}."),
            [.. symbols, note]);
    }
}
