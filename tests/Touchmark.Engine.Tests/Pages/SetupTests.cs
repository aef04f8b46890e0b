using System.Net;
using System.Text.RegularExpressions;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Pages;

/// <summary>An empty engine leads its admin from the setup token to the first printer, by forms.</summary>
public sealed partial class SetupTests
{
    private const string Chosen = "a password of my own";

    [Fact]
    public async Task An_empty_engine_leads_from_the_setup_token_to_the_first_printer()
    {
        await using var server = await ServerFactory.StartAsync();
        using var browser = new Browser(server);
        using var asked = await browser.GetAsync("/");
        Assert.Equal("/sign-in", asked.Headers.Location?.ToString());
        using var led = await browser.GetAsync("/sign-in");
        Assert.Equal("/setup/begin", led.Headers.Location?.ToString());

        using var begun = await BeginAsync(browser, await File.ReadAllTextAsync(server.SetupTokenFile));
        Assert.Equal("/setup", begun.Headers.Location?.ToString());
        var page = await browser.TextAsync("/setup");
        Assert.Contains("master.key", page, StringComparison.Ordinal);
        Assert.Contains("href=\"/api/trust\"", page, StringComparison.Ordinal);
        foreach (var key in (await server.Stranger().GetAsync("/api/trust")).IsGood()["keys"].EnumerateArray())
        {
            Assert.Contains(key.GetProperty("key_id").GetString()!, page, StringComparison.Ordinal);
        }

        using var owner = await browser.SubmitPageAsync(page, "/setup/owner", ("email", "owner@touchmark.test"), ("name", "Olga"), ("organisation", "Bracket Works"));
        var first = CodeOf(await owner.Content.ReadAsStringAsync());
        using var shop = await browser.SubmitAsync("/setup", "/setup/shop", ("email", "maker@touchmark.test"), ("name", "Max"), ("organisation", "Maker Hall"));
        Assert.NotEqual(first, CodeOf(await shop.Content.ReadAsStringAsync()));
        Assert.Contains("Finish setting the engine up", await browser.TextAsync("/"), StringComparison.Ordinal);

        // Left, and gone on with from another browser.
        using var later = new Browser(server);
        using var back = await later.SubmitAsync("/sign-in", "/sign-in", ("email", "admin@touchmark.test"), ("password", Chosen));
        using var printer = await later.SubmitAsync("/setup", "/setup/printer");
        var told = await printer.Content.ReadAsStringAsync();
        Assert.Contains($"touchmark-gateway enrol --engine {server.Address.ToString().TrimEnd('/')} --code {CodeOf(told)} --printer http://127.0.0.1:7125", told, StringComparison.Ordinal);
        Assert.Contains("virtual-printer --port 7125", told, StringComparison.Ordinal);
        Assert.Single(await server.Database.QueryAsync<string>(
            "select organisations.name from pairing_codes join organisations on organisations.id = pairing_codes.organisation_id where organisations.name = 'Maker Hall'", null, CancellationToken.None));
    }

