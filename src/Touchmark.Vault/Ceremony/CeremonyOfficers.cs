using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Keys;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Cryptography;

namespace Touchmark.Vault.Ceremony;

/// <summary>The two people of a ceremony: both appointed by the root, each in a role of their own, and not one person twice.</summary>
internal sealed class CeremonyOfficers(CeremonyFolder folder, CeremonyDialog dialog, TimeProvider time)
{
    /// <summary>Takes the appointments of both.</summary>
    public void Gather(TrustStore root, string customerId)
    {
        var custodian = Take(CeremonyFolder.Custodian, "custodian", "The custodian's appointment by the root (file):", OfficerRole.Custodian, root, customerId, other: null);
        Take(CeremonyFolder.Witness, "witness", "The witness's appointment by the root (file):", OfficerRole.Witness, root, customerId, custodian);
    }

    /// <summary>The appointments, as statements for the manifest.</summary>
    public IEnumerable<SignedStatement> Appointments => new[] { CeremonyFolder.Custodian, CeremonyFolder.Witness }.Select(name => Whole(folder.Read(name)!));

    public Guid Custodian => Appointment(CeremonyFolder.Custodian).OfficerId;

    public Guid Witness => Appointment(CeremonyFolder.Witness).OfficerId;

    /// <summary>Lets both sign the record, the custodian first; the witness signs what the custodian has signed.</summary>
    public IEnumerable<SignedStatement> Sign(Func<CeremonyRecord> draft)
    {
        if (folder.Read(CeremonyFolder.CustodianRecord) is null)
        {
            SignWith(CeremonyFolder.CustodianRecord, "custodian-key", "The custodian's key (file; it is read for this one signature):", CeremonyFolder.Custodian, draft());
        }

        if (folder.Read(CeremonyFolder.WitnessRecord) is null)
        {
            SignWith(CeremonyFolder.WitnessRecord, "witness-key", "The witness's key (file; it is read for this one signature):", CeremonyFolder.Witness, Record());
        }

        return [Whole(folder.Read(CeremonyFolder.CustodianRecord)!), Whole(folder.Read(CeremonyFolder.WitnessRecord)!)];
    }

    /// <summary>A statement as it was carried here in a file.</summary>
    public static SignedStatement Whole(byte[] envelope) => new(envelope, default, IsDetached: false);

    private OfficerAppointment Take(string name, string key, string question, OfficerRole role, TrustStore root, string customerId, OfficerAppointment? other)
    {
        var (envelope, appointment) = folder.Read(name) is { } kept ? Check(kept, role, root, customerId, other) : dialog.Ask(key, question, file => Check(
            CeremonyFolder.ReadFile(file) ?? throw new CeremonyRefused($"{file} cannot be read.", "Name the file that touchmark keys root appoint wrote."), role, root, customerId, other));
        if (folder.Read(name) is null)
        {
            folder.Write(name, envelope);
        }

        return appointment;
    }

    private (byte[] Envelope, OfficerAppointment Appointment) Check(byte[] envelope, OfficerRole role, TrustStore root, string customerId, OfficerAppointment? other)
    {
        var now = time.GetUtcNow();
        var verdict = StatementVerifier.Verify<OfficerAppointment>(new StatementPart(envelope, null), root, now, out var appointment);
        return appointment is null
                ? throw new CeremonyRefused($"The appointment is not to be believed: {verdict.Checks.First(check => check.Outcome == CheckOutcome.Failed).Words}", "Take one that this customer's root has signed.")
            : appointment.CustomerId != customerId ? throw new CeremonyRefused($"The appointment is of {appointment.CustomerId}.", $"Take one of {customerId}.")
            : !appointment.Roles.Contains(role) ? throw new CeremonyRefused($"{appointment.Name} was not appointed as {OfficerAppointment.NameOf(role)}.", "Let the root appoint, or call somebody else.")
            : !appointment.Keys.All(known => known.IsValidAt(now)) ? throw new CeremonyRefused($"{appointment.Name} is not in office now.", "Call somebody who is.")
            : other is not null && (other.OfficerId == appointment.OfficerId || other.Ed25519Key.Span.SequenceEqual(appointment.Ed25519Key.Span) || other.MlDsa65Key.Span.SequenceEqual(appointment.MlDsa65Key.Span))
                ? throw new CeremonyRefused($"{appointment.Name} is the custodian already.", "Nobody watches himself: call somebody else.")
            : (envelope, appointment);
    }

    private void SignWith(string name, string key, string question, string appointmentName, CeremonyRecord record)
    {
        var appointment = Appointment(appointmentName);
        dialog.Facts([("Ceremony", $"{CeremonyRecord.NameOf(record.Kind)} of vault {record.VaultId}"), ("Certificate", Convert.ToHexStringLower(record.CertificateSha256.Span)), ("Root", record.RootPin),
            .. record.Steps.Select(step => ($"{step.At:u}", step.What))]);
        folder.Write(name, dialog.Ask(key, $"{appointment.Name} signs this record. {question}", file => SignWith(file, appointment, record)));
    }

    private byte[] SignWith(string file, OfficerAppointment appointment, CeremonyRecord record)
    {
        try
        {
            using var secret = KeyFile.Read(file);
            using var officer = OfficerKeys.Open(secret.Span) ?? throw new InvalidDataException("it is no officer's key.");
            return officer.OfficerId == appointment.OfficerId && officer.Ed25519Key.Span.SequenceEqual(appointment.Ed25519Key.Span) && officer.MlDsa65Key.Span.SequenceEqual(appointment.MlDsa65Key.Span)
                ? officer.Signer.Sign(record, time.GetUtcNow()).Envelope.ToArray()
                : throw new InvalidDataException($"it is not {appointment.Name}'s.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new CeremonyRefused($"The key cannot be used: {error.Message}", $"Name the key file of {appointment.Name}.");
        }
    }

    private CeremonyRecord Record() => Read<CeremonyRecord>(CeremonyFolder.CustodianRecord);

    private OfficerAppointment Appointment(string name) => Read<OfficerAppointment>(name);

    private T Read<T>(string name)
        where T : class, IDocument<T> =>
        folder.Read(name) is { } envelope && Statement.TryParse(envelope, out var statement, out _) && Document.TryDecode<T>(statement.Payload, out var document, out _) ? document
        : throw new CeremonyRefused($"The ceremony's file {name} cannot be read.", "Restore it, or begin the ceremony anew: remove the folder 'ceremony' in the data folder.");
}
