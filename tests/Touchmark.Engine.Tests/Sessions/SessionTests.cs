using System.Net.WebSockets;
using Touchmark.Cryptography;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Tests.Jobs;
using Touchmark.Evidence.Verification;
using Touchmark.Streaming;
using Microsoft.Extensions.DependencyInjection;

namespace Touchmark.Engine.Tests.Sessions;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class SessionTests
{
    [Fact]
    public async Task Gateway_with_another_device_key_is_not_let_in()
    {
        await using var shop = await PrintShop.OpenAsync();
        using var stolen = P256PrivateKey.Generate();
        using var gateway = new TestGateway(stolen, shop.EngineKey, shop.Server.Time);
        Assert.False(await gateway.ConnectAsync(shop));
        Assert.Equal((WebSocketCloseStatus.PolicyViolation, "DEVICE_UNKNOWN"), (gateway.CloseStatus, gateway.CloseWords));
    }

    [Fact]
    public async Task Gateway_of_an_unknown_or_revoked_printer_is_told_the_same()
    {
        await using var shop = await PrintShop.OpenAsync();
        using var unknown = new TestGateway(shop.Device, shop.EngineKey, shop.Server.Time);
        Assert.False(await unknown.ConnectAsync(shop, Guid.CreateVersion7(shop.Server.Time.GetUtcNow())));
        (await shop.Maker.PostAsync($"/api/printers/{shop.PrinterId:D}/revoke")).IsGood();
        using var revoked = new TestGateway(shop.Device, shop.EngineKey, shop.Server.Time);
        Assert.False(await revoked.ConnectAsync(shop));
        Assert.Equal((unknown.CloseStatus, unknown.CloseWords), (revoked.CloseStatus, revoked.CloseWords));
    }

    [Fact]
    public async Task Preflight_refusal_reaches_the_job_with_code_figures_and_fix()
    {
        await using var shop = await PrintShop.OpenAsync();
        using var gateway = new TestGateway(shop.Device, shop.EngineKey, shop.Server.Time);
        Assert.True(await gateway.ConnectAsync(shop));
        var job = (await shop.OrderAsync()).IsGood().Id;

        await gateway.RefuseAsync(new Refusal("BUSY", "The printer prints something else.", new Dictionary<string, string> { ["file"] = "vase" }, "Wait for it."));

        var failure = (await shop.UntilAsync(job, "failed")).GetProperty("failure");
        Assert.Equal("BUSY", failure.GetProperty("code").GetString());
        Assert.Equal("vase", failure.GetProperty("figures").GetProperty("file").GetString());
        Assert.Equal("Wait for it.", failure.GetProperty("fix").GetString());
        Assert.Equal(0, await shop.TakenAsync());
    }

    [Fact]
    public async Task Gateway_that_vanishes_in_the_middle_fails_the_job_keeps_the_print_counted_and_leaves_a_certificate()
    {
        await using var shop = await PrintShop.OpenAsync();
        using var gateway = new TestGateway(shop.Device, shop.EngineKey, shop.Server.Time);
        Assert.True(await gateway.ConnectAsync(shop));
        var job = (await shop.OrderAsync()).IsGood().Id;
        await gateway.AcceptUntilFirstScriptAsync();

        gateway.Vanish();

        var ended = await shop.UntilAsync(job, "failed");
        Assert.Equal("CONNECTION_LOST", ended.GetProperty("failure").GetProperty("code").GetString());
        Assert.Equal(1, await shop.TakenAsync());
        await VerifyAsync(shop, ended.GetProperty("certificate_id").GetGuid(), "failed");
    }

    [Fact]
    public async Task Cancel_in_the_middle_makes_the_printer_safe_and_certifies_what_was_sent()
    {
        await using var shop = await PrintShop.OpenAsync();
        using var gateway = new TestGateway(shop.Device, shop.EngineKey, shop.Server.Time);
        Assert.True(await gateway.ConnectAsync(shop));
        var job = (await shop.OrderAsync()).IsGood().Id;
        await gateway.AcceptUntilFirstScriptAsync();

        (await shop.Maker.PostAsync($"/api/jobs/{job:D}/cancel")).IsGood();
        await gateway.MakeSafeAsync();

        var ended = await shop.UntilAsync(job, "cancelled");
        Assert.Equal(1, await shop.TakenAsync());
        await VerifyAsync(shop, ended.GetProperty("certificate_id").GetGuid(), "cancelled");
    }

    [Fact]
    public async Task Fault_while_a_print_is_certified_fails_the_job_and_keeps_the_print_counted()
    {
        await using var shop = await PrintShop.OpenAsync();
        using var gateway = new TestGateway(shop.Device, shop.EngineKey, shop.Server.Time);
        Assert.True(await gateway.ConnectAsync(shop));
        var job = (await shop.OrderAsync()).IsGood().Id;
        await gateway.AcceptUntilFirstScriptAsync();
        await shop.Server.Database.ExecuteAsync("alter table certificates rename to certificates_away", null, default);

        gateway.Vanish();

        var ended = await shop.UntilAsync(job, "failed");
        Assert.Equal("INTERNAL", ended.GetProperty("failure").GetProperty("code").GetString());
        Assert.Equal(1, await shop.TakenAsync());
    }

    private static async Task VerifyAsync(PrintShop shop, Guid certificate, string result)
    {
        var shown = (await shop.Oem.GetAsync($"/api/certificates/{certificate:D}")).IsGood();
        Assert.Equal(result, shown["result"].GetString());
        Assert.True(shown["segments"].GetInt64() > 0);
        Assert.Equal(shown["segments"].GetInt64(), shown["segment_ivs"].GetArrayLength());

        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/certificates/{certificate:D}") { Headers = { { "Accept", "application/cbor" } } };
        using var answer = await shop.Maker.Http.SendAsync(request);
        var file = await answer.Content.ReadAsByteArrayAsync();
        var trust = shop.Server.Services.GetRequiredService<EngineStatements>().Trust;
        var verdict = CertificateVerifier.Verify(file, trust, shop.Server.Time.GetUtcNow());
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Verdict.Checks.Where(check => check.Outcome == CheckOutcome.Failed).Select(check => check.Words)));
    }
}
