using System.Net;
using System.Runtime.Versioning;
using System.Text.Json;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Log.Verification;

namespace Touchmark.Engine.Tests.Pages;

/// <summary>What auditors look through: the log, the audit trail, everything by one question. Nobody else gets there.</summary>
[SupportedOSPlatform("linux")]
public sealed class AuditorPageTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Fact]
    public async Task The_log_is_read_entry_by_entry_each_with_its_statement_and_its_proof()
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        using var person = await bench.Server.JoinAsync(Role.Auditor, "Auditors");
        using var auditor = await Browser.OfAsync(bench.Server, person);

        var list = await auditor.TextAsync("/log");
        Assert.Contains("print certificate", list, StringComparison.Ordinal);
        Assert.Contains("licence grant", list, StringComparison.Ordinal);
        Assert.Contains("log&#x27;s own first entry", list, StringComparison.Ordinal);
        var statement = (await person.GetAsync($"/api/parts/{part.Value}/origin")).IsGood()["statements"][0];
        using var found = await auditor.GetAsync($"/log?q={statement.GetProperty("sha256").GetString()}");
        var entry = found.Headers.Location!.ToString();
        Assert.Equal($"/log/entries/{statement.GetProperty("log_index").GetInt64()}", entry);

        var page = WebUtility.HtmlDecode(await auditor.TextAsync(entry));
        Assert.Contains(statement.GetProperty("sha256").GetString()!, page, StringComparison.Ordinal);
        Assert.Contains(part.Value, page, StringComparison.Ordinal);
        using var envelope = await auditor.GetAsync(entry + "/statement");
        using var proof = await auditor.GetAsync(entry + "/proof");
        var (bytes, proven) = (await envelope.Content.ReadAsByteArrayAsync(), await proof.Content.ReadAsByteArrayAsync());
        Assert.True(Statement.TryParse(bytes, out _, out var problem), problem);
        var policy = JsonDocument.Parse(await auditor.TextAsync("/api/trust")).RootElement.GetProperty("log").GetString()!;
        Assert.True(TrustedLog.TryParse(policy, out var trusted, out problem), problem);
        Assert.True(LogVerifier.Verify(bytes, proven, trusted.Policy, bench.Server.Time.GetUtcNow(), LogExpectations.None).IsValid);

        await auditor.TextAsync("/log/entries/0");
        await auditor.TextAsync("/log/entries/999999", HttpStatusCode.NotFound);
        await auditor.TextAsync("/log/entries/-1", HttpStatusCode.NotFound);
        Assert.Contains("There is no such entry", WebUtility.HtmlDecode(await auditor.TextAsync($"/log?q={new string('a', 64)}", HttpStatusCode.NotFound)), StringComparison.Ordinal);
        Assert.Contains("There is no such entry", WebUtility.HtmlDecode(await auditor.TextAsync("/log?q=%3Cimg%20src%3Dx%3E", HttpStatusCode.NotFound)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_checkpoint_shows_who_signed_it_and_that_the_log_only_grew()
    {
        await using var bench = await PrintBench.OpenAsync();
        await bench.PrintPartAsync();
        using var person = await bench.Server.JoinAsync(Role.Auditor, "Auditors");
        using var auditor = await Browser.OfAsync(bench.Server, person);

        var page = await auditor.TextAsync("/log/checkpoints");
        Assert.Equal(2, page.Split(">signed<").Length - 1);
        Assert.Contains("no witness is asked for", page, StringComparison.Ordinal);
        Assert.Contains("id=\"log-growth\"", await auditor.TextAsync("/log/checkpoints?old=1"), StringComparison.Ordinal);
        Assert.Contains("class=\"hashes\"", await auditor.TextAsync("/log/checkpoints?old=3"), StringComparison.Ordinal);
        foreach (var wrong in new[] { "-1", "999999999" })
        {
            Assert.Contains("role=\"alert\"", await auditor.TextAsync($"/log/checkpoints?old={wrong}", HttpStatusCode.BadRequest), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_audit_trail_is_searched_by_act_person_thing_and_day_and_kept_as_the_api_gives_it()
    {
        await using var bench = await PrintBench.OpenAsync();
        using var person = await bench.Server.JoinAsync(Role.Auditor, "Auditors");
        using var auditor = await Browser.OfAsync(bench.Server, person);
        (await bench.Oem.PostAsync($"/api/licences/{bench.LicenceId:D}/revoke", new { reason = "Over <and> out" })).IsGood();
        var today = bench.Server.Time.GetUtcNow().ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

        Assert.Contains("licence.revoked", Rows(await auditor.TextAsync("/audit")), StringComparison.Ordinal);
        foreach (var question in new[] { "act=licence.revoked", $"actor={Uri.EscapeDataString(bench.Oem.Email)}", $"subject=licence/{bench.LicenceId:D}", $"from={today}", $"to={today}&act=licence.revoked" })
        {
            Assert.Contains("licence.revoked", Rows(await auditor.TextAsync($"/audit?{question}")), StringComparison.Ordinal);
        }

        foreach (var question in new[] { "act=key.made", "actor=nobody@touchmark.test", "subject=licence/none", "from=2999-01-01", "to=2001-01-01", "before=1" })
        {
            Assert.DoesNotContain("licence.revoked", Rows(await auditor.TextAsync($"/audit?{question}")), StringComparison.Ordinal);
        }

        foreach (var wrong in new[] { "from=yesterday", $"subject={new string('x', 7_000)}" })
        {
            Assert.Contains("role=\"alert\"", await auditor.TextAsync($"/audit?{wrong}", HttpStatusCode.BadRequest), StringComparison.Ordinal);
        }

        var kept = JsonDocument.Parse(await auditor.TextAsync("/audit/export?act=licence.revoked")).RootElement.GetProperty("records");
        var asked = (await person.GetAsync("/api/audit?act=licence.revoked&statements=true")).IsGood()["records"];
        Assert.Equal(asked.GetRawText(), kept.GetRawText());
        Assert.Equal(1, kept.GetArrayLength());
        using var statement = await auditor.GetAsync($"/audit/{kept[0].GetProperty("number").GetInt64()}/statement");
        Assert.Equal(kept[0].GetProperty("statement").GetBytesFromBase64(), await statement.Content.ReadAsByteArrayAsync());
        await auditor.TextAsync("/audit/999999/statement", HttpStatusCode.NotFound);
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task One_question_finds_what_the_caller_may_see_and_nothing_else(StorageKind storage)
    {
        await using var bench = await PrintBench.OpenAsync(storage);
        var printed = await bench.PrintPartAsync(materialLot: "Spool 12/B");
        using var person = await bench.Server.JoinAsync(Role.Auditor, "Auditors");
        using var rival = await bench.Server.JoinAsync(Role.Oem, "Rival Works");
        var certificate = (await person.GetAsync($"/api/parts/{printed.PartId.Value}")).IsGood()["certificate_id"].GetGuid();
        using var auditor = await Browser.OfAsync(bench.Server, person);

        foreach (var (question, kinds) in new[]
        {
            (printed.PartId.ToString(), "part"), ("Spool 12/B", "part"), ($"{certificate:D}", "certificate"), ($"{bench.LicenceId:D}", "licence"), ($"{bench.PrinterId:D}", "printer"),
            ("brack", "certificate,design,part,print"), ("bench", "printer"),
        })
        {
            var hits = (await person.GetAsync($"/api/search?q={Uri.EscapeDataString(question)}")).IsGood().Body.EnumerateArray().ToList();
            Assert.Equal(kinds, string.Join(',', hits.Select(hit => hit.GetProperty("kind").GetString()).Distinct().Order(StringComparer.Ordinal)));
            var page = await auditor.TextAsync($"/search?q={Uri.EscapeDataString(question)}");
            foreach (var hit in hits)
            {
                Assert.Contains($"href=\"{hit.GetProperty("path").GetString()}\"", page, StringComparison.Ordinal);
                await auditor.TextAsync(hit.GetProperty("path").GetString()!);
            }

            Assert.Empty((await rival.GetAsync($"/api/search?q={Uri.EscapeDataString(question)}")).IsGood().Body.EnumerateArray());
        }

        foreach (var wrong in new[] { "x", new string('x', 257) })
        {
            (await person.GetAsync($"/api/search?q={wrong}")).IsRefused(HttpStatusCode.BadRequest, "SEARCH_LENGTH");
        }

        Assert.Contains("Nothing fits", await auditor.TextAsync("/search?q=%25%25%25"), StringComparison.Ordinal);
        Assert.DoesNotContain("<img src=x", await auditor.TextAsync("/search?q=%3Cimg%20src%3Dx%3E"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Role.Oem)]
    [InlineData(Role.Manufacturer)]
    [InlineData(Role.Operator)]
    [InlineData(Role.Custodian)]
    internal async Task Log_trail_and_regulators_are_for_auditors_and_admins_alone(Role role)
    {
        await using var server = await ServerFactory.StartAsync();
        using var person = await server.JoinAsync(role, "Maker Hall");
        using var browser = await Browser.OfAsync(server, person);

        foreach (var path in new[] { "/log", "/log/entries/0", "/log/entries/0/statement", "/log/checkpoints", "/audit", "/audit/export", "/audit/1/statement", "/regulators" })
        {
            Assert.Contains("another role", await browser.TextAsync(path, HttpStatusCode.Forbidden), StringComparison.Ordinal);
        }
    }

    /// <summary>What stands in the table, and not in the form above it.</summary>
    private static string Rows(string page) => page.IndexOf("<tbody>", StringComparison.Ordinal) is >= 0 and var at ? page[at..] : "";
}
