using System.Net;
using Microsoft.AspNetCore.Http;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Accounts.Oidc;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Accounts;

/// <summary>An identity provider lets in whom an account was linked with, and its word stands for the password alone.</summary>
public sealed class OidcTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Somebody_links_their_account_for_the_password_signs_in_by_the_provider_and_ends_the_link(StorageKind storage)
    {
        await using var provider = await StandInProvider.StartAsync();
        await using var server = await ServerFactory.StartAsync(storage, arguments: provider.Options);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        var id = (await person.GetAsync("/api/me")).Id;
        using var stranger = new Browser(server);
        Assert.Contains("href=\"/sign-in/oidc?to=%2F\"", await stranger.TextAsync("/sign-in"), StringComparison.Ordinal);
        await IsRefusedAsync(stranger, await SignInAsync(provider, stranger), "No account here is linked with you");

        using var browser = await Browser.OfAsync(server, person);
        using var guessed = await browser.SubmitAsync("/account", "/account/provider/link", ("password", "a guess of the thief"));
        Assert.Contains("PASSWORD_WRONG", await guessed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await LinkAsync(provider, browser);
        (await person.GetAsync("/api/me")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        Assert.Contains("takes the place of your password", await browser.TextAsync("/account"), StringComparison.Ordinal);

        using var entered = await SignInAsync(provider, stranger, "/designs?x=1");
        Assert.Equal("/designs?x=1", entered.Headers.Location?.ToString());
        await stranger.TextAsync("/designs");
        using var again = await server.SignInAsync(person.Email);
        Assert.Equal("person-1", (await again.GetAsync("/api/me/identity")).IsGood()["subject"].GetString());

        using var ended = await browser.SubmitAsync("/account", "/account/provider/unlink", ("password", Person.Password));
        Assert.Equal("/account#provider", ended.Headers.Location?.ToString());
        using var thereafter = new Browser(server);
        await IsRefusedAsync(thereafter, await SignInAsync(provider, thereafter), "No account here is linked with you");
        var acts = await server.Database.QueryAsync<string>("select act from audit where subject = @Subject order by number", new { Subject = $"account/{id:D}" }, CancellationToken.None);
        Assert.Equal(["account.created", "account.identity_linked", "account.identity_unlinked"], acts);
    }

    public static TheoryData<string> Falsehoods =>
    [
        "another issuer", "an issuer with a slash", "another audience", "several audiences", "another party", "another nonce", "no nonce", "a token of yesterday", "a token of tomorrow", "no end", "no subject", "an empty subject", "a number for a subject",
        "no ID token", "no token at all", "two parts", "a body that is no JSON", "an answer that is no JSON", "an error", "a redirect", "an answer without end",
    ];

    [Theory]
    [MemberData(nameof(Falsehoods))]
    public async Task A_token_that_is_not_right_in_all_lets_nobody_in(string what)
    {
        await using var provider = await StandInProvider.StartAsync();
        await using var server = await ServerFactory.StartAsync(arguments: provider.Options);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var browser = await Browser.OfAsync(server, person);
        await LinkAsync(provider, browser);
        using var stranger = new Browser(server);
        provider.Claims = claims =>
        {
            switch (what)
            {
                case "another issuer": claims["iss"] = "https://evil.example"; break;
                case "an issuer with a slash": claims["iss"] = $"{provider.Issuer}/"; break;
                case "another audience": claims["aud"] = "another-client"; break;
                case "several audiences": claims["aud"] = new[] { "another-client", claims["aud"] }; break;
                case "another party": claims["azp"] = "another-client"; break;
                case "another nonce": claims["nonce"] = "AAAA"; break;
                case "no nonce": claims.Remove("nonce"); break;
                case "a token of yesterday": claims["exp"] = provider.Now.AddMinutes(-2).ToUnixTimeSeconds(); break;
                case "a token of tomorrow": claims["iat"] = provider.Now.AddDays(1).ToUnixTimeSeconds(); break;
                case "no end": claims.Remove("exp"); break;
                case "no subject": claims.Remove("sub"); break;
                case "an empty subject": claims["sub"] = ""; break;
                case "a number for a subject": claims["sub"] = 1; break;
            }
        };
        provider.Instead = what switch
        {
            "no ID token" => context => Results.Json(new { access_token = "unused" }).ExecuteAsync(context),
            "no token at all" => context => Results.Json(new { }).ExecuteAsync(context),
            "two parts" => context => Results.Json(new { access_token = "unused", id_token = "e30.e30" }).ExecuteAsync(context),
            "a body that is no JSON" => context => Results.Json(new { access_token = "unused", id_token = "e30.AAAA.x" }).ExecuteAsync(context),
            "an answer that is no JSON" => context => Results.Text("<html>").ExecuteAsync(context),
            "an error" => context => Results.Json(new { error = "invalid_client" }, statusCode: 401).ExecuteAsync(context),
            "a redirect" => context => Results.Redirect("http://127.0.0.1:1/").ExecuteAsync(context),
            "an answer without end" => context => Results.Text(new string(' ', 1 << 20)).ExecuteAsync(context),
            _ => null,
        };

        await IsRefusedAsync(stranger, await SignInAsync(provider, stranger), "did not let you in");

        provider.Instead = null;
        provider.Claims = _ => { };
        using var honest = await SignInAsync(provider, stranger);
        Assert.Equal(HttpStatusCode.Redirect, honest.StatusCode);
        Assert.DoesNotContain(server.Log.Lines, line => line.Contains("the client's own secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_browser_brings_back_is_for_it_alone_once_and_in_time()
    {
        await using var provider = await StandInProvider.StartAsync();
        await using var server = await ServerFactory.StartAsync(arguments: provider.Options);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var browser = await Browser.OfAsync(server, person);
        await LinkAsync(provider, browser);
        using var stranger = new Browser(server);
        using var victim = new Browser(server);
        var back = await provider.VisitAsync(await BeginAsync(stranger, "/"));
        var before = provider.Exchanges;

        // A code that somebody was handed by another: they would be signed in as whoever handed it over.
        await IsRefusedAsync(victim, await victim.GetAsync(back), "did not let you in");
        await IsRefusedAsync(victim, await victim.GetAsync($"{OidcHandler.Callback}?code=x&state=made-up"), "did not let you in");
        await IsRefusedAsync(victim, await victim.GetAsync(OidcHandler.Callback), "did not let you in");
        Assert.Equal(before, provider.Exchanges);
        var denied = await provider.VisitAsync(await BeginAsync(victim, "/"));
        var state = denied[denied.IndexOf("&state=", StringComparison.Ordinal)..];
        await IsRefusedAsync(victim, await victim.GetAsync($"{OidcHandler.Callback}?error=access_denied&error_description=<b>no</b>{state}"), "did not let you in");
        Assert.Equal(before, provider.Exchanges);

        using var entered = await stranger.GetAsync(back);
        Assert.Equal(HttpStatusCode.Redirect, entered.StatusCode);
        using var repeated = new Browser(server);
        await IsRefusedAsync(repeated, await repeated.GetAsync(back), "did not let you in");

        back = await provider.VisitAsync(await BeginAsync(repeated, "/"));
        server.Time.Advance(OidcDesk.Lifetime + TimeSpan.FromSeconds(1));
        provider.Now = server.Time.GetUtcNow();
        await IsRefusedAsync(repeated, await repeated.GetAsync(back), "That took too long.");
    }

    [Fact]
    public async Task Whoever_is_made_by_another_site_to_begin_again_and_again_is_not_locked_out()
    {
        await using var provider = await StandInProvider.StartAsync();
        await using var server = await ServerFactory.StartAsync(arguments: provider.Options);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var browser = new Browser(server);
        for (var i = 0; i < 35; i++)
        {
            await BeginAsync(browser, "/");
            await IsRefusedAsync(browser, await browser.GetAsync($"{OidcHandler.Callback}?code=x&state=made-up"), "did not let you in");
        }

        using var entered = await browser.SubmitAsync("/sign-in", "/sign-in", ("email", person.Email), ("password", Person.Password));
        Assert.Equal("/", entered.Headers.Location?.ToString());
    }

    [Fact]
    public async Task The_provider_stands_for_the_password_and_not_for_the_second_factor()
    {
        await using var provider = await StandInProvider.StartAsync();
        await using var server = await ServerFactory.StartAsync(arguments: [.. provider.Options, "--public-url", "https://parts.example.com"]);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var browser = await Browser.OfAsync(server, person);
        await LinkAsync(provider, browser);
        using var begun = await browser.SubmitAsync("/account", "/account/second-factor/begin", ("password", Person.Password));
        Assert.Equal(HttpStatusCode.OK, begun.StatusCode);
        await server.Database.ExecuteAsync("update totp set confirmed_at = created_at", null, CancellationToken.None);

        using var stranger = new Browser(server);
        using var half = await SignInAsync(provider, stranger);
        Assert.Contains("One more step", await half.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(stranger.Cookies, cookie => cookie.Name == TokenAuthentication.Cookie);
    }

    [Fact]
    public async Task A_link_is_made_by_whoever_began_it_and_for_nobody_who_has_one()
    {
        await using var provider = await StandInProvider.StartAsync();
        await using var server = await ServerFactory.StartAsync(arguments: provider.Options);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var rival = await server.JoinAsync(Role.Oem, "Rival Works");
        using var browser = await Browser.OfAsync(server, person);
        using var rivals = await Browser.OfAsync(server, rival);
        using var page = await browser.SubmitAsync("/account", "/account/provider/link", ("password", Person.Password));
        var go = GoOf(await page.Content.ReadAsStringAsync());

        using var stolen = await rivals.GetAsync(go);
        Assert.Equal(HttpStatusCode.BadRequest, stolen.StatusCode);
        using var made = await rivals.GetAsync("/account/provider/go?ticket=made-up");
        Assert.Equal(HttpStatusCode.BadRequest, made.StatusCode);
        using var sent = await browser.GetAsync(go);
        var back = await provider.VisitAsync(sent.Headers.Location!);
        using var left = await browser.SubmitAsync("/account", "/sign-out");
        using var refused = await browser.GetAsync(back);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);

        await LinkAsync(provider, rivals);
        using var second = await Browser.OfAsync(server, person);
        using var asked = await second.SubmitAsync("/account", "/account/provider/link", ("password", Person.Password));
        using var again = await second.GetAsync(GoOf(await asked.Content.ReadAsStringAsync()));
        using var taken = await second.GetAsync(await provider.VisitAsync(again.Headers.Location!));
        Assert.Contains("IDENTITY_LINKED", await taken.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("off", true, true, false)]
    [InlineData("on", false, true, false)]
    [InlineData("on", true, false, false)]
    [InlineData("on", true, true, true)]
    public async Task An_e_mail_address_links_an_account_only_if_it_is_verified_the_same_and_this_is_switched_on(string option, bool verified, bool same, bool entered)
    {
        await using var provider = await StandInProvider.StartAsync();
        await using var server = await ServerFactory.StartAsync(arguments: [.. provider.Options, "--oidc-email", option]);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        provider.Claims = claims => (claims["email"], claims["email_verified"]) = (same ? person.Email.ToUpperInvariant() : "other@acme.test", verified ? true : "true");
        using var stranger = new Browser(server);

        using var answer = await SignInAsync(provider, stranger);

        Assert.Equal(entered ? HttpStatusCode.Redirect : HttpStatusCode.Unauthorized, answer.StatusCode);
        if (entered)
        {
            // The address is now somebody else's at the provider.
            provider.Claims = claims => (claims["sub"], claims["email"]) = ("person-2", person.Email);
            using var successor = new Browser(server);
            await IsRefusedAsync(successor, await SignInAsync(provider, successor), "No account here is linked with you");
        }
    }

    [Fact]
    public async Task A_disabled_account_is_not_let_in_and_an_admin_ends_a_link()
    {
        await using var provider = await StandInProvider.StartAsync();
        await using var server = await ServerFactory.StartAsync(arguments: [.. provider.Options, "--oidc-email", "on"]);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        var id = (await person.GetAsync("/api/me")).Id;
        using var browser = await Browser.OfAsync(server, person);
        await LinkAsync(provider, browser);
        var admin = await server.AdminAsync();
        (await admin.PostAsync($"/api/accounts/{id:D}/disable")).IsGood();
        await IsRefusedAsync(browser, await SignInAsync(provider, browser), "No account here is linked with you");
        (await admin.PostAsync($"/api/accounts/{id:D}/enable")).IsGood();
        using var entered = await SignInAsync(provider, browser);
        Assert.Equal(HttpStatusCode.Redirect, entered.StatusCode);

        using var desk = await Browser.OfAsync(server, admin);
        using var removed = await desk.SubmitAsync($"/accounts/{id:D}", $"/accounts/{id:D}/remove-identity");
        Assert.Equal($"/accounts/{id:D}", removed.Headers.Location?.ToString());
        using var stranger = new Browser(server);
        await IsRefusedAsync(stranger, await SignInAsync(provider, stranger), "No account here is linked with you");
    }

    [Theory]
    [InlineData("--oidc-issuer has to", "--oidc-client", "x")]
    [InlineData("--oidc-token is an https address", "--oidc-token", "http://login.example.com/token")]
    [InlineData("--oidc-authorize is an https address", "--oidc-authorize", "javascript:alert(1)")]
    [InlineData("--oidc-email is on or off", "--oidc-email", "yes")]
    public void Options_that_are_wrong_stop_the_start(string expected, string key, string value)
    {
        var good = new Dictionary<string, string?>
        {
            ["oidc-issuer"] = "https://login.example.com", ["oidc-authorize"] = "https://login.example.com/a", ["oidc-token"] = "https://login.example.com/t", ["oidc-client"] = "x", ["oidc-secret"] = "/nowhere",
        };
        good[key[2..]] = value;
        if (key == "--oidc-client")
        {
            good.Remove("oidc-issuer");
        }

        Assert.Contains(expected, Assert.Throws<InvalidOperationException>(() => IdentityProvider.Read(name => good.GetValueOrDefault(name))).Message, StringComparison.Ordinal);
    }

    private static async Task<Uri> BeginAsync(Browser browser, string to)
    {
        using var sent = await browser.GetAsync($"/sign-in/oidc?to={Uri.EscapeDataString(to)}");
        return sent.Headers.Location!;
    }

    private static async Task<HttpResponseMessage> SignInAsync(StandInProvider provider, Browser browser, string to = "/") => await browser.GetAsync(await provider.VisitAsync(await BeginAsync(browser, to)));

    private static async Task LinkAsync(StandInProvider provider, Browser browser)
    {
        using var page = await browser.SubmitAsync("/account", "/account/provider/link", ("password", Person.Password));
        using var sent = await browser.GetAsync(GoOf(await page.Content.ReadAsStringAsync()));
        using var linked = await browser.GetAsync(await provider.VisitAsync(sent.Headers.Location!));
        Assert.Equal("/account#provider", linked.Headers.Location?.ToString());
    }

    private static string GoOf(string page)
    {
        var from = page.IndexOf("/account/provider/go?", StringComparison.Ordinal);
        return WebUtility.HtmlDecode(page[from..page.IndexOf('"', from)]);
    }

    private static async Task IsRefusedAsync(Browser browser, HttpResponseMessage answer, string text)
    {
        using (answer)
        {
            var page = await answer.Content.ReadAsStringAsync();
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.Contains(text, page, StringComparison.Ordinal);
            Assert.DoesNotContain("<b>no</b>", page, StringComparison.Ordinal);
        }
    }
}
