using Touchmark.Cryptography;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Verification;

/// <summary>One event of a part.</summary>
/// <param name="Event">What it says.</param>
/// <param name="Sha256">SHA-256 of the envelope of its statement.</param>
/// <param name="Custodian">The admission of whoever signed it; null for the registry, and where none was found.</param>
public sealed record CustodyStep(CustodyEvent Event, ReadOnlyMemory<byte> Sha256, CustodianAdmission? Custodian);

/// <summary>The history of a part, whatever the verdict on it: believe it only when that is valid.</summary>
/// <param name="Events">In their order.</param>
/// <param name="State">Where the chain stands; null where there is none, or where it breaks.</param>
/// <param name="Holder">Who has the part: pseudonym, role and region; null where nobody is known to.</param>
public sealed record CustodyRecord(IReadOnlyList<CustodyStep> Events, CustodyState? State, CustodianAdmission? Holder)
{
    internal static CustodyRecord None { get; } = new([], null, null);
}

/// <summary>The verdict on the history of a part.</summary>
public sealed record CustodyVerdict(Verdict Verdict, CustodyRecord Record)
{
    public bool IsValid => Verdict.IsValid;
}

/// <summary>
/// Replays a part's chain of custody from its print certificate on: every signature, every link, every rule (spec/custody.md). The registry of a part is the issuer of its
/// certificate: it alone admits custodians and recalls. It does no I/O and never throws: statements, trust and time go in, a verdict comes out.
/// </summary>
public static class CustodyVerifier
{
    /// <summary>Most statements about one part: each event brings at most an admission and a recall with it.</summary>
    public const int MaxStatements = 3 * CustodyEvent.MaxNumber;

    /// <summary>Verifies the history of a part whose certificate is verified already.</summary>
    /// <param name="certificate">What was printed.</param>
    /// <param name="certificateStatement">The statement that holds it.</param>
    /// <param name="parts">Untrusted: admissions, events and recalls, in any order.</param>
    /// <param name="trust">Pinned keys: those of the registry. Custodians' keys come from admissions.</param>
    /// <param name="now">The verifier's time.</param>
    public static CustodyVerdict Verify(
        PrintCertificate certificate, Statement certificateStatement, IReadOnlyList<StatementPart> parts, TrustStore trust, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        ArgumentNullException.ThrowIfNull(certificateStatement);
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(trust);
        var checks = new Checks();
        if (parts.Count > MaxStatements)
        {
            checks.Fail("custody.length", $"There are {parts.Count} statements about the part, at most {MaxStatements} are read.");
            return new(checks.Verdict, CustodyRecord.None);
        }
        var statements = new List<RelatedStatement>(parts.Count);
        foreach (var part in parts)
        {
            if (!Statement.TryParse(part.Envelope, out var statement, out var problem))
            {
                checks.FailUnreadable("custody.format", $"A statement about the part cannot be read: {problem}.");
                return new(checks.Verdict, CustodyRecord.None);
            }
            statements.Add(new(part, statement));
        }
        var record = Check(checks, certificate, certificateStatement, statements, trust, now);
        return new(checks.Verdict, record);
    }

    /// <summary>The keys by which an admitted custodian signs, in use from the admission on.</summary>
    public static TrustStore KeysOf(CustodianAdmission admission)
    {
        ArgumentNullException.ThrowIfNull(admission);
        var issuer = Pseudonym.IssuerOf(admission.Pseudonym);
        return new([
            new(issuer, SignatureAlgorithm.Ed25519, admission.Ed25519Key, admission.AdmittedAt, null),
            new(issuer, SignatureAlgorithm.MlDsa65, admission.MlDsa65Key, admission.AdmittedAt, null),
        ]);
    }

    /// <summary>The same within the verification of a file that holds more.</summary>
    internal static CustodyRecord Check(
        Checks checks, PrintCertificate certificate, Statement certificateStatement, IReadOnlyList<RelatedStatement> statements,
        TrustStore trust, DateTimeOffset now)
    {
        var events = Of(CustodyEvent.ContentType);
        var admissions = Of(CustodianAdmission.ContentType);
        var recalls = Of(Recall.ContentType);
        if (events.Count > CustodyEvent.MaxNumber)
        {
            checks.Fail("custody.length", $"The part has {events.Count} events, and no part has more than {CustodyEvent.MaxNumber}.");
            return CustodyRecord.None;
        }
        if (events.Count + admissions.Count + recalls.Count < statements.Count)
        {
            checks.Fail("custody.related", "There are statements among those about the part that are neither its events nor admissions of its custodians nor recalls.");
        }
        if (CustodyState.Begin(certificate, certificateStatement.Sha256) is not { } beginning)
        {
            if (statements.Count > 0)
            {
                checks.Fail("custody.part", certificate.PartId is null ? "There are statements about a part, and the certificate names none."
                    : "There are statements about a part, and the print of the certificate was not completed: there is no such part.");
            }
            return CustodyRecord.None;
        }
        var registry = new CustodyRegistry(checks, certificate, certificateStatement.Issuer, trust, now);
        registry.Admit(admissions);
        registry.TakeRecalls(recalls);
        return new CustodyReplay(checks, registry, now).Replay(beginning, events);

        List<RelatedStatement> Of(string contentType) => [.. statements.Where(entry => entry.Statement.ContentType == contentType)];
    }
}
