using Touchmark.Cryptography;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Verification;

/// <summary>
/// Verifies one statement: both signatures (our policy demands both), by pinned keys of its issuer, over a document of the expected type.
/// It does no I/O and never throws: bytes, trust and time go in, a verdict comes out.
/// </summary>
public static class StatementVerifier
{
    /// <summary>How far the clocks of issuer and verifier may be apart.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);

    /// <summary>What the checks of a statement on its own are about.</summary>
    internal const string Subject = "statement";

    /// <summary>Verifies an envelope, and the document beside it where it is a hash envelope.</summary>
    /// <param name="part">Untrusted bytes.</param>
    /// <param name="trust">Pinned keys.</param>
    /// <param name="now">The verifier's time: nothing may be issued after it.</param>
    /// <param name="document">The document, only when the verdict is valid.</param>
    public static Verdict Verify<T>(StatementPart part, TrustStore trust, DateTimeOffset now, out T? document)
        where T : class, IDocument<T>
    {
        ArgumentNullException.ThrowIfNull(part);
        ArgumentNullException.ThrowIfNull(trust);
        var checks = new Checks();
        var decoded = Open(checks, part, trust, now) is { } statement ? CheckDocument<T>(checks, Subject, statement, part.Document) : null;
        var verdict = checks.Verdict;
        document = verdict.IsValid ? decoded : null;
        return verdict;
    }

    /// <summary>Verifies an envelope whose document may be of any type that this version knows.</summary>
    public static Verdict Verify(StatementPart part, TrustStore trust, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(part);
        ArgumentNullException.ThrowIfNull(trust);
        var checks = new Checks();
        if (Open(checks, part, trust, now) is { } statement)
        {
            CheckDocument(checks, Subject, statement, part.Document);
        }
        return checks.Verdict;
    }

    /// <summary>Takes an envelope apart and checks its signatures; null when it cannot be read.</summary>
    private static Statement? Open(Checks checks, StatementPart part, TrustStore trust, DateTimeOffset now)
    {
        if (!Statement.TryParse(part.Envelope, out var statement, out var problem))
        {
            checks.FailUnreadable("statement.envelope", $"The statement cannot be read: {problem}.");
            return null;
        }
        checks.Pass("statement.envelope", "The statement is a signed envelope in its only encoding.");
        CheckSignatures(checks, Subject, statement, trust, now);
        if (trust.Log is not null)
        {
            checks.Skip(InclusionRules.Id, "A statement on its own does not show that it is in the log: an evidence file does.");
        }
        return statement;
    }

    /// <summary>Checks a document of any type that this version knows; whether it is in order.</summary>
    internal static bool CheckDocument(Checks checks, string subject, Statement statement, ReadOnlyMemory<byte>? beside)
    {
        var type = statement.ContentType;
        return type == PrintCertificate.ContentType ? Is<PrintCertificate>()
            : type == LicenceGrant.ContentType ? Is<LicenceGrant>()
            : type == LicenceRevocation.ContentType ? Is<LicenceRevocation>()
            : type == PrinterEnrolment.ContentType ? Is<PrinterEnrolment>()
            : type == SliceRecord.ContentType ? Is<SliceRecord>()
            : type == CustodianAdmission.ContentType ? Is<CustodianAdmission>()
            : type == CustodyEvent.ContentType ? Is<CustodyEvent>()
            : type == LogAnchor.ContentType ? Is<LogAnchor>()
            : type == Recall.ContentType ? Is<Recall>()
            : type == EvidenceBundle.ContentType ? Is<EvidenceBundle>()
            : type == TwinCertificate.ContentType ? Is<TwinCertificate>()
            : type == VaultKeyRequest.ContentType ? Is<VaultKeyRequest>()
            : type == VaultCertificate.ContentType ? Is<VaultCertificate>()
            : type == OfficerAppointment.ContentType ? Is<OfficerAppointment>()
            : type == KeyRevocation.ContentType ? Is<KeyRevocation>()
            : type == CeremonyRecord.ContentType ? Is<CeremonyRecord>()
            : type == SlicerManifest.ContentType ? Is<SlicerManifest>()
            : type == FirmwareApproval.ContentType ? Is<FirmwareApproval>()
            : type == FindingReview.ContentType ? Is<FindingReview>()
            : type == CertificateEndorsement.ContentType ? Is<CertificateEndorsement>()
            : Is<AuditRecord>();

        bool Is<T>()
            where T : class, IDocument<T> => CheckDocument<T>(checks, subject, statement, beside) is not null;
    }

