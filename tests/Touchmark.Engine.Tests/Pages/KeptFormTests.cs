using System.Net;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Pages;

/// <summary>Nothing that was typed is lost, and nothing is done that nobody typed.</summary>
public sealed class KeptFormTests
{
    private const string Reason = "The <design> was “withdrawn” by 'QA' & co.";

    [Fact]
    public async Task A_form_of_somebody_who_was_signed_out_meanwhile_is_kept_and_sent_by_a_second_press()
    {
        await using var server = await ServerFactory.StartAsync();
        var (oem, licence) = await LicensedAsync(server);
        using var browser = await Browser.OfAsync(server, oem);
        var page = await browser.TextAsync($"/licences/{licence:D}");
        server.Time.Advance(TokenBook.Lifetime + TimeSpan.FromMinutes(1));

        using var asked = await browser.SubmitPageAsync(page, $"/licences/{licence:D}/revoke", ("reason", Reason));
        Assert.Equal(HttpStatusCode.Unauthorized, asked.StatusCode);
        var signIn = await asked.Content.ReadAsStringAsync();
        Assert.Contains(WebUtility.HtmlEncode("The <design>"), signIn, StringComparison.Ordinal);

        using var kept = await browser.SubmitPageAsync(signIn, "/sign-in", ("email", oem.Email), ("password", Person.Password), ("to", $"/licences/{licence:D}/revoke"), ("kept.reason", Reason));
        Assert.Equal(HttpStatusCode.OK, kept.StatusCode);
        var again = await kept.Content.ReadAsStringAsync();
        Assert.Contains($"action=\"/licences/{licence:D}/revoke\"", again, StringComparison.Ordinal);
        Assert.Contains(WebUtility.HtmlEncode("The <design>"), again, StringComparison.Ordinal);
        Assert.Contains("granted", await browser.TextAsync($"/licences/{licence:D}"), StringComparison.Ordinal);

        using var sent = await browser.SubmitPageAsync(again, $"/licences/{licence:D}/revoke", ("reason", Reason));
        Assert.Equal(HttpStatusCode.Redirect, sent.StatusCode);
        Assert.Contains("revoked", await browser.TextAsync($"/licences/{licence:D}"), StringComparison.Ordinal);
        oem.Dispose();
    }

    [Fact]
    public async Task A_form_with_a_token_that_is_not_its_own_is_shown_again_and_does_nothing()
    {
        await using var server = await ServerFactory.StartAsync();
        var (oem, licence) = await LicensedAsync(server);
        using var browser = await Browser.OfAsync(server, oem);
        using var form = new FormUrlEncodedContent([new("__RequestVerificationToken", "stale"), new("reason", Reason)]);

        using var answer = await browser.PostAsync($"/licences/{licence:D}/revoke", form);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("Nothing that you typed is lost", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("revoked", await browser.TextAsync($"/licences/{licence:D}"), StringComparison.Ordinal);
        oem.Dispose();
    }

    [Fact]
    public async Task What_another_site_sends_is_not_kept()
    {
        await using var server = await ServerFactory.StartAsync();
        var (oem, licence) = await LicensedAsync(server);
        using var browser = new Browser(server);
        using var form = new FormUrlEncodedContent([new("reason", "put into somebody's mouth")]);

        using var answer = await browser.PostAsync($"/licences/{licence:D}/revoke", form, site: "cross-site");

        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.StartsWith("/sign-in", answer.Headers.Location!.ToString(), StringComparison.Ordinal);
        oem.Dispose();
    }

    [Theory]
    [InlineData("//elsewhere.example/")]
    [InlineData("/\\elsewhere.example/")]
    [InlineData("https://elsewhere.example/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/jobs\r\nSet-Cookie: a=b")]
    public async Task Signing_in_leads_to_no_other_site(string to)
    {
        await using var server = await ServerFactory.StartAsync();
        var admin = await server.AdminAsync();
        using var browser = new Browser(server);

        using var answer = await browser.SubmitAsync($"/sign-in?to={Uri.EscapeDataString(to)}", "/sign-in", ("email", admin.Email), ("password", Person.Password), ("to", to));

        Assert.Equal("/", answer.Headers.Location?.ToString());
    }

    [Fact]
    public async Task Signing_in_leads_back_to_the_page_that_was_asked_for()
    {
        await using var server = await ServerFactory.StartAsync();
        var admin = await server.AdminAsync();
        using var browser = new Browser(server);

        using var asked = await browser.GetAsync("/jobs?before=x");
        var location = asked.Headers.Location!.ToString();
        Assert.Equal("/sign-in?to=%2Fjobs%3Fbefore%3Dx", location);
        using var answer = await browser.SubmitAsync(location, "/sign-in", ("email", admin.Email), ("password", Person.Password), ("to", "/jobs?before=x"));
        Assert.Equal("/jobs?before=x", answer.Headers.Location?.ToString());
    }

    private static async Task<(Person Oem, Guid Licence)> LicensedAsync(ServerFactory server)
    {
        var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        return (oem, (await oem.GrantAsync(await oem.NewDesignAsync(), maker)).IsGood().Id);
    }
}
