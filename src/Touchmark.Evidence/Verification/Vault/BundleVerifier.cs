using System.Globalization;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Verification.Vault;

/// <summary>Verifies an evidence file that is about a vault's bundle: nothing but the customer's root is pinned, all other keys come out of what it signed (spec/bundle.md).</summary>
internal sealed class BundleVerifier(Checks checks, EvidenceFile file, IReadOnlyList<RelatedStatement> related, TrustStore trust, DateTimeOffset now)
{
    private readonly List<RelatedStatement> _left = [.. related];
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private LogAnchor? _anchor;

    /// <summary>The bundle and the certificate of its vault, whatever the verdict; null where they cannot be read.</summary>
    public (EvidenceBundle? Bundle, VaultCertificate? Certificate) Verify(Statement statement, TimeSpan? maximumAge)
    {
        if (StatementVerifier.CheckDocument<EvidenceBundle>(checks, "bundle", statement, file.Subject.Document) is not { } bundle)
        {
            return default;
        }
        var papers = new VaultPapers(bundle.CustomerId, bundle.VaultId, trust, now);
        TakeAll(VaultPapers.IsOfRoot, papers.TakeOfRoot);
        papers.Settle();
        VaultPapers.CheckIssuer(checks, "bundle", statement, Issuers.OfVault(bundle.VaultId));
        StatementVerifier.CheckSignatures(checks, "bundle", statement, papers.Trust, now);
        TakeAll(VaultPapers.IsOfOfficers, papers.TakeOfOfficers);
        BundleRules.Check(checks, bundle, statement, file.Subject.Proof?.Index, papers);
        CheckPrevious(bundle);
        CheckTwin(bundle, statement, papers);
        TakeAll(type => type == FindingReview.ContentType, (made, subject, part, other) => TakeReview(made, subject, part, other, papers, bundle, statement));
        TakeAll(type => type == LogAnchor.ContentType, (made, subject, part, other) => TakeAnchor(made, subject, part, other, papers));
        EvidenceVerifier.CheckNothingElse(checks, _left);
        CheckManifest(papers, maximumAge);
        return (bundle, papers.CertificateOf(statement.Primary)?.Certificate);
    }

    private void TakeAll(Func<string, bool> isWanted, Action<Checks, string, StatementPart, Statement> take)
    {
        foreach (var (part, statement) in _left.FindAll(other => isWanted(other.Statement.ContentType)))
        {
            take(checks, Name(statement.ContentType), part, statement);
        }
        _left.RemoveAll(other => isWanted(other.Statement.ContentType));
    }

    /// <summary>What the checks of a statement beside the bundle are about: its kind, and which of that kind.</summary>
    private string Name(string contentType)
    {
        var kind = contentType == VaultCertificate.ContentType ? "vault"
            : contentType == OfficerAppointment.ContentType ? "officer"
            : contentType == KeyRevocation.ContentType ? "revocation"
            : contentType == FirmwareApproval.ContentType ? "approval"
            : contentType == SlicerManifest.ContentType ? "slicer"
            : contentType == FindingReview.ContentType ? "review"
            : "anchor";
        var number = _counts[kind] = _counts.GetValueOrDefault(kind) + 1;
        return string.Create(CultureInfo.InvariantCulture, $"{kind}-{number}");
    }

    /// <summary>The bundle names the one before by its hash, which is all the proof that it needs.</summary>
    private void CheckPrevious(EvidenceBundle bundle)
    {
        const string Id = "bundle.previous";
        if (bundle.Previous is not { } sha256)
        {
            checks.Pass(Id, "It is the vault's first bundle.");
        }
        else if (_left.TakeFirst(other => other.Statement.Sha256.Span.SequenceEqual(sha256.Span)) is not { } previous)
        {
            checks.Skip(Id, "The bundle before it is not in the file. That the chain is whole, an archive shows.");
        }
        else if (StatementVerifier.CheckDocument<EvidenceBundle>(checks, "previous", previous.Statement, previous.Part.Document) is { } before)
        {
            checks.Require(before.VaultId == bundle.VaultId && before.MachineCounter < bundle.MachineCounter && before.SignedAt <= bundle.SignedAt, Id,
                $"It follows the bundle before it, at counter value {bundle.MachineCounter} after {before.MachineCounter}.", "The bundle before it has a later time or counter, or is another vault's.",
                ("counter", Figure(bundle.MachineCounter)), ("previous_counter", Figure(before.MachineCounter)));
        }
    }