    /// <summary>The document of a statement, checked against it; null and a failed check when it is not one of this type.</summary>
    internal static T? CheckDocument<T>(Checks checks, string subject, Statement statement, ReadOnlyMemory<byte>? beside)
        where T : class, IDocument<T>
    {
        var id = $"{subject}.document";
        if (statement.IsHashEnvelope != beside is not null)
        {
            checks.Fail(id, beside is null
                ? "The statement holds only the hash of its document, and the document is missing."
                : "There is a document beside a statement that holds its own.");
            return null;
        }
        if (beside is { } separate && !CoseStructures.Sha256(separate).AsSpan().SequenceEqual(statement.Payload.Span))
        {
            checks.Fail(id, "The document is not the one that was signed: its hash differs.",
                ("signed_sha256", Hex(statement.Payload)), ("document_sha256", Hex(CoseStructures.Sha256(separate))));
            return null;
        }
        if (statement.ContentType != T.ContentType)
        {
            checks.Fail(id, "The statement is of another type than expected.", ("expected", T.ContentType), ("found", statement.ContentType));
            return null;
        }
        if (!Document.TryDecode<T>(beside ?? statement.Payload, out var document, out var problem))
        {
            checks.Fail(id, $"The document does not follow its format: {problem}.");
            return null;
        }
        if (!checks.Require(statement.Subject == document.Subject, id, "The document is complete and is what was signed.",
            "The statement names another subject than its document.", ("subject", document.Subject), ("signed_subject", statement.Subject)))
        {
            return null;
        }
        if (document is LogAnchor { TimeStamp: not null })
        {
            checks.Skip($"{subject}.time-stamp", "An authority stamped the time; this program does not check that. openssl ts -verify does, with the authority's certificate.");
        }
        return document;
    }

    internal static void CheckSignatures(Checks checks, string subject, Statement statement, TrustStore trust, DateTimeOffset now)
    {
        CheckSignature(checks, $"{subject}.signature", statement, statement.Primary, trust, now);
        CheckSignature(checks, $"{subject}.shadow-signature", statement, statement.Shadow, trust, now);
        if (statement.IssuedAt is { } issued)
        {
            checks.Require(issued <= now + ClockTolerance, $"{subject}.time", "It was issued before now.", "It claims to have been issued in the future.",
                ("issued_at", Text(issued)), ("now", Text(now)));
        }
        else
        {
            checks.Skip($"{subject}.time", "It does not say when it was issued.");
        }
    }

    private static void CheckSignature(Checks checks, string id, Statement statement, StatementSignature signature, TrustStore trust, DateTimeOffset now)
    {
        var name = TrustStoreJson.NameOf(signature.Algorithm);
        var keyId = Hex(signature.KeyId);
        if (trust.Find(signature.Algorithm, signature.KeyId.Span) is not { } key)
        {
            checks.FailUntrusted(id, $"The {name} signature names key {keyId}, which is not in the trust store.", ("key_id", keyId));
            return;
        }
        if (key.Name != statement.Issuer)
        {
            checks.Fail(id, $"The {name} key {keyId} belongs to {key.Name}, the statement says that {statement.Issuer} issued it.",
                ("key_id", keyId), ("key_name", key.Name), ("issuer", statement.Issuer));
            return;
        }
        var time = statement.IssuedAt ?? now;
        if (!key.IsValidAt(time))
        {
            checks.Fail(id, $"The {name} key {keyId} was not in use at the time of the statement.",
                ("key_id", keyId), ("time", Text(time)), ("valid_from", Text(key.ValidFrom)),
                ("valid_until", key.ValidUntil is { } until ? Text(until) : "open"));
            return;
        }
        if (signature.Algorithm == SignatureAlgorithm.Ed25519 && Ed25519.WhyNotSupported is { } reason)
        {
            checks.Fail(id, $"The Ed25519 signature cannot be checked on this computer: {reason}", ("key_id", keyId));
            return;
        }
        checks.Require(SignatureVerifier.Verify(signature.Algorithm, key.PublicKey.Span, signature.Message.Span, signature.Signature.Span), id,
            $"The {name} signature is {key.Name}'s.", $"The {name} signature is wrong: the statement was altered, or key {keyId} did not sign it.",
            ("key_id", keyId), ("issuer", key.Name));
    }

    internal static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexStringLower(bytes.Span);

    internal static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("O", System.Globalization.CultureInfo.InvariantCulture);
}
