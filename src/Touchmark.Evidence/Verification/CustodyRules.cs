using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;

namespace Touchmark.Evidence.Verification;

/// <summary>
/// Who may say what of a part, and when (spec/custody.md, Rules). One table for whoever writes events and for whoever verifies them. It looks at no signature:
/// that an event is its custodian's, and in which role, is known beforehand.
/// </summary>
public static class CustodyRules
{
    [Flags]
    private enum Signers
    {
        None = 0,
        Holder = 1,
        Offered = 2,
        Manufacturer = 4,
        Inspector = 8,
        Maintainer = 16,
        Registry = 32,
    }

    [Flags]
    private enum Conditions
    {
        None = 0,
        Installed = 1,
        NotInstalled = 2,
        Recalled = 4,
    }

    /// <param name="Kind">The event.</param>
    /// <param name="By">Who may sign it: any of these.</param>
    /// <param name="Never">It is refused while the part is any of these.</param>
    /// <param name="Then">What it changes.</param>
    private sealed record Rule(CustodyEventKind Kind, Signers By, Conditions Never, Func<CustodyState, CustodyEvent, CustodyState> Then);

    private static readonly Rule[] Table =
    [
        new(CustodyEventKind.Manufactured, Signers.Manufacturer, Conditions.None, (state, link) => state with { Holder = link.Custodian }),
        new(CustodyEventKind.Transferred, Signers.Holder, Conditions.None, (state, link) => state with { OfferedTo = link.To }),
        new(CustodyEventKind.Received, Signers.Offered, Conditions.None, (state, link) => state with { Holder = link.Custodian, OfferedTo = null }),
        new(CustodyEventKind.Installed, Signers.Holder, Conditions.Installed | Conditions.Recalled, (state, link) => state with { InstalledInto = link.Into }),
        new(CustodyEventKind.Removed, Signers.Holder, Conditions.NotInstalled, (state, _) => state with { InstalledInto = null }),
        new(CustodyEventKind.Inspected, Signers.Holder | Signers.Inspector, Conditions.None,
            (state, link) => state with { IsRecalled = state.IsRecalled && link.Outcome != InspectionOutcome.Passed }),
        new(CustodyEventKind.Maintained, Signers.Holder | Signers.Maintainer, Conditions.None, (state, _) => state),
        new(CustodyEventKind.Recalled, Signers.Registry, Conditions.None, (state, _) => state with { IsRecalled = true }),
        new(CustodyEventKind.Scrapped, Signers.Holder, Conditions.Installed, (state, _) => state with { IsScrapped = true, OfferedTo = null }),
    ];

    /// <summary>Why this event may not be the next one; null when it may.</summary>
    /// <param name="state">Where the chain stands.</param>
    /// <param name="link">The event.</param>
    /// <param name="role">The role in which its custodian was admitted to this part; null for the registry.</param>
    public static CustodyRefusal? WhyNot(CustodyState state, CustodyEvent link, CustodianRole? role) => WhyNoLink(state, link) ?? WhyNotAllowed(state, link, role);

