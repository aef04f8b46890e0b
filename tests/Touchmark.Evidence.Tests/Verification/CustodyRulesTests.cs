using FsCheck;
using FsCheck.Fluent;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests.Verification;

public sealed class CustodyRulesTests
{
    private static readonly PartId Part = PartId.TryParse("PPG0-A0EV-8ZB4-ERYQ", out var id, out _) ? id : throw new InvalidOperationException();

    /// <summary>One custodian of each role, the manufacturer first.</summary>
    private static readonly (string Name, CustodianRole Role)[] Custodians = [.. Enum.GetValues<CustodianRole>().Select(role => (new string((char)('A' + (int)role), 16), role))];

    private static CustodyState Beginning { get; } = new() { PartId = Part, Head = Workshop.Bytes("certificate"), At = Workshop.Started };

    /// <summary>What somebody tries: any event, by anybody, towards anybody, at any time; now and then with a wrong number or link.</summary>
    private static Arbitrary<Attempt[]> Attempts { get; } = (
        from kind in Gen.Elements(Enum.GetValues<CustodyEventKind>())
        from signer in Gen.Choose(0, Custodians.Length)
        from to in Gen.Choose(0, Custodians.Length - 1)
        from minutes in Gen.Frequency((1, Gen.Constant(-1)), (8, Gen.Choose(0, 3)))
        from passed in ArbMap.Default.GeneratorFor<bool>()
        from skew in Gen.Frequency((12, Gen.Constant(0)), (1, Gen.Choose(-2, 2)))
        from isLinked in Gen.Frequency((12, Gen.Constant(true)), (1, Gen.Constant(false)))
        select new Attempt(kind, signer, to, minutes, passed, skew, isLinked)).ArrayOf(120).ToArbitrary();

    private sealed record Attempt(CustodyEventKind Kind, int By, int To, int Minutes, bool Passed, int Skew, bool IsLinked);