    private void CheckTwin(EvidenceBundle bundle, Statement statement, VaultPapers papers)
    {
        if (bundle.TwinCertRef is not { } twin)
        {
            checks.Skip("twin.draft", "The bundle names no twin.");
            return;
        }
        if (_left.TakeFirst(other => other.Statement.Sha256.Span.SequenceEqual(twin.DraftSha256.Span)) is not { } draftPart)
        {
            checks.Fail("twin.draft", "The file does not hold the draft of the twin that the bundle names.", ("draft_sha256", StatementVerifier.Hex(twin.DraftSha256)));
            return;
        }
        if (papers.OfVault<TwinCertificate>(checks, "draft", draftPart.Part, draftPart.Statement) is not { } draft
            || !checks.Require(TwinRules.DraftAgrees(draft, bundle), "twin.draft", "The draft of the twin is of this part.", "The draft of the twin is of another part than the bundle.",
                ("twin_id", draft.TwinId.ToString())))
        {
            return;
        }
        if (_left.TakeFirst(other => other.Statement.ContentType == TwinCertificate.ContentType) is not { } completionPart)
        {
            checks.Skip("twin.completion", "The file holds no completion of the twin.");
        }
        else if (papers.OfVault<TwinCertificate>(checks, "completion", completionPart.Part, completionPart.Statement) is { } completion)
        {
            checks.Require(TwinRules.CompletionAgrees(completion, draft, bundle, statement.Sha256.Span), "twin.completion", "The twin is complete: as designed, as sliced, as built.",
                "The completion of the twin does not agree with its draft or with the bundle.", ("twin_id", completion.TwinId.ToString()));
        }
    }

    private static void TakeReview(Checks checks, string subject, StatementPart part, Statement statement, VaultPapers papers, EvidenceBundle bundle, Statement bundleStatement)
    {
        if (papers.OfVault<FindingReview>(checks, subject, part, statement) is { } review)
        {
            checks.Require(review.BundleSha256.Span.SequenceEqual(bundleStatement.Sha256.Span) && review.BundleId == bundle.BundleId, $"{subject}.bundle",
                $"{review.Reviewer} {(review.Accepts ? "accepted" : "rejected")} the finding {review.Signal}: {review.Comment}", "The review is of another bundle.", ("bundle_id", review.BundleId.ToString()));
        }
    }

    private void TakeAnchor(Checks made, string subject, StatementPart part, Statement statement, VaultPapers papers)
    {
        if (papers.OfVault<LogAnchor>(made, subject, part, statement) is { } anchor
            && made.Require(anchor.Origin == Issuers.ManifestOrigin(papers.CustomerId, papers.VaultId), $"{subject}.origin", "It is an anchor of this manifest.",
                "It is an anchor of another log.", ("origin", anchor.Origin))
            && !(anchor.At < _anchor?.At))
        {
            _anchor = anchor;
        }
    }

    private void CheckManifest(VaultPapers papers, TimeSpan? maximumAge)
    {
        if (file.Checkpoint is not { } checkpoint || papers.Newest is not { } newest)
        {
            checks.Fail(InclusionRules.Id, "The file holds no checkpoint of the vault's manifest, or no certificate of the keys that sign it: ask for a newer file.");
            return;
        }
        ManifestRules.CheckHead(checks, checkpoint, newest, now);
        InclusionRules.CheckProofs(checks, file, checkpoint.Checkpoint, related.Where(other => other.Statement.ContentType == KeyRevocation.ContentType && other.Part.Proof is null).Select(other => other.Part));
        ManifestRules.CheckAge(checks, _anchor, now, maximumAge);
    }

    private static string Figure(long value) => value.ToString(CultureInfo.InvariantCulture);
}
