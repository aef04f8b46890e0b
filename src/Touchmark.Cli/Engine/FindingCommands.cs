using System.CommandLine;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary><c>touchmark finding</c>.</summary>
internal static class FindingCommands
{
    public static Command Create() => new("finding", "What the vaults' review found unusual; it never decides whether a record is valid (auditors and admins).") { List(), Decide() };

    private static Command List()
    {
        var state = new Option<string?>("--state") { Description = "open, accepted or rejected." };
        state.AcceptOnlyFromAmong("open", "accepted", "rejected");
        return Arguments.Asking("list", "List findings, newest first; the last 200.", (engine, parsed, cancel) => engine.GetAsync("/api/findings" + (parsed.GetValue(state) is { } only ? $"?state={only}" : ""), cancel),
            findings => Screen.Table(findings, "There are no findings.",
                new("Signal", "signal"), new("Score", "score"), new("Reason", "reason"), new("Printer", "printer"), new("State", "state"), new("Bundle", "bundle_id")), state);
    }

    private static Command Decide()
    {
        var (bundle, signal) = (Arguments.Id("bundle"), new Argument<string>("signal") { Description = "The name of the signal, from the list." });
        var decision = new Argument<string>("decision") { Description = "accept: it is right; reject: a false alarm." };
        decision.AcceptOnlyFromAmong("accept", "reject");
        var comment = new Option<string>("--comment") { Description = "Why; it stands in the vault's manifest for good.", Required = true };
        return Arguments.Asking("decide", "Say what you make of a finding. The vault signs it, enters it in its manifest and learns from it.",
            (engine, parsed, cancel) => engine.PostAsync($"/api/findings/{parsed.GetValue(bundle)}/{Uri.EscapeDataString(parsed.GetValue(signal)!)}", new { Decision = parsed.GetValue(decision), Comment = parsed.GetValue(comment) }, cancel),
            Screen.Facts, bundle, signal, decision, comment);
    }
}
