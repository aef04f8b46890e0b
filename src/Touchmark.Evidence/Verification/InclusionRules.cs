using System.Globalization;
using Touchmark.Evidence.Statements;
using Touchmark.Log.Notes;
using Touchmark.Log.Tree;
using Touchmark.Log.Verification;

namespace Touchmark.Evidence.Verification;

/// <summary>Whether the statements of a file are in a log that is believed. The checkpoint's signatures are checked once for all of them.</summary>
internal static class InclusionRules
{
    public const string Id = "log.inclusion";

    public static void Check(Checks checks, EvidenceFile file, TrustStore trust, DateTimeOffset now, TimeSpan? maximumAge)
    {
        if (trust.Log is not { Policy: var policy })
        {
            checks.Skip(Id, "The trust names no log, so whether the statements are in one was not checked.");
            return;
        }
        if (file.Checkpoint is not { Checkpoint: var head } signed)
        {
            checks.Fail(Id, "The file holds no checkpoint of the log, and the trust asks for one: ask for a newer file.");
            return;
        }
        foreach (var check in LogVerifier.Verify(signed, policy, now, new(maximumAge)).Checks)
        {
            checks.Take(check);
        }
        CheckProofs(checks, file, head, []);
    }

    /// <summary>Whether every statement of the file but those <paramref name="except"/> is in the tree of this head.</summary>
    public static void CheckProofs(Checks checks, EvidenceFile file, Checkpoint head, IEnumerable<StatementPart> except)
    {
        List<StatementPart> parts = [file.Subject, .. file.Related.Except(except)];
        var missing = parts.Where(part => !IsIncluded(part, head.Size, head.Root)).ToList();
        checks.Require(missing.Count == 0, Id, $"Every statement of the file is in the log ({parts.Count} of {parts.Count}).",
            $"{missing.Count} of the file's {parts.Count} statements are not shown to be in the log: they or their proofs were altered or left out, or do not belong together.",
            ("size", head.Size.ToString(CultureInfo.InvariantCulture)), ("root", head.Root.ToString()),
            ("missing_sha256", string.Join(' ', missing.Take(8).Select(part => StatementVerifier.Hex(CoseStructures.Sha256(part.Envelope))))));
    }

    private static bool IsIncluded(StatementPart part, long size, TreeHash root) =>
        part.Proof is { } proof && TreeProof.VerifyInclusion(TreeHash.OfLeaf(part.Envelope.Span), proof.Index, size, proof.Hashes, root);
}
