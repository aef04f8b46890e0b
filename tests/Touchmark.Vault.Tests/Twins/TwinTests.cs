using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Evidence.Verification;
using Touchmark.GCode;
using Touchmark.Vault.Tests.Bundles;
using Touchmark.Vault.Tests.Server;
using Touchmark.Vault.Twins;

namespace Touchmark.Vault.Tests.Twins;

public sealed class TwinTests
{
    private static readonly string Model = new('a', 64);

    [Fact]
    public async Task A_draft_is_completed_by_its_bundle_and_the_bundle_file_verifies_both()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var draft = (await DraftAsync(caller, new { model_sha256 = Model, name = "Bracket", revision = "C" })).IsGood();
        var twin = draft["twin_id"].GetGuid();

        var answer = (await caller.SignAsync(new { job_id = "job 1", twin_id = twin })).IsGood();

        Assert.Equal(HttpStatusCode.Created, draft.Status);
        var bundle = await SigningTests.BundleAsync(caller, answer.BundleId);
        Assert.Equal((twin, draft["draft_sha256"].GetString()), (bundle.TwinCertRef!.TwinId, Convert.ToHexStringLower(bundle.TwinCertRef.DraftSha256.Span)));
        var verdict = EvidenceVerifier.Verify((await caller.GetAsync($"/v3/bundles/{answer.BundleId}")).IsGood().Bytes, server.Customer.Trust, server.Time.GetUtcNow(), TimeSpan.FromDays(1));
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Verdict.Checks.Where(check => check.Outcome == CheckOutcome.Failed).Select(check => $"{check.Id}: {check.Words}")));
        Assert.Contains(verdict.Verdict.Checks, check => check is { Id: "twin.completion", Outcome: CheckOutcome.Passed });
        var view = (await caller.GetAsync($"/v3/twins/{twin}")).IsGood();
        Assert.Equal("complete", view["state"].GetString());
        Assert.Equal(answer["gcode_sha256"].GetString(), view["completion"].GetProperty("document").GetProperty("as_sliced").GetProperty("gcode_sha256").GetString());
    }

    [Fact]
    public async Task The_same_draft_twice_is_one_and_another_content_is_refused()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var twin = Guid.CreateVersion7(server.Time.GetUtcNow());
        var first = (await DraftAsync(caller, new { twin_id = twin, model_sha256 = Model })).IsGood();
        server.Time.Advance(TimeSpan.FromMinutes(1));

        var second = (await DraftAsync(caller, new { twin_id = twin, model_sha256 = Model })).IsGood();

        Assert.Equal((HttpStatusCode.OK, first["draft_sha256"].GetString()), (second.Status, second["draft_sha256"].GetString()));
        (await DraftAsync(caller, new { twin_id = twin, model_sha256 = new string('b', 64) })).IsRefused(HttpStatusCode.Conflict, "TWIN_DIFFERS");
    }

    [Fact]
    public async Task A_twin_is_of_one_part_and_of_its_toolpath()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var twin = (await DraftAsync(caller, new { model_sha256 = Model })).IsGood()["twin_id"].GetGuid();
        var other = (await DraftAsync(caller, new { model_sha256 = Model, gcode_sha256 = new string('b', 64), slicer = "Cura 5.0.0" })).IsGood()["twin_id"].GetGuid();
        (await caller.SignAsync(new { job_id = "job 1", twin_id = twin })).IsGood();

        (await caller.SignAsync(new { job_id = "job 2", twin_id = twin })).IsRefused(HttpStatusCode.Conflict, "TWIN_BUILT");
        (await caller.SignAsync(new { job_id = "job 3", twin_id = other })).IsRefused(HttpStatusCode.Conflict, "TWIN_SLICED_OTHERWISE");
        (await caller.SignAsync(new { job_id = "job 4", twin_id = Guid.CreateVersion7(server.Time.GetUtcNow()) })).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await caller.SignAsync(new { job_id = "job 1", twin_id = twin })).IsGood();
        Assert.Single(server.Hsm.Taken);
    }

    [Theory]
    [InlineData("{\"model_sha256\":\"12\"}", "HASH_REFUSED")]
    [InlineData("{}", "HASH_REFUSED")]
    [InlineData("{\"model_sha256\":\"MODEL\",\"gcode_sha256\":\"MODEL\"}", "SLICE_REFUSED")]
    [InlineData("{\"model_sha256\":\"MODEL\",\"name\":\"a\\u0000b\"}", "TEXT_NOT_PLAIN")]
    public async Task A_draft_that_says_nothing_sensible_is_refused(string form, string code)
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        (await DraftAsync(caller, form.Replace("MODEL", Model, StringComparison.Ordinal))).IsRefused(HttpStatusCode.BadRequest, code);
    }

    [Fact]
    public async Task What_was_built_when_the_vault_ended_is_completed_later()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var twin = (await DraftAsync(caller, new { model_sha256 = Model })).IsGood()["twin_id"].GetGuid();
        var signed = (await caller.SignAsync(new { job_id = "job 1" })).IsGood();
        var desk = server.Services.GetRequiredService<TwinDesk>();
        var bundle = await SigningTests.BundleAsync(caller, signed.BundleId);
        Assert.True((await desk.FindDraftAsync(twin, CanonicalHash.Compute("G28\n"u8), TestContext.Current.CancellationToken)).Has(out var reference, out _));
        Assert.True((await server.Manifest.EnterAsync(TestContext.Current.CancellationToken)).Has(out var turn, out _));
        await using (turn)
        {
            Assert.True((await turn.CountAsync(server.Hsm)).Has(out var count, out _));
            var next = bundle with { BundleId = Guid.CreateVersion7(server.Time.GetUtcNow()), JobId = "job 2", MachineCounter = count, Previous = turn.Chain!.Sha256, TwinCertRef = reference };
            Assert.True((await turn.StateAsync(next, next.SignedAt)).Has(out _, out _));
        }

        Assert.Equal("built", (await caller.GetAsync($"/v3/twins/{twin}")).IsGood()["state"].GetString());
        await desk.CatchUpAsync(TestContext.Current.CancellationToken);
        Assert.Equal("complete", (await caller.GetAsync($"/v3/twins/{twin}")).IsGood()["state"].GetString());
    }

    [Fact]
    public async Task Twins_are_listed_in_pages_newest_first()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        foreach (var name in new[] { "one", "two", "three" })
        {
            (await DraftAsync(caller, new { model_sha256 = Model, name })).IsGood();
        }

        var page = (await caller.GetAsync("/v3/twins?limit=2")).IsGood();
        Assert.Equal(["three", "two"], page["twins"].EnumerateArray().Select(line => line.GetProperty("name").GetString()));
        var last = (await caller.GetAsync($"/v3/twins?limit=2&before={page["next"].GetInt64()}")).IsGood();
        Assert.Equal(["one"], last["twins"].EnumerateArray().Select(line => line.GetProperty("name").GetString()));
    }

    private static Task<Answer> DraftAsync(Caller caller, object form) => caller.PostAsync("/v3/twins", Caller.Json(form));
}