    /// <summary>Where the chain stands after an event for which there is no <see cref="WhyNot"/>.</summary>
    /// <param name="state">Where it stood before.</param>
    /// <param name="link">The event.</param>
    /// <param name="sha256">SHA-256 of the envelope of its statement.</param>
    public static CustodyState After(CustodyState state, CustodyEvent link, ReadOnlyMemory<byte> sha256)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(link);
        return RuleOf(link.Kind).Then(state, link) with { Number = link.Number, At = link.At, Head = sha256 };
    }

    /// <summary>Why it does not follow what the chain ends with.</summary>
    internal static CustodyRefusal? WhyNoLink(CustodyState state, CustodyEvent link)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(link);
        return link switch
        {
            _ when link.PartId != state.PartId =>
                new("CUSTODY_PART", $"It is an event of part {link.PartId}, and this is part {state.PartId}.", "Compare the id with the label of the part."),
            _ when state.Number >= CustodyEvent.MaxNumber =>
                new("CUSTODY_FULL", $"The part has {state.Number} events, and no part has more.", "Ask the registry for a new id for this part."),
            _ when link.Number != state.Number + 1 =>
                new("CUSTODY_NUMBER", $"It is event {link.Number}, and event {state.Number + 1} is the next.", "Read the chain again: somebody else may have added to it meanwhile."),
            _ when !link.Previous.Span.SequenceEqual(state.Head.Span) =>
                new("CUSTODY_PREVIOUS", "It names another event before it than the one that is there: one of both was exchanged.", "Read the chain again: somebody else may have added to it meanwhile."),
            _ when link.At < state.At =>
                new("CUSTODY_TIME", $"It happened at {StatementVerifier.Text(link.At)}, before the event that it follows, at {StatementVerifier.Text(state.At)}.", "Set the clock, or give the time at which it is written."),
            _ => null,
        };
    }

    /// <summary>Why it may not happen, or not by this custodian.</summary>
    internal static CustodyRefusal? WhyNotAllowed(CustodyState state, CustodyEvent link, CustodianRole? role)
    {
        if (state.IsScrapped)
        {
            return new("CUSTODY_SCRAPPED", "The part was scrapped: nothing can happen to it any more.", "If this part is in front of you, tell the manufacturer and the registry.");
        }
        if (state.Number == 0 != (link.Kind == CustodyEventKind.Manufactured))
        {
            return new("CUSTODY_FIRST", "The first event of a part says that it was manufactured, and no other one does.", "Let its manufacturer write that event first.");
        }
        var rule = RuleOf(link.Kind);
        if ((WhoSigns(state, link, role) & rule.By) == Signers.None)
        {
            return new("CUSTODY_SIGNER", $"{link.Custodian} may not say that it was {CustodyEvent.NameOf(link.Kind)}: that is for {Describe(rule.By)}.", "Let one of them sign the event.");
        }
        return (Standing(state) & rule.Never) switch
        {
            var standing when standing.HasFlag(Conditions.Installed) =>
                new("CUSTODY_INSTALLED", $"The part is built into {state.InstalledInto}.", "Write first that it was removed."),
            var standing when standing.HasFlag(Conditions.NotInstalled) =>
                new("CUSTODY_NOT_INSTALLED", "The part is not built into anything.", "Write first what it was installed into."),
            var standing when standing.HasFlag(Conditions.Recalled) =>
                new("CUSTODY_RECALLED", "The part was recalled and has passed no inspection since: it must not be installed.", "Have it inspected; after an inspection that it passed it may be installed."),
            _ => null,
        };
    }

    private static Rule RuleOf(CustodyEventKind kind) => Array.Find(Table, rule => rule.Kind == kind) ?? throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not an event.");

    private static Signers WhoSigns(CustodyState state, CustodyEvent link, CustodianRole? role) =>
        (link.Custodian == state.Holder ? Signers.Holder : Signers.None)
        | (link.Custodian == state.OfferedTo ? Signers.Offered : Signers.None)
        | (link.Custodian == Pseudonym.Registry && role is null ? Signers.Registry : Signers.None)
        | role switch
        {
            CustodianRole.Manufacturer => Signers.Manufacturer,
            CustodianRole.Inspector => Signers.Inspector,
            CustodianRole.Maintainer => Signers.Maintainer,
            _ => Signers.None,
        };

    private static Conditions Standing(CustodyState state) =>
        (state.InstalledInto is null ? Conditions.NotInstalled : Conditions.Installed) | (state.IsRecalled ? Conditions.Recalled : Conditions.None);

    private static string Describe(Signers signers) => string.Join(" or ", new[]
    {
        (Signers.Holder, "the present holder"), (Signers.Offered, "the custodian whom the part is offered to"), (Signers.Manufacturer, "a manufacturer"),
        (Signers.Inspector, "an inspector"), (Signers.Maintainer, "a maintainer"), (Signers.Registry, "the registry"),
    }.Where(entry => signers.HasFlag(entry.Item1)).Select(entry => entry.Item2));
}
