using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Hosting.Problems;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Officers;

/// <summary>A statement of somebody else that was entered in the manifest.</summary>
/// <param name="Entry">Where.</param>
/// <param name="Document">What it says.</param>
/// <param name="IsNew">False when it was there already.</param>
internal sealed record Entered<T>(ManifestEntry Entry, T Document, bool IsNew);

/// <summary>Takes what the customer's root and its officers have signed elsewhere, judges it and enters it in the manifest.</summary>
internal sealed class StatementDesk(ManifestBook manifest, ManifestIndex index, OfficerBook book, TimeProvider time)
{
    /// <summary>Takes an appointment of the root.</summary>
    public Task<Outcome<Entered<OfficerAppointment>>> AppointAsync(ReadOnlyMemory<byte> envelope, CancellationToken cancel) => EnterAsync<OfficerAppointment>(envelope, OfRoot<OfficerAppointment>, (appointment, roll) => ValueTask.FromResult(
        roll.Officers.FirstOrDefault(known => known.Appointment.OfficerId != appointment.OfficerId
            && (known.Appointment.Ed25519Key.Span.SequenceEqual(appointment.Ed25519Key.Span) || known.Appointment.MlDsa65Key.Span.SequenceEqual(appointment.MlDsa65Key.Span))) is { } other
            ? Refusal.Conflict("KEY_OF_ANOTHER_OFFICER", $"{other.Appointment.Name} was appointed with the same key: one person could pass for two.", "Let the officer make keys: touchmark keys officer new.")
                .With("officer_id", other.Appointment.OfficerId)
            : null), cancel);

    /// <summary>Takes a revocation of the root.</summary>
    public Task<Outcome<Entered<KeyRevocation>>> RevokeAsync(ReadOnlyMemory<byte> envelope, CancellationToken cancel) => EnterAsync<KeyRevocation>(envelope, OfRoot<KeyRevocation>, async (revocation, _) =>
    {
        var revoked = await index.FindAsync(revocation.RevokedStatement, cancel);
        return (revoked?.Read<OfficerAppointment>()?.OfficerId ?? revoked?.Read<VaultCertificate>()?.VaultId) == revocation.Holder ? null
            : Refusal.Invalid("NOTHING_TO_REVOKE", "The revocation is about no certificate and no appointment in this manifest.", "Revoke the statement that this vault has: touchmark keys root revoke FILE.");
    }, cancel);

    /// <summary>Takes an officer's approval of a firmware image.</summary>
    public Task<Outcome<Entered<FirmwareApproval>>> ApproveAsync(ReadOnlyMemory<byte> envelope, CancellationToken cancel) => EnterAsync<FirmwareApproval>(envelope, OfFirmwareOfficer, (_, _) => default, cancel);

    /// <summary>Takes the manifest of a slicer's build.</summary>
    public Task<Outcome<Entered<SlicerManifest>>> KnowSlicerAsync(StatementPart part, CancellationToken cancel) => EnterAsync<SlicerManifest>(part, OfRootOrSlicerOfficer, (_, _) => default, cancel);

    private Task<Outcome<Entered<T>>> EnterAsync<T>(
        ReadOnlyMemory<byte> envelope, Func<Statement, StatementPart, Desk, Outcome<T>> read, Func<T, OfficerRoll, ValueTask<Refusal?>> judge, CancellationToken cancel)
        where T : class, IDocument<T> => EnterAsync(new StatementPart(envelope, null), read, judge, cancel);

    private async Task<Outcome<Entered<T>>> EnterAsync<T>(
        StatementPart part, Func<Statement, StatementPart, Desk, Outcome<T>> read, Func<T, OfficerRoll, ValueTask<Refusal?>> judge, CancellationToken cancel)
        where T : class, IDocument<T>
    {
        if (!Statement.TryParse(part.Envelope, out var statement, out var problem))
        {
            return Refusal.Invalid("NOT_A_STATEMENT", $"The body is no signed statement: {problem}.", "Send the file as touchmark keys wrote it.");
        }

        if (statement.IsHashEnvelope && part.Document is null)
        {
            return Refusal.Invalid("DOCUMENT_MISSING", "The statement holds only the hash of its document.", "Send the evidence file that holds both, as application/vnd.touchmark.evidence-file+cbor.");
        }

        if (!(await manifest.EnterAsync(cancel)).Has(out var turn, out var refusal))
        {
            return refusal;
        }

        await using (turn)
        {
            if (await index.FindAsync(statement.Sha256, cancel) is { } there && there.Read<T>() is { } known)
            {
                return new Entered<T>(there, known, IsNew: false);
            }

            var roll = await book.RollAsync(cancel);
            if (!read(statement, part, new Desk(turn.Identity, roll, time.GetUtcNow())).Has(out var document, out refusal) || (refusal = await judge(document, roll)) is not null)
            {
                return refusal;
            }

            return (await turn.AppendAsync(new SignedStatement(part.Envelope, part.Document ?? default, IsDetached: statement.IsHashEnvelope))).Has(out var entry, out refusal) ? new Entered<T>(entry, document, IsNew: true) : refusal;
        }
    }

