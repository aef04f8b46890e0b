using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Vault.Manifest;
using Touchmark.Vault.Tests.Server;
using Role = Touchmark.Vault.Access.Role;

namespace Touchmark.Vault.Tests.Review;

public sealed class FindingTests
{
    [Fact]
    public async Task A_reviewers_decision_is_a_statement_in_the_manifest_with_its_comment()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var bundle = (await caller.SignAsync(new { job_id = "job 1" })).IsGood().BundleId;
        var finding = Assert.Single((await caller.GetAsync("/v3/findings?state=open")).IsGood()["findings"].EnumerateArray());
        Assert.Equal((bundle, "bundle-completeness"), (finding.GetProperty("bundle_id").GetGuid(), finding.GetProperty("signal").GetString()));
        Assert.StartsWith("No draft of a twin is referred to; no operator is bound to it", finding.GetProperty("reason").GetString(), StringComparison.Ordinal);

        var decided = (await DecideAsync(caller, bundle, "accept", "A test print.")).IsGood();

        Assert.Equal("accepted", decided["state"].GetString());
        Assert.Empty((await caller.GetAsync("/v3/findings?state=open"))["findings"].EnumerateArray());
        var review = Assert.Single(await server.Services.GetRequiredService<ManifestIndex>().ListAsync(FindingReview.ContentType, 0, 10, default)).Read<FindingReview>()!;
        Assert.Equal((bundle, "bundle-completeness", true, "A test print."), (review.BundleId, review.Signal, review.Accepts, review.Comment));
        Assert.StartsWith("uid:", review.Reviewer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_decision_that_a_gateway_hands_on_names_both_and_comes_back_signed()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var bundle = (await caller.SignAsync(new { job_id = "job 1" })).IsGood().BundleId;

        var decided = (await caller.PostAsync($"/v3/findings/{bundle}/bundle-completeness", Caller.Json(new Dictionary<string, string> { ["decision"] = "reject", ["comment"] = "No twins here.", ["for"] = "account/7 at engine.example" }))).IsGood();

        Assert.True(Statement.TryParse(decided["statement"].GetBytesFromBase64(), out var statement, out var problem), problem);
        Assert.True(Document.TryDecode<FindingReview>(statement.Payload, out var review, out problem), problem);
        Assert.Equal((bundle, false, "No twins here."), (review.BundleId, review.Accepts, review.Comment));
        Assert.Matches("^uid:.* for account/7 at engine.example$", review.Reviewer);
        (await caller.PostAsync($"/v3/findings/{bundle}/bundle-completeness", Caller.Json(new Dictionary<string, string> { ["decision"] = "reject", ["comment"] = "Again.", ["for"] = new string('x', 10_000) }))).IsRefused(HttpStatusCode.BadRequest, "TEXT_NOT_PLAIN");
    }

    [Fact]
    public async Task A_finding_is_decided_once()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var bundle = (await caller.SignAsync(new { job_id = "job 1" })).IsGood().BundleId;
        (await DecideAsync(caller, bundle, "reject", "No twins here.")).IsGood();

        (await DecideAsync(caller, bundle, "accept", "On second thoughts.")).IsRefused(HttpStatusCode.Conflict, "FINDING_DECIDED");
    }

    [Fact]
    public async Task Only_a_reviewer_decides_and_only_what_was_found()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var bundle = (await caller.SignAsync(new { job_id = "job 1" })).IsGood().BundleId;
        using var signer = await server.RemoteAsync(Role.Signer | Role.Admin | Role.Auditor);
        using var stranger = await server.RemoteAsync(Role.None);

        (await DecideAsync(signer, bundle, "accept", "Mine.")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await stranger.GetAsync("/v3/findings")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        (await caller.PostAsync($"/v3/findings/{Guid.Empty}/bundle-completeness", Caller.Json(new { decision = "accept", comment = "?" }))).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await DecideAsync(caller, bundle, "maybe", "Well.")).IsRefused(HttpStatusCode.BadRequest, "DECISION_UNKNOWN");
        (await DecideAsync(caller, bundle, "accept", " ")).IsRefused(HttpStatusCode.BadRequest, "TEXT_NOT_PLAIN");
        (await caller.GetAsync("/v3/findings?state=lost")).IsRefused(HttpStatusCode.BadRequest, "STATE_UNKNOWN");
    }

    [Fact]
    public async Task A_bundle_names_the_models_that_judged_it_and_no_score_makes_it_invalid()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();

        (await caller.SignAsync(new { job_id = "job 1" })).IsGood();
        (await caller.SignAsync(new { job_id = "job 2" })).IsGood();

        var bundles = (await server.Services.GetRequiredService<ManifestIndex>().ListAsync(EvidenceBundle.ContentType, 0, 10, default)).Select(entry => entry.Read<EvidenceBundle>()!).ToList();
        string[] signals = ["slicer-drift", "sensor-anomaly", "operator-context", "bundle-completeness"];
        Assert.All(bundles, bundle => Assert.Equal(signals, bundle.Models.Select(model => model.Name)));
        Assert.All(bundles, bundle => Assert.Equal(signals, bundle.Signals.Select(signal => signal.Name)));
        Assert.True(bundles[0].Signals[3].Score > 0.9);
        // The first bundle was learned, so that the second was judged by other models.
        Assert.False(bundles[0].Models[0].Sha256.Span.SequenceEqual(bundles[1].Models[0].Sha256.Span));
    }

    private static Task<Answer> DecideAsync(Caller caller, Guid bundle, string decision, string comment) =>
        caller.PostAsync($"/v3/findings/{bundle}/bundle-completeness", Caller.Json(JsonSerializer.Serialize(new { decision, comment })));
}
