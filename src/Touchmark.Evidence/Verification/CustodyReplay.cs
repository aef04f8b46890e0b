using System.Globalization;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Verification;

/// <summary>Takes the events of one part one after the other, by the rules, and says where that leads.</summary>
/// <param name="checks">Where the checks go.</param>
/// <param name="registry">Custodians and recalls.</param>
/// <param name="now">The verifier's time.</param>
internal sealed class CustodyReplay(Checks checks, CustodyRegistry registry, DateTimeOffset now)
{
    private readonly HashSet<string> _enteredRecalls = new(StringComparer.Ordinal);

    public CustodyRecord Replay(CustodyState beginning, List<RelatedStatement> statements)
    {
        var links = Read(statements);
        CheckNumbers(links);
        var steps = new List<CustodyStep>(links.Count);
        var state = links.Count == statements.Count ? beginning : null;
        foreach (var (link, part, statement) in links)
        {
            var subject = $"event-{link.Number}";
            CustodianAdmission? custodian = null;
            if (StatementVerifier.CheckDocument<CustodyEvent>(checks, subject, statement, part.Document) is null)
            {
                state = null;
            }
            if (link.Custodian == Pseudonym.Registry)
            {
                registry.CheckSigned(subject, statement);
                CheckRecall(subject, link);
            }
            else
            {
                custodian = registry.CheckCustodian(subject, statement, link);
            }
            checks.Require(link.At <= (statement.IssuedAt ?? now) + StatementVerifier.ClockTolerance, $"{subject}.at", $"It happened at {StatementVerifier.Text(link.At)}.",
                "It was signed before it happened.", ("at", StatementVerifier.Text(link.At)));
            state = Follow(subject, state, link, statement, custodian?.Role);
            steps.Add(new(link, statement.Sha256, custodian));
        }
        state = Conclude(state);
        return new(steps, state, state?.Holder is { } holder ? registry.Find(holder) : null);
    }

    /// <summary>The events that can be read, by their number, whatever order they come in.</summary>
    private List<LinkOfChain> Read(List<RelatedStatement> statements)
    {
        var links = new List<LinkOfChain>(statements.Count);
        foreach (var (part, statement) in statements)
        {
            if (Document.TryDecode<CustodyEvent>(part.Document ?? statement.Payload, out var link, out _))
            {
                links.Add(new(link, part, statement));
            }
            else
            {
                StatementVerifier.CheckDocument<CustodyEvent>(checks, "event", statement, part.Document);
            }
        }
        // Not by LINQ, whose code for this type would be compiled at each start of a program that verifies one part.
        links.Sort(static (one, other) => one.Link.Number.CompareTo(other.Link.Number));
        return links;
    }

    private void CheckNumbers(List<LinkOfChain> links)
    {
        for (var number = 1; number <= links.Count; number++)
        {
            var found = links[number - 1].Link.Number;
            if (found != number)
            {
                checks.Fail("custody.chain", found > number ? $"Event {number} is missing: somebody left it out."
                    : $"There are two events number {found}: whoever signed them wrote two histories.", ("event", Math.Min(found, number).ToString(CultureInfo.InvariantCulture)));
                return;
            }
        }
        checks.Pass("custody.chain", links.Count == 0 ? "Nothing has been written about the part since it was printed."
            : $"There are {links.Count} events, without a gap. Whether there are later ones that were left out, the registry's log tells.");
    }

    private CustodyState? Follow(string subject, CustodyState? state, CustodyEvent link, Statement statement, CustodianRole? role)
    {
        if (state is null)
        {
            checks.Skip($"{subject}.rules", "It cannot be judged, because an event before it is refused.");
            return null;
        }
        if (CustodyRules.WhyNoLink(state, link) is { } noLink)
        {
            checks.Fail($"{subject}.link", noLink.Text, ("code", noLink.Code));
            return null;
        }
        checks.Pass($"{subject}.link", link.Number == 1 ? "It follows the certificate." : $"It follows event {link.Number - 1}.");
        if (CustodyRules.WhyNotAllowed(state, link, role) is { } refusal)
        {
            checks.Fail($"{subject}.rules", refusal.Text, ("code", refusal.Code));
            return null;
        }
        checks.Pass($"{subject}.rules", $"It says that the part was {Describe(link)}. Its signer may say so, and nothing before it stands against it.");
        return CustodyRules.After(state, link, statement.Sha256);
    }

    private void CheckRecall(string subject, CustodyEvent link)
    {
        var sha256 = StatementVerifier.Hex(link.Recall ?? default);
        _enteredRecalls.Add(sha256);
        checks.Require(registry.Recalls.TryGetValue(sha256, out var recall) && recall.At <= link.At, $"{subject}.recall",
            "The recall that it names is there, and is of this part.", "The recall that it names is not there, is of other parts, or came later.", ("recall_sha256", sha256));
    }

    /// <summary>What all of it amounts to; a part without a history may be recalled all the same.</summary>
    private CustodyState? Conclude(CustodyState? state)
    {
        var recalled = state is { IsRecalled: true };
        foreach (var (sha256, recall) in registry.Recalls)
        {
            if (_enteredRecalls.Contains(sha256))
            {
                continue;
            }

            if (state is { IsScrapped: true } && state.At <= recall.At)
            {
                checks.Skip("custody.recall", "A recall covers the part, which had been scrapped before.", ("recall_sha256", sha256));
            }
            else if (state is { Number: 0 })
            {
                recalled = true;
                checks.Skip("custody.recall", $"{recall.By} recalled the part: do not use it. It has no history yet that could say so. The reason: {recall.Reason}",
                    ("recall_sha256", sha256), ("recalled_at", StatementVerifier.Text(recall.At)));
            }
            else
            {
                checks.Fail("custody.recall", $"{recall.By} recalled the part and its history does not say so: do not use it before the registry has explained this. The reason: {recall.Reason}",
                    ("recall_sha256", sha256), ("recalled_at", StatementVerifier.Text(recall.At)));
            }
        }
        switch (state)
        {
            case null:
                checks.Skip("custody.holder", "Who has the part cannot be said, because its history breaks.");
                break;
            case { Holder: null }:
                checks.Skip("custody.holder", "Who has the part is not known: its manufacturer has not entered it.");
                break;
            case { Holder: { } holder }:
                checks.Pass("custody.holder", Describe(state, holder), ("pseudonym", holder));
                break;
        }
        return state is null ? null : state with { IsRecalled = recalled };
    }

    private string Describe(CustodyState state, string holder)
    {
        var who = $"{holder}{(registry.Find(holder) is { } admission ? $" ({CustodyRegistry.Describe(admission)})" : "")}";
        return state switch
        {
            { IsScrapped: true } => $"The part was scrapped. {who} had it last. A part with this id that is in use is not this part, or should not be in use.",
            { IsRecalled: true } => $"The part was recalled and has passed no inspection since: do not use it. {who} has it.",
            _ => $"{who} has the part{(state.InstalledInto is { } into ? $", built into {into}" : "")}"
                + $"{(state.OfferedTo is { } other && other != holder ? $", and has offered it to {other}, who has not received it yet" : "")}.",
        };
    }

    private static string Describe(CustodyEvent link) => link.Kind switch
    {
        CustodyEventKind.Transferred => $"offered to {link.To}",
        CustodyEventKind.Installed => $"installed into {link.Into}",
        CustodyEventKind.Inspected => link.Outcome == InspectionOutcome.Passed ? "inspected and passed" : "inspected and did not pass",
        _ => CustodyEvent.NameOf(link.Kind),
    };

    private sealed record LinkOfChain(CustodyEvent Link, StatementPart Part, Statement Statement);
}
