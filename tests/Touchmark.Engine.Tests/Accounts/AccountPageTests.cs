using System.Net;
using System.Text.RegularExpressions;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Accounts;

/// <summary>Admins look after people by forms, and everybody after their own password and sessions.</summary>
public sealed partial class AccountPageTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Somebody_who_is_added_gets_a_temporary_password_and_can_do_nothing_before_they_chose_their_own(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var admin = await Browser.OfAsync(server, await server.AdminAsync());
        using var added = await admin.SubmitAsync("/accounts/new", "/accounts/new", ("email", "New.Person@touchmark.test"), ("name", "New <b>Person</b>"), ("organisation", "Bracket Works"), ("role", "oem"));
        var page = await added.Content.ReadAsStringAsync();
        var temporary = CodeOf(page);
        Assert.DoesNotContain("<b>Person", page, StringComparison.Ordinal);
        Assert.Contains("temporary password", await admin.TextAsync("/accounts?q=new.person"), StringComparison.Ordinal);

        using var browser = new Browser(server);
        using var entered = await browser.SubmitAsync("/sign-in", "/sign-in", ("email", "new.person@touchmark.test"), ("password", temporary));
        foreach (var path in new[] { "/", "/designs", "/jobs" })
        {
            using var refused = await browser.GetAsync(path);
            Assert.Equal("/account", refused.Headers.Location?.ToString());
        }

        using var api = server.Stranger();
        var token = (await api.PostAsync("/api/tokens", new { email = "new.person@touchmark.test", password = temporary })).IsGood()["token"].GetString();
        api.Http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        (await api.GetAsync("/api/designs")).IsRefused(HttpStatusCode.Forbidden, "PASSWORD_TEMPORARY");
        (await api.GetAsync("/api/me")).IsGood();

        using var changed = await browser.SubmitAsync("/account", "/account/password", ("password", temporary), ("new-password", "entirely my own password"), ("new-password-again", "entirely my own password"));
        Assert.Equal("/account?changed=password", changed.Headers.Location?.ToString());
        Assert.Contains("Upload your first design", await browser.TextAsync("/"), StringComparison.Ordinal);
        (await api.GetAsync("/api/me")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        Assert.DoesNotContain(server.Log.Lines, line => line.Contains(temporary, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_admin_resets_a_password_changes_a_role_and_locks_out_by_forms()
    {
        await using var server = await ServerFactory.StartAsync();
        using var person = await server.JoinAsync(Role.Operator, "Maker Hall");
        using var theirs = await Browser.OfAsync(server, person);
        using var admin = await Browser.OfAsync(server, await server.AdminAsync());
        var path = $"/accounts/{(await person.GetAsync("/api/me")).Id:D}";

        using var role = await admin.SubmitAsync(path, $"{path}/role", ("role", "auditor"));
        Assert.Equal(path, role.Headers.Location?.ToString());
        Assert.Contains("auditor", await theirs.TextAsync("/"), StringComparison.Ordinal);
        using var nonsense = await admin.SubmitAsync(path, $"{path}/role", ("role", "17"));
        Assert.Contains("ROLE_MISSING", await nonsense.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        using var reset = await admin.SubmitAsync(path, $"{path}/reset-password");
        var temporary = CodeOf(await reset.Content.ReadAsStringAsync());
        using var gone = await theirs.GetAsync("/");
        Assert.Equal("/sign-in", gone.Headers.Location?.ToString());
        using var old = await theirs.SubmitAsync("/sign-in", "/sign-in", ("email", person.Email), ("password", Person.Password));
        Assert.Equal(HttpStatusCode.Unauthorized, old.StatusCode);

        using var disabled = await admin.SubmitAsync(path, $"{path}/disable");
        Assert.Contains(">disabled<", await admin.TextAsync(path), StringComparison.Ordinal);
        using var locked = await theirs.SubmitAsync("/sign-in", "/sign-in", ("email", person.Email), ("password", temporary));
        Assert.Equal(HttpStatusCode.Unauthorized, locked.StatusCode);
        using var enabled = await admin.SubmitAsync(path, $"{path}/enable");
        using var back = await theirs.SubmitAsync("/sign-in", "/sign-in", ("email", person.Email), ("password", temporary));
        Assert.Equal("/", back.Headers.Location?.ToString());
    }

    [Fact]
    public async Task An_auditor_reads_who_there_is_and_changes_nobody()
    {
        await using var server = await ServerFactory.StartAsync();
        using var auditor = await server.JoinAsync(Role.Auditor, "Watchers");
        using var browser = await Browser.OfAsync(server, auditor);
        var admin = (await (await server.AdminAsync()).GetAsync("/api/me")).Id;

        var page = await browser.TextAsync($"/accounts/{admin:D}");
        Assert.DoesNotContain("reset-password", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Add somebody", await browser.TextAsync("/accounts"), StringComparison.Ordinal);
        foreach (var act in new[] { "role", "disable", "enable", "sign-out", "reset-password", "sessions/0/end" })
        {
            using var refused = await browser.SubmitPageAsync(page, $"/accounts/{admin:D}/{act}", ("role", "oem"));
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }

        (await auditor.GetAsync($"/api/accounts/{admin:D}/tokens")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await auditor.PostAsync($"/api/accounts/{admin:D}/reset-password")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task An_admin_cannot_reset_lock_out_or_demote_the_account_that_asks()
    {
        await using var server = await ServerFactory.StartAsync();
        using var browser = await Browser.OfAsync(server, await server.AdminAsync());
        var path = $"/accounts/{(await (await server.AdminAsync()).GetAsync("/api/me")).Id:D}";
        var page = await browser.TextAsync(path);
        foreach (var act in new[] { "role", "disable", "reset-password" })
        {
            using var refused = await browser.SubmitPageAsync(page, $"{path}/{act}", ("role", "oem"));
            Assert.Contains("OWN_ACCOUNT", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Everybody_sees_where_they_are_signed_in_and_ends_it_there()
    {
        await using var server = await ServerFactory.StartAsync();
        using var person = await server.JoinAsync(Role.Auditor, "Watchers");
        using var elsewhere = await server.SignInAsync(person.Email);
        using var browser = await Browser.OfAsync(server, person);
        server.Time.Advance(TimeSpan.FromHours(2));
        (await elsewhere.GetAsync("/api/me")).IsGood();

        var listed = (await elsewhere.GetAsync("/api/tokens")).IsGood();
        var here = listed.Body.EnumerateArray().Single(token => token.GetProperty("current").GetBoolean());
        Assert.Equal("127.0.0.1", here.GetProperty("place").GetString());
        Assert.Equal(server.Time.GetUtcNow(), here.GetProperty("used_at").GetDateTimeOffset());
        Assert.Equal(2, listed.Body.EnumerateArray().Count(token => token.GetProperty("used_at").GetDateTimeOffset() < server.Time.GetUtcNow()));

        var page = await browser.TextAsync("/account");
        Assert.Contains("this one", page, StringComparison.Ordinal);
        using var ended = await browser.SubmitPageAsync(page, $"/account/sessions/{here.GetProperty("id").GetString()}/end");
        Assert.Equal("/account#sessions", ended.Headers.Location?.ToString());
        (await elsewhere.GetAsync("/api/me")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        await browser.TextAsync("/account");
    }

    [Fact]
    public async Task Nobody_ends_a_session_of_somebody_else_but_an_admin_does()
    {
        await using var server = await ServerFactory.StartAsync();
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var other = await server.JoinAsync(Role.Oem, "Bracket Works");
        var id = (await person.GetAsync("/api/me")).Id;
        var token = (await person.GetAsync("/api/tokens")).Body[0].GetProperty("id").GetString();
        using var browser = await Browser.OfAsync(server, other);
        using var refused = await browser.SubmitAsync("/account", $"/account/sessions/{token}/end");
        Assert.Contains("NOT_FOUND", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        (await other.DeleteAsync($"/api/accounts/{id:D}/tokens/{token}")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await person.GetAsync("/api/me")).IsGood();

        using var admin = await Browser.OfAsync(server, await server.AdminAsync());
        using var ended = await admin.SubmitAsync($"/accounts/{id:D}", $"/accounts/{id:D}/sessions/{token}/end");
        (await person.GetAsync("/api/me")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task Signing_in_again_takes_a_new_token_and_ends_the_one_that_the_browser_had()
    {
        await using var server = await ServerFactory.StartAsync();
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var browser = await Browser.OfAsync(server, person);
        var before = browser.Cookies.Single(cookie => cookie.Name == TokenAuthentication.Cookie).Value;

        using var again = await browser.SubmitAsync("/sign-in", "/sign-in", ("email", person.Email), ("password", Person.Password));

        Assert.NotEqual(before, browser.Cookies.Single(cookie => cookie.Name == TokenAuthentication.Cookie).Value);
        using var stolen = server.Client();
        stolen.DefaultRequestHeaders.Add("Cookie", $"{TokenAuthentication.Cookie}={before}");
        using var answer = await stolen.GetAsync(new Uri("/account", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
    }

    [Fact]
    public async Task A_password_form_of_somebody_who_was_signed_out_is_kept_without_the_passwords()
    {
        await using var server = await ServerFactory.StartAsync();
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var browser = await Browser.OfAsync(server, person);
        var page = await browser.TextAsync("/account");
        server.Time.Advance(TokenBook.Lifetime + TimeSpan.FromMinutes(1));

        using var asked = await browser.SubmitPageAsync(page, "/account/password", ("password", Person.Password), ("new-password", "another long one, truly"), ("new-password-again", "another long one, truly"));

        var answer = await asked.Content.ReadAsStringAsync();
        Assert.DoesNotContain("another long one", answer, StringComparison.Ordinal);
        Assert.DoesNotContain(Person.Password, answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux")]
    [InlineData("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows")]
    [InlineData("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1", "Safari on iPhone")]
    [InlineData("touchmark (Linux)", "touchmark on Linux")]
    [InlineData("", "unknown program")]
    [InlineData("Zeppelin/1.0", "Zeppelin/1.0")]
    [InlineData("bad\u202Etxt", "unknown program")]
    public void A_program_is_named_in_words_that_its_owner_knows(string userAgent, string name) => Assert.Equal(name, Origin.Describe(userAgent));

    private static string CodeOf(string page) => Code().Match(page) is { Success: true } match ? match.Groups["code"].Value : throw new InvalidOperationException("There is no code on the page.");

    [GeneratedRegex("pairing-code code\">(?<code>[0-9A-Z-]{19})<", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Code();
}
