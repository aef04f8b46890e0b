using Touchmark.Engine.Accounts;
using Touchmark.Engine.Audit;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Parts;
using Touchmark.Engine.Regulators;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Custody;

/// <summary>
/// Admits custodians to a part. Two things let one in: an invitation, which somebody with a say in the part made and passed on, or an offer of the part to the very pseudonym that asks. Neither
/// tells the engine who that is, and it keeps no account, address or organisation with an admission (docs/decisions/0016).
/// </summary>
internal sealed class CustodianDesk(Database database, EngineStatements statements, RegulatorBook regulators, AuditTrail trail, TimeProvider time)
{
    public static readonly TimeSpan InvitationLifetime = TimeSpan.FromDays(30);

    /// <summary>Invitations to one part that may be open at once.</summary>
    private const int MostOpen = 20;

    /// <summary>Roles that give a say beyond having the part: whoever takes them has to be invited.</summary>
    private static readonly CustodianRole[] Entrusted = [CustodianRole.Manufacturer, CustodianRole.Inspector, CustodianRole.Maintainer];

    /// <summary>Makes a one-time invitation to a part: the organisation that printed it, the owner of its design, or an admin.</summary>
    public async Task<Outcome<Invitation>> InviteAsync(Part part, CustodianRole role, Caller caller, CancellationToken cancel)
    {
        var isMaker = caller.Role is Role.Manufacturer or Role.Operator && caller.OrganisationId == part.OrganisationId;
        var isOwner = caller.Role == Role.Oem && caller.OrganisationId == part.OwnerId;
        if (!isMaker && !isOwner && caller.Role != Role.Admin)
        {
            return Refusal.Forbidden("Only whoever printed a part, the owner of its design and admins invite custodians to it.", "Ask one of them; whoever has the part offers it to you without an invitation.");
        }

        if (isOwner && role == CustodianRole.Manufacturer)
        {
            return Refusal.Forbidden("The manufacturer of a part is whoever printed it.", "Let them invite themselves.");
        }

        var now = time.GetUtcNow();
        var (code, hash) = OneTimeCode.Create();
        await using var work = await database.BeginAsync(cancel);
        await work.ExecuteAsync("delete from custody_invitations where part_id = @Id and expires_at <= @Now", new { part.Id, Now = now }, cancel);
        var open = await work.FirstOrDefaultAsync<long>("select count(*) from custody_invitations where part_id = @Id", new { part.Id }, cancel);
        if (open >= MostOpen)
        {
            return Refusal.Conflict("INVITATIONS_OPEN", $"The part has {open} invitations that were not used yet.", "Use one of them, or wait until they expire.").With("open", open).With("maximum", MostOpen);
        }

        await work.ExecuteAsync(
            "insert into custody_invitations (hash, part_id, role, expires_at) values (@Hash, @Id, @Role, @ExpiresAt)",
            new { Hash = hash, part.Id, Role = CustodianAdmission.NameOf(role), ExpiresAt = now + InvitationLifetime }, cancel);
        await trail.RecordAsync(work, AuditedAct.By(caller, Acts.CustodianInvited, $"part/{part.Id.Value}", new AuditDetail("role", CustodianAdmission.NameOf(role))), cancel);
        await work.CommitAsync(cancel);
        return new Invitation(code, role, now + InvitationLifetime);
    }

