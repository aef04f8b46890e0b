using System.Net;
using System.Runtime.Versioning;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Engine.Transparency;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Engine.Tests.Transparency;

/// <summary>What is handed out proves offline that the log has it, by the trust that the same engine hands out.</summary>
[SupportedOSPlatform("linux")]
public sealed class EvidenceFileTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_certificate_comes_with_the_proof_that_the_log_has_all_its_statements(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync();
        var verdict = (await PrintTests.VerifyAsync(bench, await bench.FollowAsync(job))).Verdict;

        Assert.Equal(VerdictKind.Valid, verdict.Kind);
        foreach (var check in new[] { "log.origin", "log.signature", "log.shadow-signature", "log.inclusion" })
        {
            Assert.Equal(CheckOutcome.Passed, Assert.Single(verdict.Checks, made => made.Id == check).Outcome);
        }
    }

    [Fact]
    public async Task Without_its_log_an_engine_hands_out_no_certificate_that_lacks_a_proof()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync();
        var id = (await bench.FollowAsync(job)).GetProperty("certificate_id").GetGuid();

        // What is still on its way would begin a new log where the old one was.
        Assert.True(await bench.Server.Services.GetRequiredService<Outbox>().SettledAsync(TestContext.Current.CancellationToken));
        Directory.Move(Path.Combine(bench.Server.Data, "log"), Path.Combine(bench.Server.Data, "away"));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/certificates/{id:D}");
        request.Headers.Accept.ParseAdd("application/cbor");
        using var answer = await bench.Oem.Http.SendAsync(request);

        Assert.True(answer.StatusCode == HttpStatusCode.ServiceUnavailable, $"{answer.StatusCode}: {string.Join('\n', bench.Server.Log.Lines.TakeLast(5))}");
        Assert.Contains("LOG_BEHIND", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_statement_that_nobody_entered_gets_into_no_file()
    {
        await using var server = await ServerFactory.StartAsync();
        var files = server.Services.GetRequiredService<EvidenceFiles>();
        var entered = new StatementPart((await server.StatementsAsync())[0], null);

        Assert.Null((await files.BuildAsync(entered, [], default)).Refusal);
        await Assert.ThrowsAsync<InvalidDataException>(() => files.BuildAsync(entered, [new StatementPart(new byte[] { 1 }, null)], default));
    }

    [Fact]
    public async Task More_statements_than_a_file_holds_are_refused_before_any_of_them_is_looked_for()
    {
        await using var server = await ServerFactory.StartAsync();
        var part = new StatementPart(new byte[] { 1 }, null);

        var answer = await server.Services.GetRequiredService<EvidenceFiles>().BuildAsync(part, [.. Enumerable.Repeat(part, EvidenceFile.MaxStatements)], default);

        Assert.Equal("EVIDENCE_TOO_LARGE", answer.Refusal?.Code);
    }
}