    [Fact]
    public void No_sequence_of_events_leads_to_two_holders_an_installed_scrapped_part_or_an_event_after_scrapping() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(Attempts, attempts =>
        {
            var accepted = Replay(attempts);
            foreach (var (before, link, after) in accepted)
            {
                Assert.False(before.IsScrapped);
                Assert.False(after.IsScrapped && (after.InstalledInto is not null || after.OfferedTo is not null));
                Assert.True(link.At >= before.At && link.Number == before.Number + 1 && link.Previous.Span.SequenceEqual(before.Head.Span));
                Assert.Equal(after.IsScrapped ? 0 : 1, Custodians.Count(custodian => CustodyRules.WhyNot(after, Next(after, CustodyEventKind.Transferred, custodian.Name), custodian.Role) is null));
                Assert.True(before.Holder == after.Holder
                    || link.Kind == CustodyEventKind.Manufactured && before.Holder is null
                    || link.Kind == CustodyEventKind.Received && before.OfferedTo == after.Holder);
                Assert.False(link.Kind == CustodyEventKind.Installed && (before.IsRecalled || before.InstalledInto is not null));
                Assert.False(before.IsRecalled && !after.IsRecalled && link is not { Kind: CustodyEventKind.Inspected, Outcome: InspectionOutcome.Passed });
            }
            return true;
        }));

    [Fact]
    public void Every_kind_of_event_can_happen()
    {
        var seen = new HashSet<CustodyEventKind>();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(Attempts, attempts =>
        {
            seen.UnionWith(Replay(attempts).Select(step => step.Link.Kind));
            return true;
        }));
        Assert.Equal(Enum.GetValues<CustodyEventKind>(), seen.Order());
    }

    public static TheoryData<CustodyEventKind, string> Signers { get; } = new()
    {
        { CustodyEventKind.Transferred, "holder" },
        { CustodyEventKind.Received, "offered" },
        { CustodyEventKind.Installed, "holder" },
        { CustodyEventKind.Removed, "holder" },
        { CustodyEventKind.Inspected, "holder, Inspector" },
        { CustodyEventKind.Maintained, "holder, Maintainer" },
        { CustodyEventKind.Recalled, "registry" },
        { CustodyEventKind.Scrapped, "holder" },
    };

    [Theory]
    [MemberData(nameof(Signers))]
    public void Event_is_signed_by_whom_the_rules_name_and_by_nobody_else(CustodyEventKind kind, string signers)
    {
        var (holder, offered) = (Custodians[(int)CustodianRole.Owner], Custodians[(int)CustodianRole.Carrier]);
        var state = Beginning with { Number = 1, Holder = holder.Name, OfferedTo = offered.Name, InstalledInto = kind == CustodyEventKind.Removed ? "Scanner 4" : null };
        var may = Custodians.Where(custodian => CustodyRules.WhyNot(state, Next(state, kind, custodian.Name), custodian.Role) is null)
            .Select(custodian => custodian == holder ? "holder" : custodian == offered ? "offered" : custodian.Role.ToString()).ToList();
        if (CustodyRules.WhyNot(state, Next(state, kind, Pseudonym.Registry), null) is null)
        {
            may.Add("registry");
        }
        Assert.Equal(signers.Split(", "), may);
    }

    [Theory]
    [InlineData("another part", "CUSTODY_PART")]
    [InlineData("a number that is not the next", "CUSTODY_NUMBER")]
    [InlineData("another event before it", "CUSTODY_PREVIOUS")]
    [InlineData("a time before the last event", "CUSTODY_TIME")]
    [InlineData("a part with as many events as there may be", "CUSTODY_FULL")]
    [InlineData("a part that was scrapped", "CUSTODY_SCRAPPED")]
    [InlineData("a part that was not manufactured", "CUSTODY_FIRST")]
    [InlineData("somebody else", "CUSTODY_SIGNER")]
    [InlineData("an installed part", "CUSTODY_INSTALLED")]
    [InlineData("a recalled part", "CUSTODY_RECALLED")]
    [InlineData("a removal of what is not installed", "CUSTODY_NOT_INSTALLED")]
    public void Refusal_has_a_code_a_sentence_and_what_to_do(string what, string code)
    {
        var state = Beginning with { Number = 1, Holder = Custodians[0].Name };
        var link = Next(state, CustodyEventKind.Installed, Custodians[0].Name);
        (state, link) = what switch
        {
            "another part" => (state, link with { PartId = PartId.Create() }),
            "a number that is not the next" => (state, link with { Number = 3 }),
            "another event before it" => (state, link with { Previous = Workshop.Bytes("another") }),
            "a time before the last event" => (state, link with { At = state.At.AddMicroseconds(-1) }),
            "a part with as many events as there may be" => (state with { Number = CustodyEvent.MaxNumber }, link with { Number = CustodyEvent.MaxNumber + 1 }),
            "a part that was scrapped" => (state with { IsScrapped = true }, link),
            "a part that was not manufactured" => (Beginning, link with { Number = 1 }),
            "somebody else" => (state, link with { Custodian = Custodians[1].Name }),
            "an installed part" => (state with { InstalledInto = "Scanner 4" }, link),
            "a recalled part" => (state with { IsRecalled = true }, link),
            _ => (state, link with { Kind = CustodyEventKind.Removed }),
        };
        var refusal = CustodyRules.WhyNot(state, link, CustodianRole.Manufacturer);
        Assert.Equal(code, refusal?.Code);
        Assert.All([refusal!.Text, refusal.Fix], words => Assert.EndsWith(".", words, StringComparison.Ordinal));
    }

    [Fact]
    public void Inspection_that_the_part_did_not_pass_does_not_lift_a_recall()
    {
        var state = Beginning with { Number = 1, Holder = Custodians[0].Name, IsRecalled = true };
        var inspected = Next(state, CustodyEventKind.Inspected, Custodians[0].Name);
        Assert.True(CustodyRules.After(state, inspected with { Outcome = InspectionOutcome.Failed }, Workshop.Bytes("x")).IsRecalled);
        Assert.False(CustodyRules.After(state, inspected with { Outcome = InspectionOutcome.Passed }, Workshop.Bytes("x")).IsRecalled);
    }

    /// <summary>The events that the rules let through, each with the state before and after it.</summary>
    private static List<(CustodyState Before, CustodyEvent Link, CustodyState After)> Replay(Attempt[] attempts)
    {
        var accepted = new List<(CustodyState, CustodyEvent, CustodyState)>();
        var state = Beginning;
        foreach (var attempt in attempts)
        {
            var isRegistry = attempt.By == Custodians.Length;
            var link = Next(state, attempt.Kind, isRegistry ? Pseudonym.Registry : Custodians[attempt.By].Name) with
            {
                To = Custodians[attempt.To].Name,
                At = state.At.AddMinutes(attempt.Minutes),
                Outcome = attempt.Passed ? InspectionOutcome.Passed : InspectionOutcome.Failed,
                Number = state.Number + 1 + attempt.Skew,
                Previous = attempt.IsLinked ? state.Head : Workshop.Bytes("elsewhere"),
            };
            if (CustodyRules.WhyNot(state, link, isRegistry ? null : Custodians[attempt.By].Role) is null)
            {
                var after = CustodyRules.After(state, link, Workshop.Bytes($"event {link.Number}"));
                accepted.Add((state, link, after));
                state = after;
            }
        }
        return accepted;
    }

    private static CustodyEvent Next(CustodyState state, CustodyEventKind kind, string custodian) => new()
    {
        EventId = Workshop.Id(20),
        PartId = state.PartId,
        Number = state.Number + 1,
        Kind = kind,
        At = state.At,
        Previous = state.Head,
        Custodian = custodian,
        To = Custodians[0].Name,
        Into = "Scanner 4",
    };
}