    /// <summary>Admits whoever signed the request, with the keys that it names. The same request again is answered with the admission that there is.</summary>
    /// <param name="part">To which part.</param>
    /// <param name="request">The admission as the custodian wants it, signed by the keys that it names: that proves that it has them.</param>
    /// <param name="invitation">A code, or null where the part is offered to the custodian.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<Outcome<ChainLink<CustodianAdmission>>> AdmitAsync(Part part, byte[] request, string? invitation, CancellationToken cancel)
    {
        if (!Statement.TryParse(request, out var statement, out var problem) || !Document.TryDecode<CustodianAdmission>(statement.Payload, out var wanted, out problem))
        {
            return Refusal.Invalid("ENROLMENT_UNREADABLE", $"This is no signed request for admission: {problem}.", "Send the admission that you want, signed by its own keys, as spec/custody.md has it.");
        }

        var now = time.GetUtcNow();
        var verdict = StatementVerifier.Verify<CustodianAdmission>(new StatementPart(request, null), CustodyVerifier.KeysOf(wanted with { AdmittedAt = DateTimeOffset.UnixEpoch }), now, out _);
        if (verdict.Checks.FirstOrDefault(check => check.Outcome == CheckOutcome.Failed) is { } failed)
        {
            return Refusal.Invalid("ENROLMENT_SIGNATURE", $"The request is not signed by the keys that it names: {failed.Words}", "Sign it with both keys, and send it unaltered.").With("check", failed.Id);
        }

        if (wanted.PartId != part.Id)
        {
            return Refusal.Invalid("ENROLMENT_PART", $"The request is for part {wanted.PartId}, and this is part {part.Id}.", "Derive the keys of this part, and ask with those.");
        }

        if (await regulators.WhyNotSealedAsync(wanted.SealedIdentity, cancel) is { } unknown)
        {
            return unknown;
        }

        await using var work = await database.BeginAsync(cancel);
        part = await CustodyChains.LockAsync(work, part.Id, cancel);
        if (await work.FirstOrDefaultAsync<byte[]>("select statement from custodians where part_id = @Id and pseudonym = @Pseudonym", new { part.Id, wanted.Pseudonym }, cancel) is { } before)
        {
            var there = ChainLink<CustodianAdmission>.Of(before);
            return (there.Document.Role, there.Document.Region) == (wanted.Role, wanted.Region) ? there
                : Refusal.Conflict("CUSTODIAN_ADMITTED", $"{wanted.Pseudonym} is a custodian of this part already, in another role or region.", "Go on as what you are, or enrol with another root.")
                    .With("role", CustodianAdmission.NameOf(there.Document.Role)).With("region", there.Document.Region);
        }

        if (await WhyNotAsync(work, part, wanted, invitation, now, cancel) is { } refusal)
        {
            return refusal;
        }

        var admission = wanted with { AdmittedAt = now };
        var envelope = await statements.SignAsync(work, admission, cancel);
        await work.ExecuteAsync("insert into custodians (part_id, pseudonym, statement) values (@Id, @Pseudonym, @Statement)", new { part.Id, admission.Pseudonym, Statement = envelope }, cancel);
        await work.CommitAsync(cancel);
        return new ChainLink<CustodianAdmission>(admission, envelope);
    }

    /// <summary>Uses the invitation up, or finds the offer.</summary>
    private static async Task<Refusal?> WhyNotAsync(Transaction work, Part part, CustodianAdmission wanted, string? invitation, DateTimeOffset now, CancellationToken cancel)
    {
        if (invitation is null)
        {
            return part.OfferedTo != wanted.Pseudonym
                    ? new Refusal(StatusCodes.Status403Forbidden, "CUSTODIAN_NOT_EXPECTED", $"The part was not offered to {wanted.Pseudonym}, and there is no invitation.",
                        "Tell whoever has the part your pseudonym, so that they offer it to you, or ask its manufacturer for an invitation.").With("pseudonym", wanted.Pseudonym)
                : Entrusted.Contains(wanted.Role)
                    ? new Refusal(StatusCodes.Status403Forbidden, "CUSTODIAN_ROLE", "A manufacturer, inspector or maintainer of a part is invited as such.", "Ask the part's manufacturer for an invitation, or take another role.")
                : null;
        }

        // One statement decides, so that a code lets one in.
        return OneTimeCode.Read(invitation) is { } hash && await work.ExecuteAsync(
            "delete from custody_invitations where hash = @Hash and part_id = @Id and role = @Role and expires_at > @Now",
            new { Hash = hash, part.Id, Role = CustodianAdmission.NameOf(wanted.Role), Now = now }, cancel) == 1
            ? null
            : new Refusal(StatusCodes.Status403Forbidden, "INVITATION_REFUSED", "The invitation is wrong, was used, is older than 30 days, or is for another part or role.", "Ask for a new one.");
    }
}

/// <param name="Code">Four groups of four characters; shown once.</param>
/// <param name="Role">What it lets somebody be.</param>
/// <param name="ExpiresAt">Thirty days after it was made.</param>
internal sealed record Invitation(string Code, CustodianRole Role, DateTimeOffset ExpiresAt);
