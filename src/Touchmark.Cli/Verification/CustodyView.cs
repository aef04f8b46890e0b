using System.Globalization;
using Spectre.Console;
using Touchmark.Cli.Terminal;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Verification;
using static Touchmark.Cli.Verification.VerdictView;

namespace Touchmark.Cli.Verification;

/// <summary>What happened to a part, for people: who has it, and each event with who says so.</summary>
internal static class CustodyView
{
    public static void Show(CustodyRecord custody, bool isValid)
    {
        Screen.Line("");
        if (custody.Events.Count == 0)
        {
            Screen.Line($"Nothing has been written about the part since it was printed.{(custody.State is { IsRecalled: true } ? " It was RECALLED: do not use it." : "")}");
            return;
        }

        Screen.Line(isValid ? "Its history says:" : "Its history claims, and it is NOT to be believed:");
        ShowStanding(custody);
        ShowEvents(custody.Events);
    }

    private static void ShowStanding(CustodyRecord custody)
    {
        Fact("holder", custody.Holder is { } holder ? Describe(holder) : "cannot be said, because the history breaks");
        if (custody.State is not { } state)
        {
            return;
        }

        if (state.InstalledInto is { } into)
        {
            Fact("installed into", into);
        }

        if (state.OfferedTo is { } offered)
        {
            Fact("offered to", offered);
        }

        if (state.IsScrapped)
        {
            Fact("standing", "SCRAPPED: a part with this id that is in use is not this part, or should not be in use");
        }
        else if (state.IsRecalled)
        {
            Fact("standing", "RECALLED, and no inspection was passed since: do not use it");
        }
    }

    private static void ShowEvents(IReadOnlyList<CustodyStep> events)
    {
        if (!Screen.IsTerminal)
        {
            foreach (var step in events)
            {
                Screen.Line($"event\t{step.Event.Number}\t{Time(step.Event.At)}\t{CustodyEvent.NameOf(step.Event.Kind)}\t{Signer(step)}\t{Details(step.Event)}");
            }

            return;
        }

        Draw(events);
    }

    private static void Draw(IReadOnlyList<CustodyStep> events)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("", "When", "What", "Who says so", "");
        foreach (var step in events)
        {
            table.AddRow(
                new Text(step.Event.Number.ToString(CultureInfo.InvariantCulture)), new Text(Time(step.Event.At)), new Text(CustodyEvent.NameOf(step.Event.Kind)), new Text(Signer(step)), new Text(Details(step.Event)));
        }

        AnsiConsole.Write(table);
    }

    private static string Signer(CustodyStep step) => step.Custodian is { } custodian ? Describe(custodian) : step.Event.Custodian;

    private static string Describe(CustodianAdmission custodian) => $"{custodian.Pseudonym} ({CustodianAdmission.NameOf(custodian.Role)}, {custodian.Region})";

    private static string Details(CustodyEvent said) => string.Join("; ", new[]
    {
        said.To is { } to ? $"to {to}" : null,
        said.Into is { } into ? $"into {into}" : null,
        said.Outcome is { } outcome ? outcome == InspectionOutcome.Passed ? "passed" : "FAILED" : null,
        said.Reason,
        said.Note,
    }.OfType<string>());
}
