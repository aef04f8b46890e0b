using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Vault.Access;

namespace Touchmark.Vault.Verification;

/// <summary>Verifies evidence for whoever asks.</summary>
internal static class VerificationFeature
{
    public static void AddVerification(this IServiceCollection services) => services.AddSingleton<VerificationDesk>();

    public static void MapVerification(this WebApplication app) => app.MapPost("/v3/verify", VerifyAsync).ForEverybody().WithTags("verification")
        .WithSummary("Verifies an evidence file against the customer's root. It changes nothing, and asks nobody.")
        .Accepts<byte[]>(EvidenceFile.MediaType, "application/cbor", "application/octet-stream").Produces<VerdictAnswer>().ProducesProblem(413).ProducesProblem(503);

    private static async Task<IResult> VerifyAsync(HttpContext context, VerificationDesk desk, CancellationToken cancel) =>
        (await desk.VerifyAsync(context, cancel)).ToResult(verdict => Results.Json(VerdictAnswer.Of(verdict)));
}

/// <summary>What came of a verification.</summary>
/// <param name="Verdict">valid, invalid, untrusted_key or unreadable.</param>
/// <param name="Valid">The same in one word.</param>
/// <param name="Problem">MANIFEST_TOO_OLD where nothing tells what has happened since; absent otherwise.</param>
/// <param name="Checks">All that was looked at.</param>
internal sealed record VerdictAnswer(VerdictKind Verdict, bool Valid, string? Problem, IReadOnlyList<VerificationCheck> Checks)
{
    private const string Age = "manifest.age";

    public static VerdictAnswer Of(Verdict verdict) => new(
        verdict.Kind, verdict.IsValid, verdict.Checks.Any(check => check is { Id: Age, Outcome: CheckOutcome.Failed }) ? "MANIFEST_TOO_OLD" : null, verdict.Checks);
}
