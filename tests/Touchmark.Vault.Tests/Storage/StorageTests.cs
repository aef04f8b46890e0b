using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification;
using Touchmark.Evidence.Verification.Archives;
using Touchmark.Hosting.Storage;
using Touchmark.Log.Checking;
using Touchmark.Tests;
using Touchmark.Vault.Export;
using Touchmark.Vault.Manifest;
using Touchmark.Vault.Tests.Server;

namespace Touchmark.Vault.Tests.Storage;

/// <summary>A vault on each storage that it can be told: what it signs is found, handed out, exported, and there again after a restart.</summary>
public sealed class StorageTests
{
    // So many channels that the document goes beside its statement.
    private static readonly object Wide = new { job_id = "wide", sensors = Enumerable.Range(0, 64).ToDictionary(n => $"channel {n} {new string('x', 40)}", _ => new SensorRange(0, 1, 0.5, "°C", 1000)), note = new string('n', 1000) };

    public static TheoryData<StorageKind> Kinds => VaultServer.AllStorages;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_is_signed_is_found_handed_out_exported_and_there_after_a_restart(StorageKind storage)
    {
        await using var server = await VaultServer.StartAsync(storage);
        Guid first, wide;
        using (var caller = server.Local())
        {
            first = (await caller.SignAsync(new { job_id = "job 1", material = "PLA" })).IsGood().BundleId;
            (await caller.SignAsync(new { job_id = "job 2", material = "PETG" })).IsGood();
            wide = (await caller.SignAsync(Wide)).IsGood().BundleId;
            Assert.Equal(first, (await caller.GetAsync("/v3/bundles?material=PLA")).IsGood()["bundles"][0].GetProperty("bundle_id").GetGuid());
            AssertValid(server, (await caller.GetAsync($"/v3/bundles/{wide}")).IsGood().Bytes);
        }

        await server.RestartAsync();
        using var again = server.Local();
        Assert.Equal(HttpStatusCode.OK, (await again.SignAsync(new { job_id = "job 1", material = "PLA" })).Status);
        Assert.Equal(4, (await again.SignAsync(new { job_id = "job 4" })).IsGood()["machine_counter"].GetInt64());
        AssertValid(server, (await again.GetAsync($"/v3/bundles/{first}")).IsGood().Bytes);
        AssertValid(server, (await again.GetAsync($"/v3/bundles/{wide}")).IsGood().Bytes);

        using var archive = new MemoryStream();
        await server.Services.GetRequiredService<ArchiveExport>().WriteAsync(archive, server.Customer.Trust, CancellationToken.None);
        archive.Position = 0;
        var exported = await ArchiveVerifier.VerifyAsync(
            archive, RootPin.Of(server.Customer.Trust, Issuers.OfCustomer(Customer.Id)), TrustStore.Empty, server.Time.GetUtcNow(), TimeSpan.FromHours(2), CancellationToken.None);
        Assert.True(exported.Verdict.IsValid);
        Assert.Equal(4, exported.Bundles);
        Assert.Equal(0, (await Fsck.RunAsync(server.Services.GetRequiredService<ManifestStorage>().Objects, server.Manifest.Identity!.Certificate.ManifestPolicy, DateTimeOffset.UnixEpoch, null, default)).ProblemCount);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Lists_come_in_pages_and_are_searched_by_everything(StorageKind storage)
    {
        await using var server = await VaultServer.StartAsync(storage);
        using var caller = server.Local();
        for (var job = 0; job < 6; job++)
        {
            (await caller.SignAsync(new { job_id = $"job {job}", material = job % 2 == 0 ? "PLA" : "PETG" })).IsGood();
        }

        var page = (await caller.GetAsync("/v3/bundles?limit=4")).IsGood();
        var rest = (await caller.GetAsync($"/v3/bundles?limit=4&before={page["next"].GetInt64()}")).IsGood();
        Assert.Equal((4, 2), (page["bundles"].GetArrayLength(), rest["bundles"].GetArrayLength()));
        foreach (var (query, found) in new[] { ("material=PLA", 3), ("job=job%203", 1), ("degraded=true", 6), ("degraded=false", 0), ("slicer_level=self-identified", 6), ("twin=01900000-0000-7000-8000-000000000000", 0), ("from=2026-01-01T00:00:00Z", 6), ("until=2026-01-01T00:00:00Z", 0), ("operator=x'%20or%20'1'='1", 0) })
        {
            Assert.Equal((query, found), (query, (await caller.GetAsync($"/v3/bundles?{query}")).IsGood()["bundles"].GetArrayLength()));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_index_that_is_behind_the_manifest_is_caught_up_at_the_start(StorageKind storage)
    {
        await using var server = await VaultServer.StartAsync(storage);
        Guid last;
        using (var caller = server.Local())
        {
            for (var job = 0; job < 3; job++)
            {
                (await caller.SignAsync(new { job_id = $"job {job}" })).IsGood();
            }

            last = (await caller.SignAsync(Wide)).IsGood().BundleId;
        }

        // What a power cut takes from tables whose commits wait for no disk: the last ones, whole.
        var database = server.Services.GetRequiredService<Database>();
        var kept = await database.FirstOrDefaultAsync<long>("select min(log_index) + 1 from bundles", null, default);
        foreach (var table in new[] { "bundles", "review_findings", "review_observations", "manifest_entries" })
        {
            await database.ExecuteAsync($"delete from {table} where log_index >= @Kept", new { Kept = kept }, default);
        }

        await server.RestartAsync();
        using var again = server.Local();
        Assert.Equal(4, (await again.GetAsync("/v3/bundles")).IsGood()["bundles"].GetArrayLength());
        AssertValid(server, (await again.GetAsync($"/v3/bundles/{last}")).IsGood().Bytes);
        Assert.Equal(5, (await again.SignAsync(new { job_id = "job 5" })).IsGood()["machine_counter"].GetInt64());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_index_is_made_anew_from_the_manifest_and_says_the_same(StorageKind storage)
    {
        await using var server = await VaultServer.StartAsync(storage);
        using (var caller = server.Local())
        {
            for (var job = 0; job < 20; job++)
            {
                (await caller.SignAsync(new { job_id = $"job {job}" })).IsGood();
            }

            (await caller.PostAsync($"/v3/findings/{(await caller.GetAsync("/v3/findings?limit=1")).IsGood()["findings"][0].GetProperty("bundle_id").GetGuid():D}/bundle-completeness", Caller.Json(new { decision = "accept", comment = "seen" }))).IsGood();
        }

        var before = await SayAsync(server);
        await server.StopAsync();
        // One that is of another manifest, as when the connection string of another vault was said.
        await using (var app = server.Create())
        {
            await app.Services.GetRequiredService<Database>().ExecuteAsync("update manifest_entries set sha256 = @Other where log_index = (select max(log_index) from manifest_entries)", new { Other = new byte[32] }, default);
        }

        Assert.Equal(0, await IndexCommand.RunAsync(["rebuild", "--data", server.Data, .. server.Arguments]));

        await server.StartAsync();
        Assert.Equal(before, await SayAsync(server));
    }

    [Fact]
    public async Task An_index_of_another_manifest_is_refused_until_it_is_made_anew()
    {
        var database = await PostgresServer.NewDatabaseAsync();
        await using (var other = await VaultServer.StartAsync(more: ["--database", database]))
        {
            using var caller = other.Local();
            (await caller.SignAsync(new { job_id = "theirs" })).IsGood();
        }

        await using var server = await VaultServer.StartAsync(more: ["--database", database]);
        using (var refused = server.Local())
        {
            (await refused.SignAsync(new { job_id = "ours" })).IsRefused(HttpStatusCode.ServiceUnavailable, "INDEX_DIFFERS");
        }

        await server.StopAsync();
        Assert.Equal(0, await IndexCommand.RunAsync(["rebuild", "--data", server.Data, .. server.Arguments]));
        await server.StartAsync();
        using var again = server.Local();
        (await again.SignAsync(new { job_id = "ours" })).IsGood();
        Assert.Equal("ours", Assert.Single((await again.GetAsync("/v3/bundles")).IsGood()["bundles"].EnumerateArray()).GetProperty("job_id").GetString());
    }

    [Fact]
    public async Task An_index_is_not_made_anew_under_a_vault_that_runs()
    {
        await using var server = await VaultServer.StartAsync();

        Assert.Equal(1, await IndexCommand.RunAsync(["rebuild", "--data", server.Data]));
        Assert.Equal(2, await IndexCommand.RunAsync(["remove", "--data", server.Data]));

        using var caller = server.Local();
        (await caller.SignAsync(new { job_id = "job 1" })).IsGood();
    }

    [Fact]
    public async Task A_store_that_is_away_refuses_in_words_acknowledges_nothing_and_goes_on_when_it_is_back()
    {
        using var s3 = await S3Server.StartNewAsync();
        await using var server = await VaultServer.StartAsync(more: s3.NewArguments());
        using var caller = server.Local();
        var first = (await caller.SignAsync(new { job_id = "job 1" })).IsGood();

        s3.Stop();
        var refused = (await caller.SignAsync(new { job_id = "job 2" })).IsRefused(HttpStatusCode.ServiceUnavailable, "OBJECTS_AWAY");
        Assert.Contains("cannot be reached", refused["detail"].GetString(), StringComparison.Ordinal);
        (await caller.SignAsync(new { job_id = "job 3" })).IsRefused(HttpStatusCode.ServiceUnavailable, "OBJECTS_AWAY");
        var posture = (await caller.GetAsync("/v3/posture")).IsGood();
        Assert.Equal(("OBJECTS_AWAY", false), (posture["problem"].GetString(), posture["signs"].GetBoolean()));
        (await caller.GetAsync($"/v3/bundles/{first.BundleId}")).IsRefused(HttpStatusCode.ServiceUnavailable, "OBJECTS_AWAY");

        await s3.StartAsync();
        var second = (await caller.SignAsync(new { job_id = "job 2" })).IsGood();
        (await caller.SignAsync(new { job_id = "job 3" })).IsGood();
        Assert.Equal(server.Hsm.Taken, server.Hsm.Taken.Distinct());
        Assert.Equal(3, (await caller.GetAsync("/v3/bundles")).IsGood()["bundles"].GetArrayLength());
        AssertValid(server, (await caller.GetAsync($"/v3/bundles/{second.BundleId}")).IsGood().Bytes);
        Assert.True((await caller.GetAsync("/v3/posture"))["signs"].GetBoolean());
    }

    [Fact]
    public async Task Two_vaults_cannot_share_a_place_in_a_bucket()
    {
        var place = (await SharedS3.GetAsync()).NewArguments();
        await using var first = await VaultServer.StartAsync(more: place);
        using var caller = first.Local();
        (await caller.SignAsync(new { job_id = "job 1" })).IsGood();

        await using var second = await VaultServer.StartAsync(more: place);
        using var other = second.Local();

        (await other.SignAsync(new { job_id = "job 1" })).IsRefused(HttpStatusCode.ServiceUnavailable, "MANIFEST_NOT_OPEN");
        (await caller.SignAsync(new { job_id = "job 2" })).IsGood();
    }

    [Theory]
    [InlineData("ftp://bucket")]
    [InlineData("s3://UPPER")]
    public async Task An_object_store_that_is_none_stops_the_start(string place)
    {
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => VaultServer.StartAsync(more: ["--objects", place]));

        Assert.Contains("--objects", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>Everything that is read from the index.</summary>
    private static async Task<string> SayAsync(VaultServer server)
    {
        using var caller = server.Local();
        return string.Join('\n', (await caller.GetAsync("/v3/bundles?limit=200")).IsGood().Body.GetRawText(), (await caller.GetAsync("/v3/findings?limit=200")).IsGood().Body.GetRawText());
    }

    private static void AssertValid(VaultServer server, byte[] file)
    {
        var verdict = EvidenceVerifier.Verify(file, server.Customer.Trust, server.Time.GetUtcNow(), TimeSpan.FromHours(2)).Verdict;
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Checks.Where(check => check.Outcome == CheckOutcome.Failed).Select(check => $"{check.Id}: {check.Words}")));
    }
}
