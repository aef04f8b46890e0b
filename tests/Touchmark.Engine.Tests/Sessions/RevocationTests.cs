using System.Runtime.Versioning;
using Touchmark.Engine.Tests.Server;
using Touchmark.Evidence.Documents;
using Touchmark.Streaming;

namespace Touchmark.Engine.Tests.Sessions;

/// <summary>What a revocation does to what runs and to what waits, on this node and from another one.</summary>
[SupportedOSPlatform("linux")]
public sealed class RevocationTests
{
    [Fact]
    public async Task A_licence_revoked_at_once_stops_what_prints_and_what_waits_and_gives_back_only_the_latter()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var (running, waiting) = await StartTwoAsync(bench, gateway);

        await RevokeLicenceAsync(bench, bench.Oem);
        await bench.FollowUntilAsync(running, static told => told.TryGetProperty("ending", out _));
        await gateway.PrintAsync();

        PrintTests.AssertFailed(await bench.FollowAsync(running), "LICENCE_REVOKED");
        PrintTests.AssertFailed(await bench.FollowAsync(waiting), "LICENCE_REVOKED");
        Assert.Contains("TURN_OFF_HEATERS", gateway.Printer.Lines);
        Assert.Equal(1, await bench.TakenAsync());
    }

    [Fact]
    public async Task While_the_printer_is_brought_to_rest_the_job_says_so_and_afterwards_that_it_is()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        using var browser = await Browser.OfAsync(bench.Server, bench.Manufacturer);

        await RevokeLicenceAsync(bench, bench.Oem);
        // The engine has ended the print; the gateway has not heard of it yet.
        var now = await bench.FollowUntilAsync(job, told => told.TryGetProperty("ending", out _));

        Assert.Equal(("streaming", "LICENCE_REVOKED"), (now.GetProperty("state").GetString(), now.GetProperty("ending").GetProperty("code").GetString()));
        Assert.Equal("The owner of the design has revoked the licence. The printer is being brought to rest.", now.GetProperty("message").GetString());
        foreach (var path in new[] { "/jobs", $"/jobs/{job:D}" })
        {
            Assert.Contains(">coming to rest</span>", await browser.TextAsync(path), StringComparison.Ordinal);
        }

        await gateway.PrintAsync();
        var ended = await bench.FollowAsync(job);
        Assert.Equal(("failed", true), (ended.GetProperty("state").GetString(), ended.GetProperty("at_rest").GetBoolean()));
        Assert.False(ended.TryGetProperty("ending", out _));
        Assert.Contains("<dd>at rest</dd>", await browser.TextAsync($"/jobs/{job:D}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_printer_that_nobody_heard_of_again_is_not_said_to_be_at_rest()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        await RevokeLicenceAsync(bench, bench.Oem);
        await bench.FollowUntilAsync(job, told => told.TryGetProperty("ending", out _));

        while (!(await bench.Manufacturer.GetAsync($"/api/jobs/{job:D}")).IsGood().Body.TryGetProperty("ended_at", out _))
        {
            bench.Server.Time.Advance(TimeSpan.FromSeconds(1));
        }

        var ended = await bench.FollowAsync(job);
        Assert.False(ended.GetProperty("at_rest").GetBoolean());
        Assert.EndsWith("The printer did not report that it is at rest: look at it.", ended.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_licence_revoked_after_the_print_lets_it_finish_and_starts_nothing_new()
    {
        await using var bench = await PrintBench.OpenAsync(terms: new { revocation_policy = "after_print" });
        await using var gateway = await bench.ConnectAsync();
        var (running, waiting) = await StartTwoAsync(bench, gateway);

        await RevokeLicenceAsync(bench, bench.Oem);
        PrintTests.AssertFailed(await bench.FollowAsync(waiting), "LICENCE_REVOKED");
        await gateway.PrintAsync();
        var ended = await bench.FollowAsync(running);

        Assert.Equal("done", ended.GetProperty("state").GetString());
        var verdict = await PrintTests.VerifyAsync(bench, ended);
        Assert.True(verdict.IsValid);
        Assert.Equal(PrintResult.Completed, verdict.Certificate!.Result);
        Assert.Equal(1, await bench.TakenAsync());
    }

    [Fact]
    public async Task A_revoked_printer_stops_at_once_and_loses_its_connection()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);

        (await bench.Manufacturer.PostAsync($"/api/printers/{bench.PrinterId}/revoke")).IsGood();
        await bench.FollowUntilAsync(job, static told => told.TryGetProperty("ending", out _));
        await gateway.PrintAsync();
        var ended = await bench.FollowAsync(job);

        PrintTests.AssertFailed(ended, "PRINTER_REVOKED");
        Assert.Equal(EndReason.Revoked, gateway.Session.End!.Reason);
        Assert.Contains("TURN_OFF_HEATERS", gateway.Printer.Lines);
        Assert.Equal(PrintResult.Revoked, (await PrintTests.VerifyAsync(bench, ended)).Certificate!.Result);
        var closed = gateway.IsClosedAsync();
        while (!closed.IsCompleted)
        {
            bench.Server.Time.Advance(TimeSpan.FromSeconds(1));
            await bench.Oem.GetAsync("/health");
        }

        await using var again = bench.NewGateway();
        Assert.False(await again.ConnectAsync(bench.PrinterId));
        Assert.StartsWith("DEVICE_REVOKED", again.Farewell, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_licence_revoked_while_the_connection_is_lost_halts_the_printer_as_soon_as_its_gateway_is_back()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        await gateway.CutAsync();
        await bench.UntilAwayAsync(job);

        await RevokeLicenceAsync(bench, bench.Oem);
        await bench.UntilAsync(job, session => session is { IsGatewayAway: true, Phase: SessionPhase.Finishing });
        Assert.Equal((SessionPhase.Streaming, 0), (gateway.Session.Phase, gateway.EmergencyStops));
        Assert.True(await gateway.ConnectAsync(bench.PrinterId));
        await gateway.PrintAsync();
        var ended = await bench.FollowAsync(job);

        PrintTests.AssertFailed(ended, "LICENCE_REVOKED");
        Assert.Equal((EndReason.Revoked, 1), (gateway.Session.End!.Reason, gateway.EmergencyStops));
        Assert.Contains("TURN_OFF_HEATERS", gateway.Printer.Lines);
        var certificate = (await PrintTests.VerifyAsync(bench, ended)).Certificate!;
        Assert.Equal(PrintResult.Revoked, certificate.Result);
        Assert.Equal(1, await bench.TakenAsync());
    }

    [Fact]
    public async Task A_printer_revoked_while_its_connection_is_lost_ends_its_print_though_its_gateway_is_let_in_no_more()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        await gateway.CutAsync();
        await bench.UntilAwayAsync(job);

        (await bench.Manufacturer.PostAsync($"/api/printers/{bench.PrinterId}/revoke")).IsGood();
        await bench.UntilAsync(job, session => session.Phase == SessionPhase.Finishing);
        Assert.False(await gateway.ConnectAsync(bench.PrinterId));

        PrintTests.AssertFailed(await bench.FollowThroughAsync(job), "PRINTER_REVOKED");
        Assert.Equal(1, await bench.TakenAsync());
    }

    [Theory]
    [InlineData("licence", "LICENCE_REVOKED")]
    [InlineData("printer", "PRINTER_REVOKED")]
    [InlineData("job", null)]
    [InlineData("halt", "HALTED")]
    public async Task What_is_ordered_at_another_node_stops_the_print_here(string what, string? code)
    {
        await using var bench = await PrintBench.OpenAsync(StorageKind.Postgres);
        await using var node = await bench.Server.StartNodeAsync();
        using var oem = bench.Oem.At(node);
        using var manufacturer = bench.Manufacturer.At(node);
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);

        switch (what)
        {
            case "licence":
                await RevokeLicenceAsync(bench, oem);
                break;
            case "printer":
                (await manufacturer.PostAsync($"/api/printers/{bench.PrinterId}/revoke")).IsGood();
                break;
            case "halt":
                (await manufacturer.PostAsync($"/api/jobs/{job}/halt")).IsGood();
                break;
            default:
                (await manufacturer.PostAsync($"/api/jobs/{job}/cancel")).IsGood();
                break;
        }

        await gateway.HeedAsync();
        await gateway.PrintAsync();
        var ended = await bench.FollowAsync(job);

        if (code is null)
        {
            Assert.Equal("cancelled", ended.GetProperty("state").GetString());
        }
        else
        {
            PrintTests.AssertFailed(ended, code);
        }

        Assert.Contains("TURN_OFF_HEATERS", gateway.Printer.Lines);
    }

    /// <summary>A job that prints and one that waits for the printer.</summary>
    private static async Task<(Guid Running, Guid Waiting)> StartTwoAsync(PrintBench bench, PrintingGateway gateway)
    {
        var running = await bench.StartPrintAsync(gateway);
        var waiting = await bench.StartJobAsync();
        await bench.FollowAsync(waiting, "waiting");
        return (running, waiting);
    }

    private static async Task RevokeLicenceAsync(PrintBench bench, Person oem) =>
        (await oem.PostAsync($"/api/licences/{bench.LicenceId}/revoke", new { reason = "Recalled." })).IsGood();
}
