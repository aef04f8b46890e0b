using Touchmark.Engine.Parts;
using Touchmark.Engine.Recalls;
using Touchmark.Engine.Transparency;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Custody;

/// <summary>
/// Takes the events that custodians sign. Who sends one does not matter, only who signed it: so nobody needs an account for it, and the engine learns of nobody more than the chain says.
/// </summary>
internal sealed class CustodyDesk(Database database, Outbox outbox, RecallEntries recalls, TimeProvider time)
{
    private const string ReadAgain = "Ask for a proposal (POST /api/parts/ID/events/proposal), sign what it says and send that.";

    /// <summary>What the next event of this kind has to say so that it is accepted; or why there is none that would be.</summary>
    public async Task<Outcome<CustodyEvent>> ProposeAsync(Part part, EventDraft draft, CancellationToken cancel)
    {
        part = await recalls.CatchUpAsync(part, cancel);
        await using var work = await database.BeginAsync(cancel);
        if (await CustodyChains.FindCustodianAsync(work, part.Id, draft.Custodian, cancel) is not { } custodian)
        {
            return Unknown(part, draft.Custodian);
        }

        var now = time.GetUtcNow();
        var proposal = new CustodyEvent
        {
            EventId = Guid.CreateVersion7(now),
            PartId = part.Id,
            Number = part.Events + 1,
            Kind = draft.Kind,
            At = new[] { now, part.LastAt, custodian.AdmittedAt }.Max(),
            Previous = part.Head,
            Custodian = draft.Custodian,
            To = draft.To,
            Into = draft.Into,
            Outcome = draft.Outcome,
            Reason = draft.Reason,
            Note = draft.Note,
        };
        if (!Document.TryDecode<CustodyEvent>(Document.Encode(proposal), out _, out var problem))
        {
            return Refusal.Invalid("CUSTODY_EVENT_INVALID", $"There is no such event: {problem}.", "See spec/custody.md for what each kind of event says.");
        }

        return CustodyRules.WhyNot(part.Custody, proposal, custodian.Role) is { } refusal ? Refuse(refusal) : proposal;
    }

    /// <summary>Adds a signed event to a part's chain. The same event again is answered as it was the first time.</summary>
    public async Task<Outcome<ChainLink<CustodyEvent>>> AppendAsync(Part part, byte[] envelope, CancellationToken cancel)
    {
        if (!Statement.TryParse(envelope, out var statement, out var problem) || !Document.TryDecode<CustodyEvent>(statement.Payload, out var link, out problem))
        {
            return Refusal.Invalid("CUSTODY_UNREADABLE", $"This is no signed custody event: {problem}.", "Send the envelope of one event, as spec/statement.md and spec/custody.md have it.");
        }

        await recalls.CatchUpAsync(part, cancel);
        await using var work = await database.BeginAsync(cancel);
        part = await CustodyChains.LockAsync(work, part.Id, cancel);
        var entered = new ChainLink<CustodyEvent>(link, envelope);
        if (link.Number <= part.Events && await CustodyChains.FindAsync(work, part.Id, link.Number, cancel) is { } before && before.AsSpan().SequenceEqual(envelope))
        {
            return entered;
        }

        if (await CustodyChains.FindCustodianAsync(work, part.Id, link.Custodian, cancel) is not { } custodian)
        {
            return Unknown(part, link.Custodian);
        }

        if (WhyNotSigned(envelope, statement, link, custodian) is { } unsigned)
        {
            return unsigned;
        }

        if (CustodyRules.WhyNot(part.Custody, link, custodian.Role) is { } refusal)
        {
            return Refuse(refusal);
        }

        part = await CustodyChains.AddAsync(work, part, link, envelope, cancel);
        await outbox.EnterAsync(work, envelope, cancel);
        // A part that was recalled before it had a history says so as soon as it has one.
        await recalls.EnterAsync(work, part, cancel);
        await work.CommitAsync(cancel);
        return entered;
    }

    private static Refusal Refuse(CustodyRefusal refusal) => Refusal.Conflict(refusal.Code, refusal.Text, refusal.Fix);

    private static Refusal Unknown(Part part, string pseudonym) =>
        Refusal.Conflict("CUSTODIAN_UNKNOWN", $"{pseudonym} was not admitted to part {part.Id}.", "Enrol first (POST /api/parts/ID/custodians), with the keys that you derive for this part.").With("custodian", pseudonym);

    /// <summary>Why it is not this custodian's word: both signatures, by the keys of the admission, after it, and not of something that has yet to happen.</summary>
    private Refusal? WhyNotSigned(byte[] envelope, Statement statement, CustodyEvent link, CustodianAdmission custodian)
    {
        var now = time.GetUtcNow();
        var verdict = StatementVerifier.Verify<CustodyEvent>(new StatementPart(envelope, null), CustodyVerifier.KeysOf(custodian), now, out _);
        if (verdict.Checks.FirstOrDefault(check => check.Outcome == CheckOutcome.Failed) is { } failed)
        {
            return Refusal.Invalid("CUSTODY_SIGNATURE", $"It is not a statement of {custodian.Pseudonym}: {failed.Words}", "Sign it with both keys that you derive for this part, and send it unaltered.").With("check", failed.Id);
        }

        return link.At < custodian.AdmittedAt ? Refusal.Conflict("CUSTODY_BEFORE_ADMISSION", $"{custodian.Pseudonym} was admitted to this part only after the event.", ReadAgain).With("admitted_at", custodian.AdmittedAt).With("at", link.At)
            : link.At > (statement.IssuedAt ?? now) + StatementVerifier.ClockTolerance ? Refusal.Conflict("CUSTODY_FUTURE", "The event was signed before it happened.", ReadAgain).With("signed_at", statement.IssuedAt ?? now).With("at", link.At)
            : null;
    }
}

/// <summary>What somebody wants to write about a part.</summary>
internal sealed record EventDraft(
    CustodyEventKind Kind, string Custodian, string? To = null, string? Into = null, InspectionOutcome? Outcome = null, string? Reason = null, string? Note = null);
