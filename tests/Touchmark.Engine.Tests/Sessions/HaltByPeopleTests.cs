using System.Net;
using System.Runtime.Versioning;
using Touchmark.Engine.Accounts;
using Touchmark.Streaming;

namespace Touchmark.Engine.Tests.Sessions;

/// <summary>Who may stop a printer by the emergency path, and what becomes of the job.</summary>
[SupportedOSPlatform("linux")]
public sealed class HaltByPeopleTests
{
    [Theory]
    [InlineData("manufacturer", "operator")]
    [InlineData("oem", "design's owner")]
    [InlineData("admin", "whoever runs the engine")]
    public async Task Those_at_the_printer_the_designs_owner_and_an_admin_may_halt_a_print(string who, string said)
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);

        var person = who switch { "manufacturer" => bench.Manufacturer, "oem" => bench.Oem, _ => await bench.Server.AdminAsync() };
        (await person.PostAsync($"/api/jobs/{job}/halt")).IsGood();
        await gateway.PrintAsync();
        var ended = await bench.FollowAsync(job);

        PrintTests.AssertFailed(ended, "HALTED");
        Assert.Contains(said, ended.GetProperty("failure").GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal(EndReason.Halted, gateway.Session.End!.Reason);
        Assert.Equal(1, gateway.EmergencyStops);
        Assert.Equal("HALTED", (await PrintTests.VerifyAsync(bench, ended)).Certificate!.ResultReason);
        (await person.PostAsync($"/api/jobs/{job}/halt")).IsRefused(HttpStatusCode.Conflict, "JOB_ENDED");
        var record = Assert.Single((await (await bench.Server.AdminAsync()).GetAsync($"/api/audit?subject=job/{job:D}")).IsGood()["records"].EnumerateArray());
        Assert.Equal(("job.halted", $"account/{(await person.GetAsync("/api/me")).Id:D}"), (record.GetProperty("act").GetString(), record.GetProperty("actor").GetString()));
    }

    [Fact]
    public async Task Others_may_not_halt_and_learn_nothing_of_the_job()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);

        using var otherMaker = await bench.Server.JoinAsync(Role.Manufacturer, "Another hall");
        using var otherOwner = await bench.Server.JoinAsync(Role.Oem, "Another owner");
        using var auditor = await bench.Server.JoinAsync(Role.Auditor, "Owner");
        (await otherMaker.PostAsync($"/api/jobs/{job}/halt")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await otherOwner.PostAsync($"/api/jobs/{job}/halt")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        Assert.Equal(HttpStatusCode.Forbidden, (await auditor.PostAsync($"/api/jobs/{job}/halt")).Status);
        await gateway.PrintAsync();

        Assert.Equal("done", (await bench.FollowAsync(job)).GetProperty("state").GetString());
        Assert.Equal(0, gateway.EmergencyStops);
    }

    [Fact]
    public async Task A_revocation_takes_the_emergency_path()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);

        (await bench.Oem.PostAsync($"/api/licences/{bench.LicenceId}/revoke", new { reason = "Recalled." })).IsGood();
        await gateway.PrintAsync();

        PrintTests.AssertFailed(await bench.FollowAsync(job), "LICENCE_REVOKED");
        Assert.Equal((EndReason.Revoked, 1), (gateway.Session.End!.Reason, gateway.EmergencyStops));
    }
}