    [Fact]
    public async Task A_wrong_setup_token_says_so_keeps_what_was_typed_and_makes_nothing()
    {
        await using var server = await ServerFactory.StartAsync();
        using var browser = new Browser(server);

        using var refused = await BeginAsync(browser, "guess");
        var page = await refused.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("SETUP_TOKEN_WRONG", page, StringComparison.Ordinal);
        Assert.Contains("value=\"Touchmark\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain(Chosen, page, StringComparison.Ordinal);
        Assert.DoesNotContain("value=\"guess\"", page, StringComparison.Ordinal);
        Assert.Equal(0, await server.Database.FirstOrDefaultAsync<long>("select count(*) from accounts", null, CancellationToken.None));
    }

    [Fact]
    public async Task A_first_owner_who_is_refused_stays_in_the_form()
    {
        await using var server = await ServerFactory.StartAsync();
        using var browser = await Browser.OfAsync(server, await server.AdminAsync());

        using var refused = await browser.SubmitAsync("/setup", "/setup/owner", ("email", "no address <b>"), ("name", "Olga \"قوس\" 🙂"), ("organisation", "Bracket & Works"));

        var page = await refused.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.DoesNotContain("<b>", page, StringComparison.Ordinal);
        var told = WebUtility.HtmlDecode(page);
        Assert.All(["no address <b>", "Olga \"قوس\" 🙂", "Bracket & Works"], typed => Assert.Contains($"value=\"{typed}\"", told, StringComparison.Ordinal));
    }

    [Fact]
    public async Task After_the_first_account_the_beginning_leads_to_the_sign_in_and_makes_no_second_one()
    {
        await using var server = await ServerFactory.StartAsync();
        using var early = new Browser(server);
        var page = await early.TextAsync("/setup/begin");
        var token = await File.ReadAllTextAsync(server.SetupTokenFile);
        await server.AdminAsync();

        using var late = await early.SubmitPageAsync(page, "/setup/begin", ("setup-password", token), ("organisation", "O"), ("name", "N"), ("email", "second@touchmark.test"), ("password", Chosen), ("password-again", Chosen));
        Assert.Equal("/sign-in", late.Headers.Location?.ToString());
        using var again = await early.GetAsync("/setup/begin");
        Assert.Equal("/sign-in", again.Headers.Location?.ToString());
        Assert.Equal(1, await server.Database.FirstOrDefaultAsync<long>("select count(*) from accounts", null, CancellationToken.None));
    }

    [Fact]
    public async Task What_was_done_by_the_API_counts_and_when_all_is_there_the_setup_says_so()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        using var browser = await Browser.OfAsync(server, await server.AdminAsync());
        Assert.Contains("The first printer of Maker Hall", await browser.TextAsync("/setup"), StringComparison.Ordinal);

        await server.EnrolPrinterAsync(maker);

        Assert.Contains("The engine is set up", await browser.TextAsync("/setup"), StringComparison.Ordinal);
        Assert.DoesNotContain("Finish setting", await browser.TextAsync("/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_admin_makes_a_pairing_code_for_a_manufacturer_and_for_nobody_else()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        var admin = await server.AdminAsync();

        (await admin.PostAsync("/api/pairing-codes")).IsRefused(HttpStatusCode.BadRequest, "ORGANISATION_MISSING");
        (await admin.PostAsync($"/api/pairing-codes?organisation={oem.OrganisationId:D}")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        (await admin.PostAsync($"/api/pairing-codes?organisation={maker.OrganisationId:D}")).IsGood();

        // A manufacturer's codes are for its own organisation, whatever else it names.
        using var other = await server.JoinAsync(Role.Manufacturer, "Other Hall");
        (await other.PostAsync($"/api/pairing-codes?organisation={maker.OrganisationId:D}")).IsGood();
        Assert.Equal(1, await server.Database.FirstOrDefaultAsync<long>("select count(*) from pairing_codes where organisation_id = @Id", new { Id = maker.OrganisationId }, CancellationToken.None));
    }

    [Fact]
    public async Task The_setup_is_for_admins()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var browser = await Browser.OfAsync(server, oem);

        await browser.TextAsync("/setup", HttpStatusCode.Forbidden);
        using var added = await browser.SubmitAsync("/account", "/setup/owner", ("email", "x@touchmark.test"), ("name", "X"), ("organisation", "Y"));
        Assert.Equal(HttpStatusCode.Forbidden, added.StatusCode);
    }

    private static Task<HttpResponseMessage> BeginAsync(Browser browser, string token) => browser.SubmitAsync(
        "/setup/begin", "/setup/begin", ("setup-password", token), ("organisation", "Touchmark"), ("name", "Ada"), ("email", "admin@touchmark.test"), ("password", Chosen), ("password-again", Chosen));

    private static string CodeOf(string page) => Code().Match(page) is { Success: true } match ? match.Groups["code"].Value : throw new InvalidOperationException("There is no code on the page.");

    [GeneratedRegex("pairing-code code\">(?<code>[0-9A-Z-]{19})<", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Code();
}
