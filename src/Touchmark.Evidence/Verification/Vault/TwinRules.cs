using Touchmark.Evidence.Documents.Vault;

namespace Touchmark.Evidence.Verification.Vault;

/// <summary>Whether a bundle, the draft of its twin and the completion say the same of each other (spec/bundle.md, Twin certificate).</summary>
internal static class TwinRules
{
    /// <summary>Whether the draft that a bundle names is one of the twin, and of the toolpath that was printed where it says which.</summary>
    public static bool DraftAgrees(TwinCertificate draft, EvidenceBundle bundle) =>
        !draft.IsComplete && draft.TwinId == bundle.TwinCertRef?.TwinId && draft.CustomerId == bundle.CustomerId && draft.MadeAt <= bundle.SignedAt
        && (draft.AsSliced is not { } sliced || sliced.GCodeSha256.Span.SequenceEqual(bundle.GCodeSha256.Span));

    /// <summary>Whether the completion is of this bundle and of the draft that the bundle names.</summary>
    public static bool CompletionAgrees(TwinCertificate completion, TwinCertificate draft, EvidenceBundle bundle, ReadOnlySpan<byte> bundleSha256) =>
        completion is { IsComplete: true, AsBuilt: { } built, AsSliced: { } sliced } && completion.TwinId == draft.TwinId && completion.CustomerId == draft.CustomerId
        && completion.DraftSha256.GetValueOrDefault().Span.SequenceEqual(bundle.TwinCertRef!.DraftSha256.Span)
        && built.BundleId == bundle.BundleId && built.BundleSha256.Span.SequenceEqual(bundleSha256)
        && sliced.GCodeSha256.Span.SequenceEqual(bundle.GCodeSha256.Span) && IsSame(completion.AsDesigned, draft.AsDesigned);

    private static bool IsSame(AsDesigned one, AsDesigned other) =>
        one.ModelSha256.Span.SequenceEqual(other.ModelSha256.Span) && one.Name == other.Name && one.Revision == other.Revision
        && one.ProfileSha256.HasValue == other.ProfileSha256.HasValue
        && one.ProfileSha256.GetValueOrDefault().Span.SequenceEqual(other.ProfileSha256.GetValueOrDefault().Span);
}
