using System.Net;
using System.Runtime.Versioning;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Engine.Vaults;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Streaming.Wire;

namespace Touchmark.Engine.Tests.Vaults;

/// <summary>An auditor's decision on a finding reaches the vault that made it, or nothing is decided.</summary>
[SupportedOSPlatform("linux")]
public sealed class FindingTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    private const string Reason = "The nozzle sagged <b>9 °C</b> \"قوس\" 🙂";

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_decision_is_signed_by_the_vault_and_stands_in_log_and_trail(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        using var vault = Vault(bench);
        await using var gateway = await PrintAsync(bench, vault);
        using var person = await bench.Server.JoinAsync(Role.Auditor, "Auditors");
        using var auditor = await Browser.OfAsync(bench.Server, person);
        var finding = Assert.Single((await person.GetAsync("/api/findings?state=open")).IsGood().Body.EnumerateArray().ToArray());
        var (bundle, signal) = (finding.GetProperty("bundle_id").GetGuid(), finding.GetProperty("signal").GetString());
        Assert.Equal("sensor-anomaly", signal);
        var page = WebUtility.HtmlDecode(await auditor.TextAsync("/findings"));
        Assert.Contains(Reason, page, StringComparison.Ordinal);
        Assert.Contains("It never decides whether a record is valid", page, StringComparison.Ordinal);
        var address = $"/findings/{bundle:D}/{signal}";

        foreach (var (decision, comment) in new[] { ("maybe", "Well."), ("accept", ""), ("accept", new string('x', 10_000)) })
        {
            using var refused = await auditor.SubmitAsync(address, address, ("decision", decision), ("comment", comment));
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }

        var served = gateway.ServeVaultAsync(3);
        using var sent = await auditor.SubmitAsync(address, address, ("decision", "reject"), ("comment", "A draught: the <window> was open."));
        await served;
        Assert.Equal(address, sent.Headers.Location?.ToString());
        Assert.Equal(WireType.ReviewOrder, gateway.Ordered[^1]);

        page = WebUtility.HtmlDecode(await auditor.TextAsync(address));
        Assert.Contains("rejected", page, StringComparison.Ordinal);
        Assert.Contains("A draught: the <window> was open.", page, StringComparison.Ordinal);
        var decided = Assert.Single((await person.GetAsync("/api/findings?state=rejected")).IsGood().Body.EnumerateArray().ToArray());
        Assert.Equal(person.Email, decided.GetProperty("reviewer").GetString(), ignoreCase: true);
        var statement = decided.GetProperty("statement").GetBytesFromBase64();
        Assert.True((await person.GetAsync($"/api/log/statements/{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(statement))}")).IsGood().Body.TryGetProperty("index", out _));
        Assert.Contains("finding.reviewed", await auditor.TextAsync($"/audit?subject=bundle/{bundle:D}"), StringComparison.Ordinal);
        (await person.PostAsync($"/api{address}", new { decision = "accept", comment = "On second thoughts." })).IsRefused(HttpStatusCode.Conflict, "FINDING_DECIDED");
    }

    [Fact]
    public async Task Without_the_vaults_signature_nothing_is_decided()
    {
        await using var bench = await PrintBench.OpenAsync();
        using var vault = Vault(bench);
        using var person = await bench.Server.JoinAsync(Role.Auditor, "Auditors");
        var gateway = await PrintAsync(bench, vault);
        var finding = (await person.GetAsync("/api/findings")).IsGood().Body[0];
        var address = $"/api/findings/{finding.GetProperty("bundle_id").GetGuid():D}/sensor-anomaly";

        vault.Refusal = ("FORBIDDEN", "Only reviewers decide.");
        (await DecideAsync()).IsRefused(HttpStatusCode.Conflict, "VAULT_REFUSED");
        vault.Refusal = null;
        foreach (var (what, forged) in new (string, Func<FindingReview, FindingReview>)[]
        {
            ("decision", review => review with { Accepts = !review.Accepts }), ("comment", review => review with { Comment = "Something else." }), ("signal", review => review with { Signal = "slicer-drift" }),
            ("bundle", review => review with { BundleSha256 = new byte[32] }), ("id", review => review with { BundleId = Guid.Empty }), ("reviewer", review => review with { Reviewer = "uid:1000" }),
        })
        {
            vault.Review = forged;
            var answer = await DecideAsync();
            Assert.True(answer.Code == "VAULT_ANSWER", what);
        }

        await gateway.DisposeAsync();
        await bench.Server.RestartAsync();
        using var later = person.At(bench.Server);
        (await later.PostAsync(address, new { decision = "accept", comment = "Right." })).IsRefused(HttpStatusCode.ServiceUnavailable, "VAULT_AWAY");
        Assert.Equal("open", (await later.GetAsync("/api/findings")).IsGood().Body[0].GetProperty("state").GetString());

        async Task<Answer> DecideAsync()
        {
            var served = gateway.ServeVaultAsync(gateway.Ordered.Count + 1);
            var answer = await person.PostAsync(address, new { decision = "accept", comment = "Right." });
            await served;
            return answer;
        }
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Findings_in_bundles_of_before_there_was_a_list_are_entered_when_the_engine_starts(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        using var vault = Vault(bench);
        await using (await PrintAsync(bench, vault))
        {
        }

        using var person = await bench.Server.JoinAsync(Role.Auditor, "Auditors");
        var before = (await person.GetAsync("/api/findings")).IsGood().Text;
        await bench.Server.RestartAsync(async database =>
        {
            await database.ExecuteAsync("delete from vault_findings", null, default);
            await database.ExecuteAsync("update certificate_vaults set findings_read = false", null, default);
        });

        // What it is asked to do it does after that.
        await bench.Server.Services.GetRequiredService<VaultDesk>().EndorseAsync(Guid.Empty);

        using var later = person.At(bench.Server);
        Assert.Equal(before, (await later.GetAsync("/api/findings")).IsGood().Text);
        Assert.Equal(0, await bench.Server.Database.FirstOrDefaultAsync<long>("select count(*) from certificate_vaults where findings_read = false", null, default));
    }

    [Fact]
    public async Task Findings_are_for_auditors_and_admins_alone()
    {
        await using var server = await ServerFactory.StartAsync();
        using var auditor = await server.JoinAsync(Role.Auditor, "Auditors");
        (await auditor.PostAsync($"/api/findings/{Guid.Empty:D}/sensor-anomaly", new { decision = "accept", comment = "Right." })).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await auditor.GetAsync("/api/findings?state=lost")).IsRefused(HttpStatusCode.BadRequest, "STATE_UNKNOWN");
        foreach (var role in new[] { Role.Oem, Role.Manufacturer, Role.Operator, Role.Custodian })
        {
            using var person = await server.JoinAsync(role, "Maker Hall");
            using var browser = await Browser.OfAsync(server, person);
            await browser.TextAsync("/findings", HttpStatusCode.Forbidden);
            (await person.GetAsync("/api/findings")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
            (await person.PostAsync($"/api/findings/{Guid.Empty:D}/sensor-anomaly", new { decision = "accept", comment = "Right." })).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        }
    }

    private static StandInVault Vault(PrintBench bench) => new(bench.PrinterId, bench.Server.Time)
    {
        Bundle = bundle => bundle with
        {
            Models = [new ReviewModel("sensor-anomaly", "1", new byte[32])],
            Signals = [new ReviewSignal("sensor-anomaly", 0.75, Reason, []), new ReviewSignal("slicer-drift", 0.25, "As ever.", [])],
        },
    };

    /// <summary>Prints a part beside the vault, whose gateway stays.</summary>
    private static async Task<PrintingGateway> PrintAsync(PrintBench bench, StandInVault vault)
    {
        var gateway = bench.NewGateway();
        gateway.Vault = vault.Answer;
        Assert.True(await gateway.ConnectAsync(bench.PrinterId));
        await gateway.SendAsync(VaultNotice.Encode());
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync();
        await gateway.ServeVaultAsync(2);
        await bench.FollowAsync(job);
        await bench.Server.Services.GetRequiredService<VaultDesk>().EndorseAsync(Guid.Empty);
        return gateway;
    }
}
