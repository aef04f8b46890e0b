using Touchmark.Cryptography;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Verification.Vault;

/// <summary>
/// What a customer and its officers have signed, as far as it bears on one vault: whose keys count from when to when, which firmware and which slicers they know (spec/bundle.md, Papers).
/// Everything hangs from the pinned root: first what the root itself signs is taken, then <see cref="Settle"/> is called, then what others sign.
/// </summary>
/// <param name="customerId">The customer.</param>
/// <param name="vaultId">The vault.</param>
/// <param name="root">Pinned keys.</param>
/// <param name="now">The verifier's time.</param>
internal sealed class VaultPapers(string customerId, Guid vaultId, TrustStore root, DateTimeOffset now)
{
    private readonly List<(VaultCertificate Certificate, ReadOnlyMemory<byte> Sha256)> _certificates = [];
    private readonly List<(OfficerAppointment Appointment, ReadOnlyMemory<byte> Sha256)> _appointments = [];
    private readonly Dictionary<string, (KeyRevocation Revocation, long? Index)> _revocations = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (FirmwareApproval Approval, string Issuer)> _approvals = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SlicerManifest> _slicers = new(StringComparer.Ordinal);

    private TrustStore? _everybody;

    public string CustomerId => customerId;

    public Guid VaultId => vaultId;

    /// <summary>The keys of everybody: only the root's before <see cref="Settle"/>.</summary>
    public TrustStore Trust => _everybody ?? root;

    public DateTimeOffset Now => now;

    /// <summary>The certificate that came into force last, or null: its keys sign the manifest's newest checkpoint.</summary>
    public VaultCertificate? Newest { get; private set; }

    /// <summary>Whether it is a paper that the root signs.</summary>
    public static bool IsOfRoot(string contentType) =>
        contentType == VaultCertificate.ContentType || contentType == OfficerAppointment.ContentType || contentType == KeyRevocation.ContentType;

    /// <summary>Whether it is a paper that officers sign, or the root.</summary>
    public static bool IsOfOfficers(string contentType) => contentType == FirmwareApproval.ContentType || contentType == SlicerManifest.ContentType;

    /// <summary>Verifies and keeps what <see cref="IsOfRoot"/>.</summary>
    /// <param name="checks">Where the checks go.</param>
    /// <param name="subject">What they are about.</param>
    /// <param name="part">The envelope and what is beside it.</param>
    /// <param name="statement">The same, taken apart.</param>
    public void TakeOfRoot(Checks checks, string subject, StatementPart part, Statement statement)
    {
        CheckIssuer(checks, subject, statement, Issuers.OfCustomer(customerId));
        StatementVerifier.CheckSignatures(checks, subject, statement, root, now);
        if (statement.ContentType == VaultCertificate.ContentType)
        {
            if (Read<VaultCertificate>(checks, subject, part, statement) is { } certificate
                && checks.Require(certificate.CustomerId == customerId && certificate.VaultId == vaultId, $"{subject}.vault", "It certifies the keys of this vault.",
                    "It certifies the keys of another vault.", ("vault_id", certificate.VaultId.ToString()), ("customer_id", certificate.CustomerId)))
            {
                _certificates.Add((certificate, statement.Sha256));
            }
        }
        else if (statement.ContentType == OfficerAppointment.ContentType)
        {
            if (Read<OfficerAppointment>(checks, subject, part, statement) is { } appointment && IsOfCustomer(checks, subject, appointment.CustomerId))
            {
                _appointments.Add((appointment, statement.Sha256));
            }
        }
        else if (Read<KeyRevocation>(checks, subject, part, statement) is { } revocation && IsOfCustomer(checks, subject, revocation.CustomerId))
        {
            var revoked = StatementVerifier.Hex(revocation.RevokedStatement);
            if (!_revocations.TryGetValue(revoked, out var earlier) || revocation.RevokedAt < earlier.Revocation.RevokedAt)
            {
                _revocations[revoked] = (revocation, part.Proof?.Index);
            }
        }
    }

    /// <summary>Works out whose keys count, now that everything that the root signed is known.</summary>
    public void Settle()
    {
        var keys = new List<TrustedKey>(root.Keys);
        foreach (var (certificate, sha256) in _certificates)
        {
            keys.AddRange(Until(certificate.SigningKeys, sha256));
            Newest = Newest is { } newest && newest.ValidFrom > certificate.ValidFrom ? newest : certificate;
        }
        foreach (var (appointment, sha256) in _appointments)
        {
            keys.AddRange(Until(appointment.Keys, sha256));
        }
        _everybody = new(keys);
    }

