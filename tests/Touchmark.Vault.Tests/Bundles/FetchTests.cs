using System.Net;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Vault.Tests.Server;

namespace Touchmark.Vault.Tests.Bundles;

public sealed class FetchTests
{
    [Fact]
    public async Task A_fetched_bundle_verifies_with_nothing_pinned_but_the_root()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var signed = (await caller.SignAsync(new { job_id = "job 1" })).IsGood();

        var file = (await caller.GetAsync($"/v3/bundles/{signed.BundleId}")).IsGood();

        var verdict = EvidenceVerifier.Verify(file.Bytes, server.Customer.Trust, server.Time.GetUtcNow(), TimeSpan.FromHours(2)).Verdict;
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Checks.Where(check => check.Outcome == CheckOutcome.Failed).Select(check => $"{check.Id}: {check.Words}")));
    }

    [Fact]
    public async Task Json_shows_the_same_with_hints_for_whoever_verifies()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var signed = (await caller.SignAsync(new { job_id = "job 1" })).IsGood();

        var view = (await caller.GetAsync($"/v3/bundles/{signed.BundleId}", "application/json")).IsGood();

        Assert.Equal("customer/falkner.example", view["verifier"].GetProperty("root").GetString());
        Assert.Equal(signed["sha256"].GetString(), view["verifier"].GetProperty("sha256").GetString());
        Assert.Equal("job 1", view["evidence"].GetProperty("subject").GetProperty("document").GetProperty("job_id").GetString());
    }

    [Theory]
    [InlineData("application/json;q=0.1, application/cbor", false)]
    [InlineData("application/json, application/cbor;q=0.5", true)]
    [InlineData("*/*", false)]
    public async Task The_caller_chooses_the_form(string accept, bool isJson)
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var signed = (await caller.SignAsync(new { job_id = "job 1" })).IsGood();

        var answer = (await caller.GetAsync($"/v3/bundles/{signed.BundleId}", accept)).IsGood();

        Assert.Equal(!isJson, EvidenceFile.TryDecode(answer.Bytes, out _, out _));
    }

    [Fact]
    public async Task Lists_come_in_pages_and_are_searched()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        for (var job = 0; job < 5; job++)
        {
            (await caller.SignAsync(new { job_id = $"job {job}", material = job % 2 == 0 ? "PLA" : "PETG" })).IsGood();
        }

        var first = (await caller.GetAsync("/v3/bundles?limit=3")).IsGood();
        var second = (await caller.GetAsync($"/v3/bundles?limit=3&before={first["next"].GetInt64()}")).IsGood();
        var petg = (await caller.GetAsync("/v3/bundles?material=PETG")).IsGood();

        Assert.Equal(["job 4", "job 3", "job 2"], Jobs(first));
        Assert.Equal(["job 1", "job 0"], Jobs(second));
        Assert.False(second.Body.TryGetProperty("next", out _));
        Assert.Equal(["job 3", "job 1"], Jobs(petg));
        Assert.Equal(["job 2"], Jobs((await caller.GetAsync("/v3/bundles?job=job%202&limit=100000")).IsGood()));
    }

    [Theory]
    [InlineData("/v3/bundles?job='%20or%20'1'%3D'1")]
    [InlineData("/v3/bundles?material=%22%3B%20drop%20table%20bundles%3B--")]
    [InlineData("/v3/bundles?slicer=%25")]
    public async Task Sql_in_a_search_is_a_text_like_any_other(string path)
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        (await caller.SignAsync(new { job_id = "'; drop table bundles; --" })).IsGood();

        Assert.Empty(Jobs((await caller.GetAsync(path)).IsGood()));
        Assert.Single(Jobs((await caller.GetAsync("/v3/bundles")).IsGood()));
    }

    [Theory]
    [InlineData("/v3/bundles/../../etc/passwd")]
    [InlineData("/v3/bundles/..%2f..%2fmanifest.journal")]
    [InlineData("/v3/bundles/00000000-0000-0000-0000-000000000000")]
    public async Task Paths_that_name_no_bundle_find_nothing(string path)
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();

        (await caller.GetAsync(path)).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
    }

    [Fact]
    public async Task Nothing_can_be_deleted_by_anybody()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var signed = (await caller.SignAsync(new { job_id = "job 1" })).IsGood();

        foreach (var path in new[] { $"/v3/bundles/{signed.BundleId}", "/v3/bundles", "/v3/posture", "/v3/verify" })
        {
            using var answer = await caller.Http.DeleteAsync(new Uri(path, UriKind.Relative));
            Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        }

        (await caller.GetAsync($"/v3/bundles/{signed.BundleId}")).IsGood();
    }

    private static IEnumerable<string?> Jobs(Answer page) => page["bundles"].EnumerateArray().Select(bundle => bundle.GetProperty("job_id").GetString());
}
