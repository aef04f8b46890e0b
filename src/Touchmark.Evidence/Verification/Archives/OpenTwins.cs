using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification.Vault;

namespace Touchmark.Evidence.Verification.Archives;

/// <summary>The twins of a manifest that are not complete yet, from draft to bundle to completion.</summary>
internal sealed class OpenTwins
{
    /// <summary>Most of them at a time.</summary>
    private const int MaxOpen = 100_000;

    private readonly Dictionary<string, TwinCertificate> _drafts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (TwinCertificate Draft, EvidenceBundle Bundle)> _built = new(StringComparer.Ordinal);

    /// <summary>A draft, or a completion.</summary>
    public void Take(Checks made, TwinCertificate twin, Statement statement)
    {
        if (twin.AsBuilt is { } built)
        {
            made.Require(_built.Remove(StatementVerifier.Hex(built.BundleSha256), out var open) && TwinRules.CompletionAgrees(twin, open.Draft, open.Bundle, built.BundleSha256.Span),
                "twin.completion", "The twin is complete: as designed, as sliced, as built.", "The completion of the twin does not agree with its draft or with its bundle.", ("twin_id", twin.TwinId.ToString()));
        }
        else if (made.Require(_drafts.Count + _built.Count < MaxOpen, "twin.draft", "It is a draft.", $"More than {MaxOpen} twins were begun and not completed."))
        {
            _drafts[StatementVerifier.Hex(statement.Sha256)] = twin;
        }
    }

    /// <summary>A bundle, which may be that of a twin.</summary>
    public void Take(Checks made, EvidenceBundle bundle, Statement statement)
    {
        if (bundle.TwinCertRef is { } twin
            && made.Require(_drafts.Remove(StatementVerifier.Hex(twin.DraftSha256), out var draft) && TwinRules.DraftAgrees(draft, bundle), "twin.draft",
                "The draft of the twin is of this part.", "The draft of the twin is not in the manifest before the bundle, or is of another part.", ("draft_sha256", StatementVerifier.Hex(twin.DraftSha256))))
        {
            _built[StatementVerifier.Hex(statement.Sha256)] = (draft!, bundle);
        }
    }
}
