using System.Net;
using System.Runtime.Versioning;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification;

namespace Touchmark.Engine.Tests.Parts;

/// <summary>A print that was completed is a part with an id, which whoever holds it in the hand can look up.</summary>
[SupportedOSPlatform("linux")]
public sealed class PartTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(ServerFactory.BothDatabases), MemberType = typeof(ServerFactory))]
    public async Task A_completed_print_is_a_part_that_anybody_can_look_up_and_verify(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        var job = await bench.PrintPartAsync();
        using var stranger = bench.Server.Stranger();

        var part = (await stranger.GetAsync($"/api/parts/{job.PartId.Value}")).IsGood();

        Assert.Equal((job.PartId.ToString(), "Bracket", "unknown", 0), (part["id"].GetString(), part["design"].GetString(), part["standing"].GetString(), part["events"].GetInt32()));
        Assert.Equal((job.CertificateId, job.JobId), (part["certificate_id"].GetGuid(), part["job_id"].GetGuid()));
        var file = await stranger.Http.GetByteArrayAsync(new Uri($"/api/parts/{job.PartId}/evidence", UriKind.Relative));
        Assert.True(TrustStore.TryParse(await stranger.Http.GetByteArrayAsync(new Uri("/api/trust", UriKind.Relative)), out var trust, out _));
        var verdict = EvidenceVerifier.Verify(file, trust, bench.Server.Time.GetUtcNow());
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Verdict.Checks));
        Assert.Equal(job.PartId, verdict.Certificate!.PartId);
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task An_id_is_read_as_people_write_it_and_a_slip_is_answered_with_the_part_that_was_meant(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        var id = (await bench.PrintPartAsync()).PartId;
        using var stranger = bench.Server.Stranger();
        var sloppy = id.ToString().ToLowerInvariant().Replace('0', 'o').Replace('1', 'l').Replace('-', ' ');
        var wrong = (id.Value[0] == 'A' ? 'B' : 'A') + id.Value[1..];

        Assert.Equal(id.ToString(), (await stranger.GetAsync($"/api/parts/{Uri.EscapeDataString(sloppy)}")).IsGood()["id"].GetString());
        var slip = await stranger.GetAsync($"/api/parts/{wrong}");
        slip.IsRefused(HttpStatusCode.NotFound, "PART_ID_CHECK");
        Assert.Equal([id.ToString()], slip["figures"].GetProperty("likely").EnumerateArray().Select(text => text.GetString()!));
        (await stranger.GetAsync("/api/parts/TOO-SHORT")).IsRefused(HttpStatusCode.NotFound, "PART_ID_LENGTH");
        (await stranger.GetAsync($"/api/parts/{PartId.Create()}")).IsRefused(HttpStatusCode.NotFound, "PART_UNKNOWN");
        (await stranger.GetAsync($"/api/parts/{PartId.Create()}/evidence")).IsRefused(HttpStatusCode.NotFound, "PART_UNKNOWN");
    }

    [Fact]
    public async Task A_print_that_was_not_completed_is_no_part()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        (await bench.Manufacturer.PostAsync($"/api/jobs/{job}/cancel")).IsGood();
        await gateway.PrintAsync();

        var certificate = (await bench.FollowAsync(job)).GetProperty("certificate_id").GetGuid();

        Assert.False((await bench.Manufacturer.GetAsync($"/api/certificates/{certificate}")).IsGood().Body.TryGetProperty("part_id", out _));
        Assert.Equal(0, await bench.Server.Database.FirstOrDefaultAsync<long>("select count(*) from parts", null, default));
    }

    [Fact]
    public async Task A_closed_deployment_tells_strangers_nothing_and_each_account_what_its_role_may_see()
    {
        await using var bench = await PrintBench.OpenAsync(arguments: ["--lookup", "closed"]);
        var id = (await bench.PrintPartAsync()).PartId;
        using var stranger = bench.Server.Stranger();
        using var otherOwner = await bench.Server.JoinAsync(Role.Oem, "Another owner");
        using var otherMaker = await bench.Server.JoinAsync(Role.Operator, "Another maker");
        using var auditor = await bench.Server.JoinAsync(Role.Auditor, "Bureau");
        using var custodian = await bench.Server.JoinAsync(Role.Custodian, "Clinic");

        foreach (var path in new[] { $"/api/parts/{id}", $"/api/parts/{id}/evidence", $"/api/parts/{id}/events", "/api/regulators", $"/api/parts/{PartId.Create()}", $"/api/log/statements/{new string('0', 64)}", $"/api/log/statements/{new string('0', 64)}/proof" })
        {
            (await stranger.GetAsync(path)).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        }

        foreach (var path in new[] { "/log/checkpoint", "/log/tile/0/000.p/1" })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(path)).Status);
        }

        foreach (var person in new[] { bench.Oem, bench.Manufacturer, auditor, custodian, await bench.Server.AdminAsync() })
        {
            (await person.GetAsync($"/api/parts/{id}")).IsGood();
            (await person.GetAsync($"/api/parts/{id}/evidence")).IsGood();
        }

        foreach (var person in new[] { otherOwner, otherMaker })
        {
            (await person.GetAsync($"/api/parts/{id}")).IsRefused(HttpStatusCode.NotFound, "PART_UNKNOWN");
            (await person.GetAsync($"/api/parts/{id}/evidence")).IsRefused(HttpStatusCode.NotFound, "PART_UNKNOWN");
            var slip = await person.GetAsync($"/api/parts/{(id.Value[0] == 'A' ? 'B' : 'A') + id.Value[1..]}");
            slip.IsRefused(HttpStatusCode.NotFound, "PART_ID_CHECK");
            Assert.Empty(slip["figures"].GetProperty("likely").EnumerateArray());
        }
    }
}
