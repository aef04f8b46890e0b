using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification.Vault;

namespace Touchmark.Evidence.Verification;

/// <summary>The verdict on an evidence file, and what the file says where it could be read.</summary>
/// <param name="Verdict">All checks.</param>
/// <param name="Certificate">What the certificate says, whatever the verdict: believe it only when that is valid. Null when it cannot be read, or the file is about another statement.</param>
/// <param name="Licence">Its licence, under the same proviso.</param>
/// <param name="Enrolment">Its printer, under the same proviso.</param>
/// <param name="Slice">Its toolpath, under the same proviso.</param>
/// <param name="Custody">What happened to the part since, under the same proviso.</param>
public sealed record EvidenceVerdict(
    Verdict Verdict, PrintCertificate? Certificate, LicenceGrant? Licence, PrinterEnrolment? Enrolment, SliceRecord? Slice, CustodyRecord? Custody)
{
    public bool IsValid => Verdict.IsValid;

    /// <summary>What the bundle says where the file is about one, under the same proviso.</summary>
    public EvidenceBundle? Bundle { get; init; }

    /// <summary>The certificate of the vault that signed the bundle, under the same proviso.</summary>
    public VaultCertificate? Vault { get; init; }
}

/// <summary>
/// Verifies an evidence file: each of its statements, that they are the ones that the certificate refers to, that the print kept to them, what happened to the part since, and that all of them are in the log.
/// It does no I/O and never throws: bytes, trust and time go in, a verdict comes out.
/// </summary>
public static class EvidenceVerifier
{
    /// <summary>Verifies untrusted bytes.</summary>
    /// <param name="fileBytes">The file.</param>
    /// <param name="trust">Pinned keys, and the log that statements have to be in.</param>
    /// <param name="now">The verifier's time.</param>
    /// <param name="maximumAge">How long ago witnesses may have seen the log's checkpoint; null when its age does not matter.</param>
    public static EvidenceVerdict Verify(ReadOnlyMemory<byte> fileBytes, TrustStore trust, DateTimeOffset now, TimeSpan? maximumAge = null)
    {
        ArgumentNullException.ThrowIfNull(trust);
        var run = new Run(trust, now);
        return EvidenceFile.TryDecode(fileBytes, out var file, out var problem) ? run.Verify(file, maximumAge) : run.Unreadable(problem);
    }

    /// <summary>What is left has no place here, be it a stray statement, one that stands there twice, or one of a type that this version does not know.</summary>
    internal static void CheckNothingElse(Checks checks, List<RelatedStatement> left)
    {
        if (left.Count > 0)
        {
            checks.Fail("file.related", "The file holds statements that its first one does not refer to, or of types that this program does not know.",
                ("statements", string.Join(' ', left.Take(8).Select(other => StatementVerifier.Hex(other.Statement.Sha256)))),
                ("types", string.Join(' ', left.Select(other => other.Statement.ContentType).Distinct(StringComparer.Ordinal).Take(8))));
        }
    }

    private sealed class Run(TrustStore trust, DateTimeOffset now)
    {
        private readonly Checks _checks = new();
        private readonly List<RelatedStatement> _related = [];
        private LicenceGrant? _licence;
        private PrinterEnrolment? _enrolment;
        private SliceRecord? _slice;
        private CustodyRecord? _custody;

        public EvidenceVerdict Unreadable(string problem)
        {
            _checks.FailUnreadable("file.format", $"The file cannot be read: {problem}.");
            return new(_checks.Verdict, null, null, null, null, null);
        }

        public EvidenceVerdict Verify(EvidenceFile file, TimeSpan? maximumAge)
        {
            if (!Statement.TryParse(file.Subject.Envelope, out var statement, out var problem))
            {
                return Unreadable($"the statement that it is about: {problem}");
            }
            foreach (var part in file.Related)
            {
                if (!Statement.TryParse(part.Envelope, out var other, out problem))
                {
                    return Unreadable($"a statement beside that which it is about: {problem}");
                }
                _related.Add(new(part, other));
            }
            _checks.Pass("file.format", "The file is an evidence file in its only encoding.");
            if (statement.ContentType == EvidenceBundle.ContentType)
            {
                var (bundle, vault) = new BundleVerifier(_checks, file, _related, trust, now).Verify(statement, maximumAge);
                return new(_checks.Verdict, null, null, null, null, null) { Bundle = bundle, Vault = vault };
            }
            var certificate = statement.ContentType == PrintCertificate.ContentType ? CheckCertificate(statement, file.Subject.Document) : null;
            if (statement.ContentType != PrintCertificate.ContentType)
            {
                StatementVerifier.CheckSignatures(_checks, StatementVerifier.Subject, statement, trust, now);
                if (StatementVerifier.CheckDocument(_checks, StatementVerifier.Subject, statement, file.Subject.Document))
                {
                    CheckNothingElse(_checks, _related);
                }
            }
            InclusionRules.Check(_checks, file, trust, now, maximumAge);
            return new(_checks.Verdict, certificate, _licence, _enrolment, _slice, _custody);
        }

