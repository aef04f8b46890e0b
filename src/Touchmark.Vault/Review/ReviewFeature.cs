using Touchmark.Hosting.Problems;
using Touchmark.Vault.Access;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Review;

/// <summary>Signals that never decide validity, and what people made of them.</summary>
internal static class ReviewFeature
{
    private const int MostFindings = 200;

    public static void AddReview(this IServiceCollection services)
    {
        services.AddSingleton(provider => new Completeness(provider.GetRequiredService<IConfiguration>()["expect"]));
        services.AddSingleton<ReviewLearner>();
        services.AddSingleton<IManifestIndex>(provider => provider.GetRequiredService<ReviewLearner>());
        services.AddHostedService(provider => provider.GetRequiredService<ReviewLearner>());
        services.AddSingleton<Reviewer>();
        services.AddSingleton<Findings>();
        services.AddSingleton<IManifestIndex>(provider => provider.GetRequiredService<Findings>());
        services.AddSingleton<FindingDesk>();
    }

    public static void MapReview(this WebApplication app)
    {
        var findings = app.MapGroup("/v3/findings").WithTags("Findings");
        findings.MapGet("", ListAsync).For(Role.Any).WithSummary("Findings of the review, the newest first").WithDescription("A finding is a signal with a score of at least 0.5. It decides nothing about the bundle's validity.");
        findings.MapPost("/{bundleId:guid}/{signal}", DecideAsync).For(Role.Reviewer).WithSummary("Accept or reject a finding").WithDescription("The decision and its comment are entered in the manifest, and learned from.");
    }

    private static async Task<IResult> ListAsync(Findings findings, string? state, string? signal, long? before, int? limit, CancellationToken cancel)
    {
        FindingState? wanted = state switch { null => null, "open" => FindingState.Open, "accepted" => FindingState.Accepted, "rejected" => FindingState.Rejected, _ => (FindingState)(-1) };
        if (wanted is { } unknown && !Enum.IsDefined(unknown))
        {
            return Refusal.Invalid("STATE_UNKNOWN", "A finding is open, accepted or rejected.", "Leave state out for all of them.");
        }

        var found = await findings.ListAsync(wanted, signal, before, Math.Clamp(limit ?? 50, 1, MostFindings), cancel);
        return Results.Ok(new FindingList([.. found.Select(FindingView.Of)]));
    }

    private static async Task<IResult> DecideAsync(FindingDesk desk, Caller caller, Guid bundleId, string signal, DecisionForm form, CancellationToken cancel)
    {
        if (form.Decision is not ("accept" or "reject"))
        {
            return Refusal.Invalid("DECISION_UNKNOWN", "A decision is accept or reject.", "Send decision as one of the two.");
        }

        if (!PlainText.TryAccept(form.Comment, FindingDesk.MaxComment, out var comment))
        {
            return PlainText.Refuse("comment", FindingDesk.MaxComment);
        }

        var who = caller.Name;
        if (form.For is not null)
        {
            // A gateway hands on what somebody signed in elsewhere has decided; who handed it on is known, and for whom is what it says.
            if (!PlainText.TryAccept(form.For, FindingDesk.MaxFor, out var absent))
            {
                return PlainText.Refuse("for", FindingDesk.MaxFor);
            }

            who = $"{who} for {absent}";
        }

        return (await desk.DecideAsync(bundleId, signal, form.Decision == "accept", comment, who, cancel)).ToResult(decided => Results.Ok(FindingView.Of(decided.Finding) with { Statement = decided.Statement.ToArray() }));
    }

    /// <param name="Decision"><c>accept</c> or <c>reject</c>.</param>
    /// <param name="Comment">Why, in words.</param>
    /// <param name="For">Who decided, where the caller only hands it on.</param>
    internal sealed record DecisionForm(string? Decision, string? Comment, string? For = null);

    internal sealed record FindingList(IReadOnlyList<FindingView> Findings);

    internal sealed record FindingView(
        Guid BundleId, string Signal, long LogIndex, string JobId, double Score, string Reason, DateTimeOffset SignedAt, string State, string? Reviewer, string? Comment, DateTimeOffset? DecidedAt)
    {
        /// <summary>The signed decision; in the answer to it alone.</summary>
        public byte[]? Statement { get; init; }

        public static FindingView Of(Finding finding) => new(
            finding.BundleId, finding.Signal, finding.LogIndex, finding.JobId, finding.Score, finding.Reason, finding.SignedAt, finding.State.ToString().ToLowerInvariant(), finding.Reviewer, finding.Comment, finding.DecidedAt);
    }
}
