using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Officers;

/// <summary>An appointment in the manifest, and when it was taken back.</summary>
/// <param name="Entry">Its statement.</param>
/// <param name="Appointment">What it says.</param>
/// <param name="RevokedAt">Null while it was not.</param>
internal sealed record Appointed(ManifestEntry Entry, OfficerAppointment Appointment, DateTimeOffset? RevokedAt)
{
    /// <summary>The officer's keys, as long as they count.</summary>
    public TrustStore Keys => new([.. Appointment.Keys.Select(key => RevokedAt < (key.ValidUntil ?? DateTimeOffset.MaxValue) ? key with { ValidUntil = RevokedAt } : key)]);

    /// <summary>Whether the officer is one at this time.</summary>
    public bool IsInOffice(DateTimeOffset at) => Keys.Keys.All(key => key.IsValidAt(at));
}

/// <summary>What the manifest knows of officers: who was appointed to what, whose appointment or certificate was taken back, and which firmware they have approved.</summary>
/// <param name="appointments">As entered, oldest first.</param>
/// <param name="revocations">As entered.</param>
/// <param name="approvals">As entered.</param>
internal sealed class OfficerRoll(IReadOnlyList<ManifestEntry> appointments, IReadOnlyList<ManifestEntry> revocations, IReadOnlyList<ManifestEntry> approvals)
{
    // What has verified once stays so: time only makes statements older.
    private IReadOnlyList<(ManifestEntry, FirmwareApproval, Appointed)>? _verified;

    /// <summary>Everybody who ever was an officer.</summary>
    public IReadOnlyList<Appointed> Officers { get; } = [.. appointments.Select(entry => entry.Read<OfficerAppointment>() is { } appointment
        ? new Appointed(entry, appointment, RevokedAt(revocations, entry.Sha256)) : null).OfType<Appointed>()];

    /// <summary>The approvals with whoever signed them; one that does not verify by keys that counted then is not among them.</summary>
    public IReadOnlyList<(ManifestEntry Entry, FirmwareApproval Approval, Appointed Officer)> VerifiedApprovals(DateTimeOffset now) => _verified ??=
        [.. approvals.Select(entry => Signer<FirmwareApproval>(entry.ToPart(), entry.Statement.Issuer, OfficerRole.Firmware, now) is { } signed ? (entry, signed.Document, signed.Officer) : default).Where(found => found.Item1 is not null)];

    /// <summary>Who signed a statement, if that was an officer in this role whose keys counted when it was signed; and what it says.</summary>
    public (Appointed Officer, T Document)? Signer<T>(StatementPart part, string issuer, OfficerRole role, DateTimeOffset now)
        where T : class, IDocument<T>
    {
        foreach (var officer in Officers.Where(known => Issuers.OfOfficer(known.Appointment.OfficerId) == issuer && known.Appointment.Roles.Contains(role)))
        {
            if (StatementVerifier.Verify<T>(part, officer.Keys, now, out var document).IsValid)
            {
                return (officer, document!);
            }
        }

        return null;
    }

    /// <summary>When a certificate or appointment stopped to count; null while it counts.</summary>
    public DateTimeOffset? RevokedAt(ReadOnlySpan<byte> sha256) => RevokedAt(revocations, sha256);

    /// <summary>With another entry. One that is there already, as after a failure, is not taken again.</summary>
    public OfficerRoll With(ManifestEntry entry) => entry.Statement.ContentType switch
    {
        var type when type == OfficerAppointment.ContentType => new(Add(appointments, entry), revocations, approvals),
        var type when type == KeyRevocation.ContentType => new(appointments, Add(revocations, entry), approvals),
        var type when type == FirmwareApproval.ContentType => new(appointments, revocations, Add(approvals, entry)),
        _ => this,
    };

    private static DateTimeOffset? RevokedAt(IReadOnlyList<ManifestEntry> entered, ReadOnlySpan<byte> sha256)
    {
        DateTimeOffset? earliest = null;
        foreach (var revocation in entered.Select(entry => entry.Read<KeyRevocation>()).OfType<KeyRevocation>())
        {
            if (revocation.RevokedStatement.Span.SequenceEqual(sha256) && !(earliest <= revocation.RevokedAt))
            {
                earliest = revocation.RevokedAt;
            }
        }

        return earliest;
    }

    private static IReadOnlyList<ManifestEntry> Add(IReadOnlyList<ManifestEntry> entries, ManifestEntry entry) => entries.Any(known => known.Index == entry.Index) ? entries : [.. entries, entry];
}