    /// <summary>Verifies and keeps what <see cref="IsOfOfficers"/>.</summary>
    public void TakeOfOfficers(Checks checks, string subject, StatementPart part, Statement statement)
    {
        StatementVerifier.CheckSignatures(checks, subject, statement, Trust, now);
        var isFirmware = statement.ContentType == FirmwareApproval.ContentType;
        var role = isFirmware ? OfficerRole.Firmware : OfficerRole.Slicer;
        checks.Require(IsOfficer(statement.Issuer, role) || !isFirmware && statement.Issuer == Issuers.OfCustomer(customerId), $"{subject}.issuer",
            $"It is signed by {statement.Issuer}, who may.", $"It is signed by {statement.Issuer}, whom nobody appointed to that.", ("issuer", statement.Issuer), ("role", OfficerAppointment.NameOf(role)));
        var sha256 = StatementVerifier.Hex(statement.Sha256);
        if (isFirmware)
        {
            if (Read<FirmwareApproval>(checks, subject, part, statement) is { } approval && IsOfCustomer(checks, subject, approval.CustomerId))
            {
                _approvals[sha256] = (approval, statement.Issuer);
            }
        }
        else if (Read<SlicerManifest>(checks, subject, part, statement) is { } slicer && IsOfCustomer(checks, subject, slicer.CustomerId))
        {
            _slicers[sha256] = slicer;
        }
    }

    /// <summary>The certificate of the key that made this signature, and its revocation if there is one; null where nobody certified it.</summary>
    public (VaultCertificate Certificate, KeyRevocation? Revocation, long? RevocationIndex)? CertificateOf(StatementSignature signature)
    {
        foreach (var (certificate, sha256) in _certificates)
        {
            var key = certificate.Keys.Primary;
            if (key.Algorithm == signature.Algorithm && signature.KeyId.Span.SequenceEqual(KeyId.Of(key.Algorithm, key.PublicKey.Span)))
            {
                var revoked = _revocations.TryGetValue(StatementVerifier.Hex(sha256), out var found);
                return (certificate, revoked ? found.Revocation : null, found.Index);
            }
        }
        return null;
    }

    public (FirmwareApproval Approval, string Issuer)? Approval(ReadOnlyMemory<byte> sha256) => _approvals.TryGetValue(StatementVerifier.Hex(sha256), out var found) ? found : null;

    public SlicerManifest? Slicer(ReadOnlyMemory<byte> sha256) => _slicers.GetValueOrDefault(StatementVerifier.Hex(sha256));

    /// <summary>Whether whoever signs under this name was appointed in this role. When, the keys' times say.</summary>
    public bool IsOfficer(string issuer, OfficerRole role)
    {
        foreach (var (appointment, _) in _appointments)
        {
            if (issuer == Issuers.OfOfficer(appointment.OfficerId) && appointment.Roles.Contains(role))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Verifies a statement of the vault itself; its document, or null and a failed check.</summary>
    public T? OfVault<T>(Checks checks, string subject, StatementPart part, Statement statement)
        where T : class, IDocument<T>
    {
        CheckIssuer(checks, subject, statement, Issuers.OfVault(vaultId));
        StatementVerifier.CheckSignatures(checks, subject, statement, Trust, now);
        return Read<T>(checks, subject, part, statement);
    }

    public static void CheckIssuer(Checks checks, string subject, Statement statement, string issuer) =>
        checks.Require(statement.Issuer == issuer, $"{subject}.issuer", $"It is a statement of {issuer}.", $"It should be a statement of {issuer}.", ("issuer", statement.Issuer));

    private static T? Read<T>(Checks checks, string subject, StatementPart part, Statement statement)
        where T : class, IDocument<T> => StatementVerifier.CheckDocument<T>(checks, subject, statement, part.Document);

    private bool IsOfCustomer(Checks checks, string subject, string customer) =>
        checks.Require(customer == customerId, $"{subject}.customer", "It is of this customer.", "It is of another customer.", ("customer_id", customer));

    private IEnumerable<TrustedKey> Until(IReadOnlyList<TrustedKey> keys, ReadOnlyMemory<byte> sha256)
    {
        var revoked = _revocations.TryGetValue(StatementVerifier.Hex(sha256), out var found) ? found.Revocation.RevokedAt : DateTimeOffset.MaxValue;
        return keys.Select(key => revoked < (key.ValidUntil ?? DateTimeOffset.MaxValue) ? key with { ValidUntil = revoked } : key);
    }
}
