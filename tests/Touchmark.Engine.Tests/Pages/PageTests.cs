using System.Net;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Pages;

public sealed class PageTests
{
    [Fact]
    public async Task Who_is_not_signed_in_is_sent_to_the_sign_in_page()
    {
        await using var server = await ServerFactory.StartAsync();
        using var browser = new Browser(server);

        using var answer = await browser.GetAsync("/");

        Assert.Equal((HttpStatusCode.Redirect, "/sign-in"), (answer.StatusCode, answer.Headers.Location?.ToString()));
    }

    [Fact]
    public async Task Signing_in_shows_what_belongs_to_the_organisation_and_signing_out_ends_it()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket & <Works>");
        using var rival = await server.JoinAsync(Role.Oem, "Rival Works");
        (await oem.UploadAsync(Designs.Models.BinaryStl(), name: "<script>alert(1)</script>")).IsGood();
        (await rival.UploadAsync(Designs.Models.BinaryStl(), name: "Secret Widget")).IsGood();
        using var browser = new Browser(server);

        using var signedIn = await browser.SubmitAsync("/sign-in", "/sign-in", ("email", oem.Email), ("password", Person.Password));
        Assert.Equal("/", signedIn.Headers.Location?.ToString());
        var cookie = signedIn.Headers.GetValues("Set-Cookie").Single(header => header.StartsWith(TokenAuthentication.Cookie + "=", StringComparison.Ordinal));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);

        var home = await browser.TextAsync("/");
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", home, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", home, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("style=", home, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Secret Widget", home, StringComparison.Ordinal);

        using var signedOut = await browser.SubmitAsync("/", "/sign-out");
        Assert.Equal("/sign-in", signedOut.Headers.Location?.ToString());
        using var after = await browser.GetAsync("/");
        Assert.Equal(HttpStatusCode.Redirect, after.StatusCode);
    }

    [Fact]
    public async Task A_wrong_password_says_so_and_sets_no_cookie()
    {
        await using var server = await ServerFactory.StartAsync();
        await server.AdminAsync();
        using var browser = new Browser(server);

        using var answer = await browser.SubmitAsync("/sign-in", "/sign-in", ("email", "nobody@touchmark.test"), ("password", "not the password"));

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Contains("role=\"alert\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(browser.Cookies, cookie => cookie.Name == TokenAuthentication.Cookie);
    }

    [Fact]
    public async Task A_form_without_its_token_does_nothing()
    {
        await using var server = await ServerFactory.StartAsync();
        var admin = await server.AdminAsync();
        using var browser = new Browser(server);
        using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["email"] = admin.Email, ["password"] = Person.Password });

        using var answer = await browser.PostAsync("/sign-in", form);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.DoesNotContain(browser.Cookies, cookie => cookie.Name == TokenAuthentication.Cookie);
    }

    [Fact]
    public async Task A_form_that_was_open_during_a_restart_still_works()
    {
        await using var server = await ServerFactory.StartAsync();
        var admin = await server.AdminAsync();
        using var browser = new Browser(server);
        var page = await browser.TextAsync("/sign-in");

        await server.RestartAsync();
        browser.MoveTo(server);
        using var answer = await browser.SubmitPageAsync(page, "/sign-in", ("email", admin.Email), ("password", Person.Password));

        Assert.Equal("/", answer.Headers.Location?.ToString());
    }

    [Fact]
    public async Task Every_role_has_a_home_and_the_style_sheet_is_served()
    {
        await using var server = await ServerFactory.StartAsync();
        foreach (var role in Enum.GetValues<Role>())
        {
            using var person = await server.JoinAsync(role, "Print Shop");
            using var browser = new Browser(server);
            (await browser.SubmitAsync("/sign-in", "/sign-in", ("email", person.Email), ("password", Person.Password))).Dispose();
            Assert.Contains("Print Shop", await browser.TextAsync("/"), StringComparison.Ordinal);
            Assert.Contains("--accent", await browser.TextAsync("/site.css"), StringComparison.Ordinal);
        }
    }
}