    /// <summary>What of this type the customer's root has signed.</summary>
    private static Outcome<T> OfRoot<T>(Statement statement, StatementPart part, Desk desk)
        where T : class, IDocument<T>
    {
        var verdict = StatementVerifier.Verify<T>(part, desk.Identity.Trust, desk.Now, out var document);
        return document is null ? NotBelieved(verdict) : Customer(document) != desk.Identity.Certificate.CustomerId ? OtherCustomer(Customer(document)) : document;
    }

    private static Outcome<FirmwareApproval> OfFirmwareOfficer(Statement statement, StatementPart part, Desk desk)
    {
        if (desk.Roll.Signer<FirmwareApproval>(part, statement.Issuer, OfficerRole.Firmware, desk.Now) is not { } signed)
        {
            return NotSigned(statement, desk);
        }

        var (officer, approval) = signed;
        if (!officer.IsInOffice(desk.Now))
        {
            // An approval that was dated back looks like one that was signed in time: what counts is when it gets here.
            return Refusal.Forbidden($"{officer.Appointment.Name} is no officer any more.", "Let an officer in office approve the image.").With("officer_id", officer.Appointment.OfficerId);
        }

        var printer = desk.Identity.Certificate.PrinterId;
        return approval.CustomerId != desk.Identity.Certificate.CustomerId ? OtherCustomer(approval.CustomerId)
            : !approval.Covers(approval.ImageSha256.Span, printer) ? Refusal.Invalid("OTHER_PRINTERS", "The approval is for other printers than this one.", "Approve the image for this printer, or for all.").With("printer_id", printer)
            : desk.Roll.VerifiedApprovals(desk.Now).Any(earlier => earlier.Officer.Appointment.OfficerId == officer.Appointment.OfficerId && earlier.Approval.Covers(approval.ImageSha256.Span, printer))
                ? Refusal.Conflict("APPROVED_ALREADY", $"{officer.Appointment.Name} has approved this image already; it takes another officer.", "Let a second officer approve the image.").With("officer_id", officer.Appointment.OfficerId)
            : approval;
    }

    private static Outcome<SlicerManifest> OfRootOrSlicerOfficer(Statement statement, StatementPart part, Desk desk)
    {
        if (statement.Issuer == Issuers.OfCustomer(desk.Identity.Certificate.CustomerId))
        {
            return OfRoot<SlicerManifest>(statement, part, desk);
        }

        return desk.Roll.Signer<SlicerManifest>(part, statement.Issuer, OfficerRole.Slicer, desk.Now) is not { } signed
            ? Refusal.Forbidden($"No slicer officer has signed this manifest: {statement.Issuer} is none that this vault knows, or the signature is another's.", "Let an officer with the role slicer sign it: touchmark slicer manifest.")
            : !signed.Officer.IsInOffice(desk.Now) ? Refusal.Forbidden($"{signed.Officer.Appointment.Name} is no officer any more.", "Let an officer in office sign the manifest.").With("officer_id", signed.Officer.Appointment.OfficerId)
            : signed.Document.CustomerId != desk.Identity.Certificate.CustomerId ? OtherCustomer(signed.Document.CustomerId)
            : signed.Document;
    }

    /// <summary>Why no officer's keys fit: in the order in which a person can do something about it.</summary>
    private static Refusal NotSigned(Statement statement, Desk desk)
    {
        var named = desk.Roll.Officers.Where(officer => Issuers.OfOfficer(officer.Appointment.OfficerId) == statement.Issuer).ToList();
        return named.Count == 0 ? Refusal.Forbidden($"{statement.Issuer} is no officer that this vault knows.", "Enter the appointment by the customer's root first: POST /v3/officers.")
            : !named.Exists(officer => officer.Appointment.Roles.Contains(OfficerRole.Firmware)) ? Refusal.Forbidden($"{named[^1].Appointment.Name} was not appointed to approve firmware.", "Let a firmware officer approve it.")
            : !named.Exists(officer => officer.IsInOffice(desk.Now)) ? Refusal.Forbidden($"{named[^1].Appointment.Name} is no officer any more.", "Let an officer in office approve the image.")
            : Refusal.Invalid("STATEMENT_NOT_BELIEVED", "The approval is not signed by its officer's keys, or was altered.", "Sign it again: touchmark keys officer approve-firmware.");
    }

    private static Refusal NotBelieved(Verdict verdict) => Refusal.Invalid(
        "STATEMENT_NOT_BELIEVED", verdict.Checks.First(check => check.Outcome == CheckOutcome.Failed).Words, "Send what the customer's root has signed: touchmark keys root.");

    private static Refusal OtherCustomer(string customer) => Refusal.Invalid("OTHER_CUSTOMER", $"The statement is of the customer {customer}.", "Send it to a vault of that customer.").With("customer_id", customer);

    private static string Customer<T>(T document) => document switch
    {
        OfficerAppointment appointment => appointment.CustomerId,
        KeyRevocation revocation => revocation.CustomerId,
        SlicerManifest build => build.CustomerId,
        _ => "",
    };

    private sealed record Desk(VaultIdentity Identity, OfficerRoll Roll, DateTimeOffset Now);
}
