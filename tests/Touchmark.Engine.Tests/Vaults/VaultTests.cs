using System.Runtime.Versioning;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Engine.Vaults;
using Touchmark.Evidence.Verification;
using Touchmark.Streaming.Wire;

namespace Touchmark.Engine.Tests.Vaults;

/// <summary>Prints on a printer with a vault beside it.</summary>
[SupportedOSPlatform("linux")]
public sealed class VaultTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_certificate_of_a_print_beside_a_vault_names_its_bundle_and_is_endorsed(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        using var vault = new StandInVault(bench.PrinterId, bench.Server.Time);
        await using var gateway = await ConnectAsync(bench, vault);
        var ended = await PrintAsync(bench, gateway, orders: 2);

        var verdict = await VerifyAsync(bench, ended, vault);
        Assert.True(verdict.IsValid, Say(verdict));
        Assert.Equal(vault.VaultId, verdict.Certificate!.Vault!.VaultId);
        Assert.Empty(verdict.Certificate.Alerts);
        Assert.Equal(CheckOutcome.Passed, Check(verdict, "certificate.vault").Outcome);
        Assert.Equal(CheckOutcome.Passed, Check(verdict, "certificate.bundle").Outcome);
        Assert.Equal([WireType.BundleOrder, WireType.EndorsementOrder], gateway.Ordered);
    }

    [Fact]
    public async Task Without_a_vault_nothing_is_ordered_and_the_verdict_says_so()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync();
        var verdict = await PrintTests.VerifyAsync(bench, await bench.FollowAsync(job));

        Assert.True(verdict.IsValid, Say(verdict));
        Assert.Null(verdict.Certificate!.Vault);
        Assert.Contains("No vault stood beside the printer", Check(verdict, "certificate.vault").Words, StringComparison.Ordinal);
        Assert.Empty(gateway.Ordered);
    }

    [Fact]
    public async Task A_vault_that_does_not_sign_is_an_alert_on_the_certificate()
    {
        await using var bench = await PrintBench.OpenAsync();
        using var vault = new StandInVault(bench.PrinterId, bench.Server.Time);
        await using var gateway = await ConnectAsync(bench, vault);
        gateway.Vault = frame => new VaultRefusal(BundleOrder.TryDecode(frame)!.JobId, "HSM_ABSENT", "The token was pulled.").Encode();
        var verdict = await VerifyAsync(bench, await PrintAsync(bench, gateway, orders: 1), vault);

        Assert.True(verdict.IsValid, Say(verdict));
        Assert.Null(verdict.Certificate!.Vault);
        var alert = Assert.Single(verdict.Certificate.Alerts);
        Assert.Equal(("VAULT_SILENT", "HSM_ABSENT: The token was pulled."), (alert.Code, alert.Text));
    }

    [Theory]
    [InlineData("job")]
    [InlineData("printer")]
    [InlineData("toolpath")]
    public async Task A_bundle_of_another_print_is_not_referred_to(string what)
    {
        await using var bench = await PrintBench.OpenAsync();
        using var vault = new StandInVault(bench.PrinterId, bench.Server.Time)
        {
            Bundle = bundle => what switch
            {
                "job" => bundle with { JobId = "another" },
                "printer" => bundle with { PrinterId = Guid.Empty },
                _ => bundle with { GCodeSha256 = new byte[32] },
            },
        };
        await using var gateway = await ConnectAsync(bench, vault);
        var verdict = await VerifyAsync(bench, await PrintAsync(bench, gateway, orders: 1), vault);

        Assert.Null(verdict.Certificate!.Vault);
        Assert.Equal("VAULT_SILENT", Assert.Single(verdict.Certificate.Alerts).Code);
    }

    [Fact]
    public async Task An_endorsement_that_did_not_come_is_asked_for_when_the_gateway_connects_again()
    {
        await using var bench = await PrintBench.OpenAsync();
        using var vault = new StandInVault(bench.PrinterId, bench.Server.Time) { Endorsement = endorsement => endorsement with { CertificateId = Guid.Empty } };
        JsonElement ended;
        await using (var gateway = await ConnectAsync(bench, vault))
        {
            ended = await PrintAsync(bench, gateway, orders: 2);
            var before = await VerifyAsync(bench, ended, vault);
            Assert.True(before.IsValid, Say(before));
            Assert.Contains("does not hold the vault's endorsement", Check(before, "certificate.vault").Words, StringComparison.Ordinal);
        }

        vault.Endorsement = endorsement => endorsement;
        await using var again = await ConnectAsync(bench, vault);
        await again.ServeVaultAsync(1);
        await SettleAsync(bench);

        Assert.Equal([WireType.EndorsementOrder], again.Ordered);
        Assert.Equal(CheckOutcome.Passed, Check(await VerifyAsync(bench, ended, vault), "certificate.vault").Outcome);
    }

    private static async Task<PrintingGateway> ConnectAsync(PrintBench bench, StandInVault vault)
    {
        var gateway = bench.NewGateway();
        gateway.Vault = vault.Answer;
        Assert.True(await gateway.ConnectAsync(bench.PrinterId));
        await gateway.SendAsync(VaultNotice.Encode());
        return gateway;
    }

    /// <summary>Prints a part, and serves so many orders for the vault.</summary>
    private static async Task<JsonElement> PrintAsync(PrintBench bench, PrintingGateway gateway, int orders)
    {
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync();
        await gateway.ServeVaultAsync(orders);
        var ended = await bench.FollowAsync(job);
        await SettleAsync(bench);
        return ended;
    }

    /// <summary>What was answered before is kept: the desk takes one printer after the other.</summary>
    private static Task SettleAsync(PrintBench bench) => bench.Server.Services.GetRequiredService<VaultDesk>().EndorseAsync(Guid.Empty);

    private static async Task<EvidenceVerdict> VerifyAsync(PrintBench bench, JsonElement job, StandInVault vault) => await PrintTests.VerifyAsync(bench, job, vault.Root);

    private static VerificationCheck Check(EvidenceVerdict verdict, string id) => Assert.Single(verdict.Verdict.Checks, check => check.Id == id);

    private static string Say(EvidenceVerdict verdict) => string.Join('\n', verdict.Verdict.Checks.Select(check => $"{check.Outcome} {check.Id}: {check.Words}"));
}