        private PrintCertificate? CheckCertificate(Statement statement, ReadOnlyMemory<byte>? document)
        {
            StatementVerifier.CheckSignatures(_checks, "certificate", statement, trust, now);
            var certificate = StatementVerifier.CheckDocument<PrintCertificate>(_checks, "certificate", statement, document);
            if (certificate is not null)
            {
                CheckSession(statement);
                CheckRelated(certificate);
                CheckCustody(certificate, statement);
                EndorsementRules.Check(_checks, certificate, statement, _related, trust, now);
                CheckNothingElse(_checks, _related);
            }
            return certificate;
        }

        private void CheckSession(Statement statement)
        {
            if (statement.SessionMac is { } mac)
            {
                _checks.Skip("certificate.session-code",
                    "The session's authentication code can only be checked by the engine and the gateway of that session, which hold its key.",
                    ("session_mac", StatementVerifier.Hex(mac)));
            }
            else
            {
                _checks.Fail("certificate.session-code", "The certificate lacks its session's authentication code.");
            }
        }

        private void CheckRelated(PrintCertificate certificate)
        {
            _licence = Referenced<LicenceGrant>("licence", "licence grant", certificate.LicenceStatement);
            _enrolment = Referenced<PrinterEnrolment>("enrolment", "printer's enrolment", certificate.EnrolmentStatement);
            _slice = Referenced<SliceRecord>("slice", "slice record", certificate.SliceStatement);
            if (_licence is not null)
            {
                LicenceRules.Check(_checks, certificate, _licence);
            }
            if (_enrolment is not null)
            {
                MachineRules.Check(_checks, certificate, _enrolment);
            }
            if (_slice is not null)
            {
                SliceRules.Check(_checks, certificate, _slice);
            }
            CheckRevocation(certificate);
        }

        private void CheckCustody(PrintCertificate certificate, Statement statement)
        {
            var custody = _related.FindAll(IsOfCustody);
            _related.RemoveAll(IsOfCustody);
            _custody = CustodyVerifier.Check(_checks, certificate, statement, custody, trust, now);

            static bool IsOfCustody(RelatedStatement other) =>
                other.Statement.ContentType == CustodyEvent.ContentType || other.Statement.ContentType == CustodianAdmission.ContentType || other.Statement.ContentType == Recall.ContentType;
        }

        /// <summary>Takes the statement with this hash out of those that are left; a failed check and null when it is not there or not valid.</summary>
        private T? Referenced<T>(string subject, string name, ReadOnlyMemory<byte> sha256)
            where T : class, IDocument<T>
        {
            var at = _related.FindIndex(other => other.Statement.Sha256.Span.SequenceEqual(sha256.Span));
            if (!_checks.Require(at >= 0, $"{subject}.reference", $"The {name} is the one that the certificate refers to.",
                $"The file does not hold the {name} that the certificate refers to.", ("statement_sha256", StatementVerifier.Hex(sha256))))
            {
                return null;
            }
            return Take<T>(subject, at);
        }

        private void CheckRevocation(PrintCertificate certificate)
        {
            var at = _related.FindIndex(other => other.Statement.ContentType == LicenceRevocation.ContentType);
            if (at < 0)
            {
                _checks.Skip("licence.revocation",
                    "The file holds no revocation of the licence. Whether there is one that the file leaves out, only the engine can tell.");
                return;
            }
            if (Take<LicenceRevocation>("revocation", at) is { } revocation)
            {
                _checks.Require(revocation.LicenceId == certificate.LicenceId
                    && revocation.LicenceStatement.Span.SequenceEqual(certificate.LicenceStatement.Span),
                    "revocation.reference", "The revocation is of this licence.",
                    "The revocation is of another licence.", ("licence_id", revocation.LicenceId.ToString()));
                _checks.Require(revocation.RevokedAt > certificate.StartedAt, "licence.revocation",
                    "The licence was revoked only after the print had started.", "The licence was revoked before the print started.",
                    ("revoked_at", StatementVerifier.Text(revocation.RevokedAt)), ("started_at", StatementVerifier.Text(certificate.StartedAt)));
            }
        }

        private T? Take<T>(string subject, int at)
            where T : class, IDocument<T>
        {
            var (part, statement) = _related[at];
            _related.RemoveAt(at);
            StatementVerifier.CheckSignatures(_checks, subject, statement, trust, now);
            return StatementVerifier.CheckDocument<T>(_checks, subject, statement, part.Document);
        }
    }
}
