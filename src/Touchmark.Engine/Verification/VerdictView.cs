using Touchmark.Evidence.Verification;

namespace Touchmark.Engine.Verification;

/// <summary>A verdict as the API gives it. What the file says is to be believed only when the verdict is valid.</summary>
internal sealed record VerdictView(VerdictKind Verdict, IReadOnlyList<VerificationCheck> Checks, string? Part, string? PartId, string? Result, string? Holder, string? InstalledInto, bool? Recalled, bool? Scrapped)
{
    public static VerdictView Of(EvidenceVerdict verdict) => new(
        verdict.Verdict.Kind, verdict.Verdict.Checks, verdict.Certificate?.PartName, verdict.Certificate?.PartId?.ToString(), verdict.Certificate?.Result.ToString().ToLowerInvariant(),
        verdict.Custody?.State?.Holder, verdict.Custody?.State?.InstalledInto, verdict.Custody?.State?.IsRecalled, verdict.Custody?.State?.IsScrapped);
}
