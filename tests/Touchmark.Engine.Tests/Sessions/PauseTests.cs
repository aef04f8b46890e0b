using System.Net;
using System.Runtime.Versioning;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Tests.Server;
using Touchmark.Streaming;

namespace Touchmark.Engine.Tests.Sessions;

/// <summary>The shop pauses a print and lets it go on.</summary>
[SupportedOSPlatform("linux")]
public sealed class PauseTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_print_is_paused_goes_on_and_its_certificate_tells_it(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);

        var asked = (await bench.Manufacturer.PostAsync($"/api/jobs/{job:D}/pause")).IsGood();
        Assert.Equal(HttpStatusCode.Accepted, asked.Status);
        var pausing = asked["paused"];
        Assert.False(pausing.GetProperty("stands").GetBoolean());
        Assert.Equal(480, (pausing.GetProperty("until").GetDateTimeOffset() - pausing.GetProperty("since").GetDateTimeOffset()).TotalSeconds);
        Assert.Equal("pausing: what was sent is printed to its end first", asked["message"].GetString());
        // To ask again for what holds is no act, and lengthens nothing.
        bench.Server.Time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.Equal(pausing.GetProperty("until").GetDateTimeOffset(), (await bench.Manufacturer.PostAsync($"/api/jobs/{job:D}/pause")).IsGood()["paused"].GetProperty("until").GetDateTimeOffset());
        await bench.UntilAsync(job, static session => session.Paused is not null);
        // The engine is told of the head's way before its first sample: the head is on it for another second.
        await gateway.PrintAsync(until: printing => Stands(bench, job) && printing.Printer.Sample().Velocity == 0);

        var paused = (await bench.Manufacturer.GetAsync($"/api/jobs/{job:D}")).IsGood().Body;
        Assert.Equal(("streaming", "paused, the head is raised"), (paused.GetProperty("state").GetString(), paused.GetProperty("message").GetString()));
        Assert.True(paused.GetProperty("paused").GetProperty("head_raised").GetBoolean());
        Assert.Equal(0, paused.GetProperty("session").GetProperty("exposure_s").GetDouble());
        Assert.Equal(paused.ToString(), (await bench.FollowUntilAsync(job, static now => now.TryGetProperty("paused", out _))).ToString());

        (await bench.Manufacturer.PostAsync($"/api/jobs/{job:D}/resume")).IsGood();
        (await bench.Manufacturer.PostAsync($"/api/jobs/{job:D}/resume")).IsGood();
        await bench.UntilAsync(job, static session => session.Paused is null);
        await gateway.PrintAsync();
        var ended = await bench.FollowAsync(job);

        Assert.Equal("done", ended.GetProperty("state").GetString());
        Assert.False(ended.TryGetProperty("paused", out _));
        var verdict = await PrintTests.VerifyAsync(bench, ended);
        Assert.True(verdict.IsValid);
        Assert.Matches(@"^Paused for \d+\.\d s behind segment \d+\.$", Assert.Single(verdict.Certificate!.Alerts, static alert => alert.Code == "PAUSED").Text);
        var acts = (await (await bench.Server.AdminAsync()).GetAsync($"/api/audit?subject=job/{job:D}")).IsGood()["records"].EnumerateArray().Select(static record => record.GetProperty("act").GetString());
        Assert.Equal(["job.paused", "job.resumed"], acts.Order());
        (await bench.Manufacturer.PostAsync($"/api/jobs/{job:D}/pause")).IsRefused(HttpStatusCode.Conflict, "JOB_ENDED");
        (await bench.Manufacturer.PostAsync($"/api/jobs/{job:D}/resume")).IsRefused(HttpStatusCode.Conflict, "JOB_ENDED");
    }

    [Fact]
    public async Task Only_the_shop_that_prints_may_pause_and_only_what_prints()
    {
        await using var bench = await PrintBench.OpenAsync();
        var waiting = await bench.StartJobAsync();
        await bench.FollowAsync(waiting, "waiting");
        (await bench.Manufacturer.PostAsync($"/api/jobs/{waiting:D}/pause")).IsRefused(HttpStatusCode.Conflict, "JOB_NOT_PRINTING");
        (await bench.Manufacturer.PostAsync($"/api/jobs/{waiting:D}/resume")).IsRefused(HttpStatusCode.Conflict, "JOB_NOT_PRINTING");

        await using var gateway = await bench.ConnectAsync();
        await gateway.PrintAsync(until: PrintTests.HasPrintedALittle);
        using var other = await bench.Server.JoinAsync(Role.Manufacturer, "Another hall");
        using var auditor = await bench.Server.JoinAsync(Role.Auditor, "Owner");
        using var worker = await bench.Server.JoinAsync(Role.Operator, "Maker");
        foreach (var act in new[] { "pause", "resume" })
        {
            (await other.PostAsync($"/api/jobs/{waiting:D}/{act}")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
            foreach (var person in new[] { bench.Oem, auditor, await bench.Server.AdminAsync() })
            {
                Assert.Equal(HttpStatusCode.Forbidden, (await person.PostAsync($"/api/jobs/{waiting:D}/{act}")).Status);
            }

            (await worker.PostAsync($"/api/jobs/{waiting:D}/{act}")).IsGood();
        }
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task An_engine_that_is_restarted_while_a_print_is_paused_holds_it_until_it_may_go_on(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        await PauseAsync(bench, job);
        await gateway.PrintAsync(until: _ => Stands(bench, job));
        var verified = gateway.Session.SegmentsVerified;

        bench.Server.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        await gateway.IsClosedAsync();
        await gateway.CutAsync();
        await bench.Server.RestartAsync();
        Assert.True(await gateway.ConnectAsync(bench.PrinterId));
        await gateway.PrintAsync(until: _ => Stands(bench, job));
        await bench.SignInAgainAsync();
        Assert.Equal("paused, the head is raised", (await bench.Manufacturer.GetAsync($"/api/jobs/{job:D}")).IsGood()["message"].GetString());
        Assert.Equal(verified, gateway.Session.SegmentsVerified);

        (await bench.Manufacturer.PostAsync($"/api/jobs/{job:D}/resume")).IsGood();
        await bench.UntilAsync(job, static session => session.Paused is null);
        await gateway.PrintAsync();

        Assert.Equal(EndReason.Completed, gateway.Session.End!.Reason);
        var verdict = await PrintTests.VerifyAsync(bench, await bench.FollowAsync(job));
        Assert.Equal(["PAUSED", "RESUMED"], verdict.Certificate!.Alerts.Select(static alert => alert.Code).Order());
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_gateway_that_is_too_old_to_pause_is_a_refusal_and_the_print_goes_on(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        await using var gateway = await bench.ConnectAsync(isOld: true);
        var job = await bench.StartPrintAsync(gateway);
        Assert.Equal("test-gateway 1.0", (await bench.Manufacturer.GetAsync($"/api/printers/{bench.PrinterId:D}")).IsGood()["gateway"].GetProperty("software").GetString());

        var refused = await bench.Manufacturer.PostAsync($"/api/jobs/{job:D}/pause");
        refused.IsRefused(HttpStatusCode.Conflict, "GATEWAY_TOO_OLD");
        Assert.False((await bench.Manufacturer.GetAsync($"/api/jobs/{job:D}")).IsGood().Body.TryGetProperty("paused", out _));
        using (var shop = await Browser.OfAsync(bench.Server, bench.Manufacturer))
        using (var page = await shop.SubmitAsync($"/jobs/{job:D}", $"/jobs/{job:D}/pause"))
        {
            Assert.Contains("is too old to pause a print.", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        await gateway.PrintAsync();
        Assert.Equal("done", (await bench.FollowAsync(job)).GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_pause_that_is_said_on_another_node_holds_the_print()
    {
        await using var bench = await PrintBench.OpenAsync(StorageKind.Postgres);
        await using var other = await bench.Server.StartNodeAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        using var there = bench.Manufacturer.At(other);

        (await there.PostAsync($"/api/jobs/{job:D}/pause")).IsGood();
        bench.Server.Time.Advance(TimeSpan.FromSeconds(1));
        await bench.UntilAsync(job, static session => session.Paused is not null);
        await gateway.PrintAsync(until: _ => Stands(bench, job));
        var paused = (await bench.Manufacturer.GetAsync($"/api/jobs/{job:D}")).IsGood().Body;
        Assert.True(paused.GetProperty("message").GetString() == "paused, the head is raised", paused.ToString());
        // The node that does not print reads it from the database, where the other one writes it once a second.
        while ((await there.GetAsync($"/api/jobs/{job:D}")).IsGood()["message"].GetString() != "paused, the head is raised")
        {
            var rounds = 0;
            await gateway.PrintAsync(until: _ => rounds++ > 0);
        }

        (await there.PostAsync($"/api/jobs/{job:D}/resume")).IsGood();
        bench.Server.Time.Advance(TimeSpan.FromSeconds(1));
        await bench.UntilAsync(job, static session => session.Paused is null);
        await gateway.PrintAsync();

        Assert.Equal("done", (await bench.FollowAsync(job)).GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_pause_that_nobody_ends_ends_the_print_with_a_sentence_and_a_fix()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        await PauseAsync(bench, job);
        await gateway.PrintAsync();
        var ended = await bench.FollowAsync(job);

        PrintTests.AssertFailed(ended, "PAUSED_TOO_LONG");
        var failure = ended.GetProperty("failure");
        Assert.Contains("within 480 s", failure.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Contains("8 minutes", failure.GetProperty("fix").GetString(), StringComparison.Ordinal);
        Assert.Contains("TURN_OFF_HEATERS", gateway.Printer.Lines);
        Assert.Equal("PAUSED_TOO_LONG", (await PrintTests.VerifyAsync(bench, ended)).Certificate!.ResultReason);
    }

    [Fact]
    public async Task A_paused_print_is_cancelled_as_any_other()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        await PauseAsync(bench, job);
        await gateway.PrintAsync(until: _ => Stands(bench, job));

        (await bench.Manufacturer.PostAsync($"/api/jobs/{job:D}/cancel")).IsGood();
        await gateway.PrintAsync();

        Assert.Equal("cancelled", (await bench.FollowAsync(job)).GetProperty("state").GetString());
        Assert.Equal(EndReason.Cancelled, gateway.Session.End!.Reason);
    }

    [Fact]
    public async Task The_pages_say_it_and_have_the_buttons()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        using var shop = await Browser.OfAsync(bench.Server, bench.Manufacturer);
        using var owner = await Browser.OfAsync(bench.Server, bench.Oem);
        var page = $"/jobs/{job:D}";
        Assert.DoesNotContain($"action=\"{page}/pause\"", await owner.TextAsync(page), StringComparison.Ordinal);

        using (var paused = await shop.SubmitAsync(page, $"{page}/pause"))
        {
            Assert.Equal(page, paused.Headers.Location?.ToString());
        }

        Assert.Contains("pausing: what was sent is printed to its end first", await shop.TextAsync(page), StringComparison.Ordinal);
        await bench.UntilAsync(job, static session => session.Paused is not null);
        await gateway.PrintAsync(until: _ => Stands(bench, job));
        var text = await shop.TextAsync(page);
        Assert.Contains("paused, the head is raised", text, StringComparison.Ordinal);
        Assert.Contains("If nobody lets it go on, the print is ended at", text, StringComparison.Ordinal);
        foreach (var table in new[] { "/", "/jobs", $"/printers/{bench.PrinterId:D}" })
        {
            Assert.Contains(">paused<", await shop.TextAsync(table), StringComparison.Ordinal);
        }

        using (var goesOn = await shop.SubmitAsync(page, $"{page}/resume"))
        {
            Assert.Equal(page, goesOn.Headers.Location?.ToString());
        }

        await bench.UntilAsync(job, static session => session.Paused is null);
        Assert.DoesNotContain(">paused<", await shop.TextAsync("/jobs"), StringComparison.Ordinal);
        await gateway.PrintAsync();
        using var again = await shop.SubmitAsync("/jobs", $"{page}/pause");
        Assert.Contains("This job has ended; there is nothing to pause.", await again.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    /// <summary>Pauses a print, and waits until its session has heard of it: the printer's time is ours, and it would be done before.</summary>
    private static async Task PauseAsync(PrintBench bench, Guid job)
    {
        (await bench.Manufacturer.PostAsync($"/api/jobs/{job:D}/pause")).IsGood();
        await bench.UntilAsync(job, static session => session.Paused is not null);
    }

    private static bool Stands(PrintBench bench, Guid job) => bench.Server.Services.GetRequiredService<JobFeed>().Read(job).Session?.Paused is { Stands: true };
}
