using System.Net;
using System.Runtime.Versioning;
using System.Text.Json;
using Touchmark.Engine.Tests.Server;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Streaming;
using Touchmark.Streaming.Tests;
using Touchmark.Streaming.Wire;

namespace Touchmark.Engine.Tests.Sessions;

/// <summary>Whole prints over a real socket: what the job, the licence and the certificate say afterwards.</summary>
[SupportedOSPlatform("linux")]
public sealed class PrintTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_print_that_was_executed_is_done_and_has_a_certificate_that_verifies_offline(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync();
        var ended = await bench.FollowAsync(job);

        Assert.Equal(EndReason.Completed, gateway.Session.End!.Reason);
        Assert.Equal("done", ended.GetProperty("state").GetString());
        var verdict = await VerifyAsync(bench, ended);
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Verdict.Checks.Select(check => $"{check.Outcome} {check.Id}: {check.Words}")));
        var certificate = verdict.Certificate!;
        Assert.Equal((PrintResult.Completed, job, gateway.Offered!.Segments), (certificate.Result, certificate.JobId, (ulong)certificate.Segments));
        Assert.Equal(("Owner", "Maker", "ws"), (certificate.Owner, certificate.Manufacturer, certificate.EngineTransport));
        Assert.InRange(certificate.Exposure.MotionS, 0.1, 3);
        Assert.InRange(certificate.Exposure.Segments, 2, 128);
        Assert.Contains(certificate.Temperatures, range => range is { Heater: "extruder", MaxC: > 205 });
        Assert.Empty(certificate.Alerts);
        Assert.Equal(1, await bench.TakenAsync());
    }

    [Fact]
    public async Task After_a_refusal_the_next_job_is_offered_over_the_same_connection()
    {
        await using var bench = await PrintBench.OpenAsync();
        var first = await bench.StartJobAsync();
        await using var gateway = await bench.ConnectAsync(new Refusal("PRINTER_BUSY", "The printer runs another job.", new Dictionary<string, string>(), "Wait."));
        await gateway.PrintAsync();
        await bench.FollowAsync(first);

        var second = await bench.StartJobAsync();

        Assert.Equal(WireType.Offer, WireFrame.Peek(await gateway.NextAsync(), out _));
        Assert.Equal("preflight", (await bench.FollowAsync(second, "preflight")).GetProperty("state").GetString());
    }

    [Fact]
    public async Task No_more_motion_leaves_the_engine_than_the_licence_allows()
    {
        const double limit = 1.6;
        await using var bench = await PrintBench.OpenAsync(exposureLimit: limit);
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync();

        var verdict = await VerifyAsync(bench, await bench.FollowAsync(job));

        Assert.True(verdict.IsValid);
        Assert.InRange(verdict.Certificate!.Exposure.MotionS, 0.1, limit);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task The_offer_tells_the_gateway_what_the_licence_bears(bool scriptStore, bool noDeadMan)
    {
        await using var bench = await PrintBench.OpenAsync(terms: new { allow_script_store = scriptStore, allow_no_dead_man = noDeadMan });
        await using var gateway = await bench.ConnectAsync();
        await bench.StartJobAsync();
        await gateway.PrintAsync(until: running => running.Offered is not null);

        Assert.Equal((scriptStore, noDeadMan), (gateway.Offered!.AllowScriptStore, gateway.Offered.AllowNoDeadMan));
    }

    [Fact]
    public async Task A_gateway_that_does_not_come_back_fails_the_job_with_a_certificate_and_keeps_the_print()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        await gateway.DisposeAsync();
        await bench.UntilAwayAsync(job);
        bench.Server.Time.Advance(TimeSpan.FromSeconds(60));

        var ended = await bench.FollowAsync(job);

        AssertFailed(ended, "CONNECTION_LOST");
        var verdict = await VerifyAsync(bench, ended);
        Assert.True(verdict.IsValid);
        Assert.Equal((PrintResult.Failed, "CONNECTION_LOST"), (verdict.Certificate!.Result, verdict.Certificate.ResultReason));
        Assert.InRange((ulong)verdict.Certificate.Segments, 1ul, gateway.Offered!.Segments - 1);
        Assert.Equal(1, await bench.TakenAsync());
    }

    [Fact]
    public async Task A_gateway_that_vanishes_and_returns_goes_on_with_the_print()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        await gateway.CutAsync();
        await bench.UntilAwayAsync(job);
        Assert.True(await gateway.ConnectAsync(bench.PrinterId));
        await gateway.PrintAsync();

        var ended = await bench.FollowAsync(job);

        Assert.Equal("done", ended.GetProperty("state").GetString());
        var verdict = await VerifyAsync(bench, ended);
        Assert.True(verdict.IsValid);
        Assert.Equal("RESUMED", Assert.Single(verdict.Certificate!.Alerts).Code);
        Assert.Equal(1, await bench.TakenAsync());
    }

    [Fact]
    public async Task A_second_connection_of_the_same_gateway_takes_the_print_over()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);

        // The gateway has lost its network; the engine still believes in the old connection.
        gateway.Forsake();
        Assert.True(await gateway.ConnectAsync(bench.PrinterId));
        await gateway.PrintAsync();

        Assert.Equal("done", (await bench.FollowAsync(job)).GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_gateway_that_was_started_anew_ends_the_print_and_the_next_one_can_begin()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        await gateway.DisposeAsync();
        await bench.UntilAwayAsync(job);
        await using var anew = await bench.ConnectAsync();
        var resume = await anew.NextAsync();
        Assert.Equal(WireType.Resume, WireFrame.Peek(resume, out _));
        await anew.SendAsync(GatewaySession.DeclineResume(resume, bench.Device));

        AssertFailed(await bench.FollowAsync(job), "GATEWAY_STOPPED");
        Assert.Equal(1, await bench.TakenAsync());
        var next = await bench.StartJobAsync();
        Assert.Equal(WireType.Offer, WireFrame.Peek(await anew.NextAsync(), out _));
        Assert.Equal("preflight", (await bench.FollowAsync(next, "preflight")).GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_preflight_refusal_reaches_the_job_word_for_word_and_gives_the_print_back()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync(
            new Refusal("NOZZLE_RANGE", "The nozzle caps at 200 °C.", new Dictionary<string, string> { ["nozzle_c"] = "210 °C" }, "Choose another material."));
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync();

        var ended = await bench.FollowAsync(job);

        AssertFailed(ended, "NOZZLE_RANGE");
        var failure = ended.GetProperty("failure");
        Assert.Equal("The nozzle caps at 200 °C.", failure.GetProperty("text").GetString());
        Assert.Equal("210 °C", failure.GetProperty("figures").GetProperty("nozzle_c").GetString());
        Assert.Equal("Choose another material.", failure.GetProperty("fix").GetString());
        Assert.Equal(0, await bench.TakenAsync());
        Assert.False(ended.TryGetProperty("certificate_id", out _));
    }

    [Fact]
    public async Task Another_machine_behind_the_same_device_key_gets_no_segment()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync(profile: Toolpaths.Profile with { McuId = "usb-Klipper_another_1" });
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync();

        AssertFailed(await bench.FollowAsync(job), "IDENTITY_CHANGED");
        Assert.Empty(gateway.Printer.Lines);
        Assert.Equal(0, await bench.TakenAsync());
    }

    [Fact]
    public async Task Cancelling_stops_the_print_makes_the_printer_safe_and_is_certified()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);

        (await bench.Manufacturer.PostAsync($"/api/jobs/{job}/cancel")).IsGood();
        await bench.FollowUntilAsync(job, static told => told.TryGetProperty("ending", out _));
        await gateway.PrintAsync();
        var ended = await bench.FollowAsync(job);

        Assert.Equal("cancelled", ended.GetProperty("state").GetString());
        Assert.Equal(EndReason.Cancelled, gateway.Session.End!.Reason);
        Assert.Contains("TURN_OFF_HEATERS", gateway.Printer.Lines);
        Assert.Equal(PrintResult.Cancelled, (await VerifyAsync(bench, ended)).Certificate!.Result);
    }

    [Fact]
    public async Task Revoking_the_licence_stops_the_print_and_the_certificate_still_verifies()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);

        (await bench.Oem.PostAsync($"/api/licences/{bench.LicenceId}/revoke", new { reason = "Recalled." })).IsGood();
        await gateway.PrintAsync();
        var ended = await bench.FollowAsync(job);

        AssertFailed(ended, "LICENCE_REVOKED");
        var verdict = await VerifyAsync(bench, ended);
        Assert.True(verdict.IsValid);
        Assert.Equal(PrintResult.Revoked, verdict.Certificate!.Result);
    }

    [Fact]
    public async Task A_printer_that_does_something_else_is_suspected_and_the_samples_are_in_the_certificate()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync(until: running => HasPrintedALittle(running) && running.Printer.Sample().Velocity > 0);
        gateway.Printer.IsStuck = true;
        await gateway.PrintAsync();
        var ended = await bench.FollowAsync(job);

        AssertFailed(ended, "PROXY_SUSPECTED");
        var verdict = await VerifyAsync(bench, ended);
        Assert.Equal(PrintResult.ProxySuspected, verdict.Certificate!.Result);
        Assert.Contains(verdict.Certificate.Alerts, alert => alert.Code == "PROXY_EVIDENCE");
    }

    internal static bool HasPrintedALittle(PrintingGateway gateway) => gateway.Printer.ExecutedSeconds > 2;

    internal static void AssertFailed(JsonElement job, string code)
    {
        Assert.Equal("failed", job.GetProperty("state").GetString());
        Assert.Equal(code, job.GetProperty("failure").GetProperty("code").GetString());
    }

    /// <summary>Fetches the job's certificate as the design's owner and verifies it with nothing but the engine's published keys.</summary>
    internal static async Task<EvidenceVerdict> VerifyAsync(PrintBench bench, JsonElement job, IReadOnlyList<TrustedKey>? more = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/certificates/{job.GetProperty("certificate_id").GetGuid()}");
        request.Headers.Accept.ParseAdd("application/cbor");
        using var answer = await bench.Oem.Http.SendAsync(request);
        Assert.Equal((HttpStatusCode.OK, EvidenceFile.MediaType), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        var trust = await bench.Oem.Http.GetByteArrayAsync(new Uri("/api/trust", UriKind.Relative));
        Assert.True(TrustStore.TryParse(trust, out var keys, out var problem), problem);
        return EvidenceVerifier.Verify(await answer.Content.ReadAsByteArrayAsync(), keys.With(more ?? []), bench.Server.Time.GetUtcNow());
    }
}
