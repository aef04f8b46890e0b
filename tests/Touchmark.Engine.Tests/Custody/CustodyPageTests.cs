using System.Net;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text.Json;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Evidence.Documents;

namespace Touchmark.Engine.Tests.Custody;

/// <summary>What the pages of custodians let in: the same as the API, and nobody besides.</summary>
[SupportedOSPlatform("linux")]
public sealed class CustodyPageTests
{
    [Fact]
    public async Task The_pages_desk_takes_what_custodians_sign_as_the_api_does_and_from_strangers()
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        using var browser = new Browser(bench.Server);
        using var maker = new Custodian(bench.Server, part, CustodianRole.Manufacturer, "DE");
        var invitation = await bench.Manufacturer.InviteAsync(part, CustodianRole.Manufacturer);

        await SendAsync(browser, $"/custody/{part.Value}/custodians", new { request = maker.Request(), invitation }, HttpStatusCode.Created);
        var proposal = await SendAsync(browser, $"/custody/{part.Value}/proposal", new { kind = "manufactured", custodian = maker.Pseudonym }, HttpStatusCode.OK);
        var refused = await SendAsync(browser, $"/custody/{part.Value}/proposal", new { kind = "manufactured", custodian = maker.Pseudonym, note = new string('x', 10_000) }, HttpStatusCode.BadRequest);
        Assert.Equal("CUSTODY_EVENT_INVALID", refused.GetProperty("code").GetString());
        var said = new CustodyEvent
        {
            EventId = proposal.GetProperty("event_id").GetGuid(), PartId = part, Number = proposal.GetProperty("number").GetInt64(), Kind = CustodyEventKind.Manufactured,
            At = proposal.GetProperty("at").GetDateTimeOffset(), Previous = Convert.FromHexString(proposal.GetProperty("previous").GetString()!), Custodian = maker.Pseudonym,
        };
        await SendAsync(browser, $"/custody/{part.Value}/events", new { statement = maker.Sign(said) }, HttpStatusCode.Created);

        Assert.Single((await bench.Server.ValidHistoryAsync(part)).Events);
        Assert.Contains("\"standing\":\"held\"", await browser.TextAsync($"/custody/{part.Value}/standing"), StringComparison.Ordinal);
        Assert.Contains(part.ToString(), await browser.TextAsync($"/custody/{part}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_names_no_part_is_told_so_and_leads_nowhere()
    {
        await using var server = await ServerFactory.StartAsync();
        using var browser = new Browser(server);
        Assert.Contains("No such part here", await browser.TextAsync("/custody/PPG0A0EV8ZB4ERYQ", HttpStatusCode.NotFound), StringComparison.Ordinal);
        Assert.Contains("has a mistake in it", await browser.TextAsync("/custody/PPG0A0EV8ZB4ERYR", HttpStatusCode.NotFound), StringComparison.Ordinal);
        foreach (var asked in new[] { "https://elsewhere.example/p/", "javascript:alert(1)", "\"><img src=x onerror=alert(1)>/", new string('9', 7_000) })
        {
            var page = await browser.TextAsync($"/custody?part={Uri.EscapeDataString(asked)}", HttpStatusCode.BadRequest);
            Assert.DoesNotContain("<img src=x", page, StringComparison.Ordinal);
        }

        using var found = await browser.GetAsync("/custody?part=https%3A%2F%2Fid.gs1.org%2F01%2F09506000134352%2F21%2FPPG0A0EV8ZB4ERYQ");
        Assert.Equal("/custody/PPG0A0EV8ZB4ERYQ", found.Headers.Location?.ToString());
    }

    [Fact]
    public async Task Where_look_up_is_closed_the_pages_are_for_whoever_is_signed_in()
    {
        await using var bench = await PrintBench.OpenAsync(arguments: ["--lookup", "closed"]);
        var part = (await bench.PrintPartAsync()).PartId;
        using var stranger = new Browser(bench.Server);
        using var person = await bench.Server.JoinAsync(Role.Custodian, "Clinic");
        using var rival = await bench.Server.JoinAsync(Role.Oem, "Rival Works");
        using var clinic = await Browser.OfAsync(bench.Server, person);
        using var rivals = await Browser.OfAsync(bench.Server, rival);

        foreach (var path in new[] { "/custody", "/custody/regulators", $"/custody/{part.Value}", $"/custody/{part.Value}/standing" })
        {
            using var asked = await stranger.GetAsync(path);
            Assert.StartsWith("/sign-in", asked.Headers.Location!.ToString(), StringComparison.Ordinal);
            await clinic.TextAsync(path);
        }

        foreach (var path in new[] { "proposal", "events", "custodians" })
        {
            using var body = JsonContent.Create(new { kind = "received", custodian = "0000000000000000", statement = Array.Empty<byte>(), request = Array.Empty<byte>() });
            using var answer = await stranger.PostAsync($"/custody/{part.Value}/{path}", body);
            Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        }

        // Another organisation's part, and one that is not there, are answered alike.
        var (theirs, none) = (await rivals.TextAsync($"/custody/{part.Value}", HttpStatusCode.NotFound), await rivals.TextAsync("/custody/PPG0A0EV8ZB4ERYQ", HttpStatusCode.NotFound));
        Assert.Equal(theirs.Replace(part.ToString(), "", StringComparison.Ordinal).Replace(part.Value, "", StringComparison.Ordinal), none.Replace("PPG0-A0EV-8ZB4-ERYQ", "", StringComparison.Ordinal).Replace("PPG0A0EV8ZB4ERYQ", "", StringComparison.Ordinal));
    }

    private static async Task<JsonElement> SendAsync(Browser browser, string path, object body, HttpStatusCode expected)
    {
        using var content = JsonContent.Create(body);
        using var answer = await browser.PostAsync(path, content);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(expected == answer.StatusCode, text);
        return JsonSerializer.Deserialize<JsonElement>(text);
    }
}
