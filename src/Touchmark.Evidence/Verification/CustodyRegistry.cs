using Touchmark.Cryptography;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Verification;

/// <summary>What the registry of one part has signed: who its custodians are, and by which keys, and which recalls cover it.</summary>
/// <param name="checks">Where the checks go.</param>
/// <param name="certificate">The print certificate of the part.</param>
/// <param name="issuer">Its issuer: the registry.</param>
/// <param name="trust">Pinned keys.</param>
/// <param name="now">The verifier's time.</param>
internal sealed class CustodyRegistry(Checks checks, PrintCertificate certificate, string issuer, TrustStore trust, DateTimeOffset now)
{
    private readonly Dictionary<string, CustodianAdmission> _custodians = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Recall> _recalls = new(StringComparer.Ordinal);

    /// <summary>The recalls that cover the part, by the hash of their statement in hexadecimal.</summary>
    public IReadOnlyDictionary<string, Recall> Recalls => _recalls;

    public CustodianAdmission? Find(string pseudonym) => _custodians.GetValueOrDefault(pseudonym);

    public void Admit(List<RelatedStatement> statements)
    {
        for (var index = 0; index < statements.Count; index++)
        {
            var (part, statement) = statements[index];
            var subject = $"admission-{index + 1}";
            CheckSigned(subject, statement);
            if (StatementVerifier.CheckDocument<CustodianAdmission>(checks, subject, statement, part.Document) is not { } admission)
            {
                continue;
            }
            if (checks.Require(admission.PartId == certificate.PartId, $"{subject}.part", $"It admits {admission.Pseudonym} as {Describe(admission)}, to this part.",
                    $"It admits a custodian to part {admission.PartId}, and this is part {certificate.PartId}.", ("part_id", admission.PartId.ToString()))
                && !_custodians.TryAdd(admission.Pseudonym, admission))
            {
                checks.Fail($"{subject}.once", $"{admission.Pseudonym} is admitted to this part twice.", ("pseudonym", admission.Pseudonym));
            }
        }
    }

    public void TakeRecalls(List<RelatedStatement> statements)
    {
        for (var index = 0; index < statements.Count; index++)
        {
            var (part, statement) = statements[index];
            var subject = $"recall-{index + 1}";
            CheckSigned(subject, statement);
            if (StatementVerifier.CheckDocument<Recall>(checks, subject, statement, part.Document) is { } recall
                && checks.Require(recall.Covers(certificate), $"{subject}.covers", $"{recall.By} recalled parts of which this is one: {recall.Reason}",
                    "The recall is of other parts than this one.", ("recall_id", recall.RecallId.ToString("D"))))
            {
                if (!_recalls.TryAdd(StatementVerifier.Hex(statement.Sha256), recall))
                {
                    checks.Fail($"{subject}.once", "The recall is there twice.", ("recall_id", recall.RecallId.ToString("D")));
                }
            }
        }
    }

    /// <summary>Whether it is the registry's own statement: signed by pinned keys, of the issuer of the certificate.</summary>
    public void CheckSigned(string subject, Statement statement)
    {
        checks.Require(statement.Issuer == issuer, $"{subject}.registry", "It is a statement of the registry of this part, which issued its certificate.",
            "It is not a statement of the registry of this part, which issued its certificate: another registry has no say in it.", ("issuer", statement.Issuer), ("registry", issuer));
        StatementVerifier.CheckSignatures(checks, subject, statement, trust, now);
    }

    /// <summary>Whether a custodian admitted to this part signed the event, after the admission; the admission, or null where there is none.</summary>
    public CustodianAdmission? CheckCustodian(string subject, Statement statement, CustodyEvent link)
    {
        var id = $"{subject}.custodian";
        if (Find(link.Custodian) is not { } admission)
        {
            checks.Fail(id, $"There is no admission of custodian {link.Custodian}: nobody says who that is.", ("pseudonym", link.Custodian));
            return null;
        }
        if (!IsKeyOf(SignatureAlgorithm.Ed25519, admission.Ed25519Key, statement.Primary) || !IsKeyOf(SignatureAlgorithm.MlDsa65, admission.MlDsa65Key, statement.Shadow))
        {
            checks.Fail(id, $"It is signed by other keys than those with which {link.Custodian} was admitted.", ("pseudonym", link.Custodian));
            return admission;
        }
        checks.Require(admission.AdmittedAt <= link.At, id, $"{link.Custodian} is {Describe(admission)}, admitted by the registry.",
            $"{link.Custodian} was admitted to this part only after the event.",
            ("pseudonym", link.Custodian), ("admitted_at", StatementVerifier.Text(admission.AdmittedAt)), ("at", StatementVerifier.Text(link.At)));
        StatementVerifier.CheckSignatures(checks, subject, statement, CustodyVerifier.KeysOf(admission), now);
        return admission;
    }

    /// <summary>Role and region, for a sentence.</summary>
    public static string Describe(CustodianAdmission admission) => $"{CustodianAdmission.NameOf(admission.Role)} in {admission.Region}";

    private static bool IsKeyOf(SignatureAlgorithm algorithm, ReadOnlyMemory<byte> publicKey, StatementSignature signature) =>
        signature.Algorithm == algorithm && signature.KeyId.Span.SequenceEqual(KeyId.Of(algorithm, publicKey.Span));
}
