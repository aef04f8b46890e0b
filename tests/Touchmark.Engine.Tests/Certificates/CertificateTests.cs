using System.Net;
using System.Runtime.Versioning;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Sessions;

namespace Touchmark.Engine.Tests.Certificates;

/// <summary>Who sees a certificate, and in which form.</summary>
[SupportedOSPlatform("linux")]
public sealed class CertificateTests
{
    [Fact]
    public async Task Owner_manufacturer_auditor_and_admin_see_it_and_nobody_else()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync();
        var id = (await bench.FollowAsync(job)).GetProperty("certificate_id").GetGuid();
        using var auditor = await bench.Server.JoinAsync(Role.Auditor, "Bureau");
        using var otherOwner = await bench.Server.JoinAsync(Role.Oem, "Another owner");
        using var otherMaker = await bench.Server.JoinAsync(Role.Operator, "Another maker");
        using var stranger = bench.Server.Stranger();

        foreach (var person in new[] { bench.Oem, bench.Manufacturer, auditor, await bench.Server.AdminAsync() })
        {
            var row = Assert.Single((await person.GetAsync("/api/certificates")).IsGood().Body.EnumerateArray().ToList());
            Assert.Equal((id, job, "completed"), (row.GetProperty("id").GetGuid(), row.GetProperty("job_id").GetGuid(), row.GetProperty("result").GetString()));
            Assert.Equal(("Bracket", "Bench 1"), (row.GetProperty("part").GetString(), row.GetProperty("printer").GetString()));
            var shown = (await person.GetAsync($"/api/certificates/{id}")).IsGood();
            Assert.Equal(id, shown.Id);
            Assert.Equal((int)gateway.Offered!.Segments, shown["segment_ivs"].GetArrayLength());
            Assert.Equal(64, shown["chain_head"].GetString()!.Length);
        }

        foreach (var person in new[] { otherOwner, otherMaker })
        {
            Assert.Empty((await person.GetAsync("/api/certificates")).IsGood().Body.EnumerateArray().ToList());
            (await person.GetAsync($"/api/certificates/{id}")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        }

        (await stranger.GetAsync($"/api/certificates/{id}")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
    }
}
