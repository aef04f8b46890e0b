using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Accounts.SecondFactors;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Accounts;

/// <summary>Who has a second factor does not get in by the password alone, and who has the password alone does not get the second factor.</summary>
public sealed partial class SecondFactorTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    // RFC 6238 appendix B, SHA-1; six digits are the last six of its eight.
    [Theory]
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(1111111111, "050471")]
    [InlineData(1234567890, "005924")]
    [InlineData(2000000000, "279037")]
    [InlineData(20000000000, "353130")]
    public void Codes_are_those_of_the_standard(long seconds, string code)
    {
        var secret = Encoding.ASCII.GetBytes("12345678901234567890");
        var now = DateTimeOffset.FromUnixTimeSeconds(seconds);

        Assert.Equal(code, Totp.Code(secret, seconds / 30));
        Assert.Equal(seconds / 30, Totp.Match(secret, code, now));
        Assert.Equal(seconds / 30, Totp.Match(secret, code, now + TimeSpan.FromSeconds(30)));
        Assert.Null(Totp.Match(secret, code, now + TimeSpan.FromSeconds(60)));
        Assert.Null(Totp.Match(secret, code + "0", now));
        Assert.Equal("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", Totp.Text(secret));
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task With_an_app_nobody_signs_in_by_the_password_alone_and_no_code_is_good_twice(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        var app = await SetUpAsync(server, person);
        using var other = server.Stranger();

        (await EnterAsync(other, person.Email)).IsRefused(HttpStatusCode.Unauthorized, "SECOND_FACTOR_NEEDED");
        // The code that confirmed the app is spent.
        (await EnterAsync(other, person.Email, app.Code(server))).IsRefused(HttpStatusCode.Forbidden, "CODE_REFUSED");
        server.Time.Advance(TimeSpan.FromSeconds(30));
        var code = app.Code(server);
        (await EnterAsync(other, person.Email, code)).IsGood();
        (await EnterAsync(other, person.Email, code)).IsRefused(HttpStatusCode.Forbidden, "CODE_REFUSED");
        (await EnterAsync(other, person.Email, app.Code(server, -1))).IsRefused(HttpStatusCode.Forbidden, "CODE_REFUSED");
        using var browser = new Browser(server);
        using var entered = await browser.SubmitAsync("/sign-in", "/sign-in", ("email", person.Email), ("password", Person.Password));
        Assert.DoesNotContain(browser.Cookies, cookie => cookie.Name == TokenAuthentication.Cookie);
        server.Time.Advance(TimeSpan.FromSeconds(30));
        using var done = await SecondAsync(browser, await entered.Content.ReadAsStringAsync(), app.Code(server), "/designs");
        Assert.Equal("/designs", done.Headers.Location?.ToString());
        await browser.TextAsync("/designs");
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task One_code_at_two_places_at_once_lets_one_of_them_in(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        var app = await SetUpAsync(server, person);
        server.Time.Advance(TimeSpan.FromSeconds(30));
        using var other = server.Stranger();

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => EnterAsync(other, person.Email, app.Code(server))));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_recovery_code_is_good_once_and_new_ones_replace_the_old()
    {
        await using var server = await ServerFactory.StartAsync();
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        var app = await SetUpAsync(server, person);
        using var other = server.Stranger();
        Assert.Equal(10, app.Recovery.Distinct(StringComparer.Ordinal).Count());

        (await EnterAsync(other, person.Email, app.Recovery[0].ToLowerInvariant())).IsGood();
        (await EnterAsync(other, person.Email, app.Recovery[0])).IsRefused(HttpStatusCode.Forbidden, "CODE_REFUSED");
        Assert.Equal(9, (await person.GetAsync("/api/me/second-factor")).IsGood()["recovery_codes_left"].GetInt64());

        server.Time.Advance(TimeSpan.FromSeconds(30));
        (await person.PostAsync("/api/me/second-factor/recovery-codes", new { code = "000000" })).IsRefused(HttpStatusCode.Forbidden, "CODE_REFUSED");
        var renewed = (await person.PostAsync("/api/me/second-factor/recovery-codes", new { code = app.Code(server) })).IsGood();
        (await EnterAsync(other, person.Email, app.Recovery[1])).IsRefused(HttpStatusCode.Forbidden, "CODE_REFUSED");
        (await EnterAsync(other, person.Email, renewed["codes"][0].GetString())).IsGood();
    }

    [Fact]
    public async Task A_stolen_session_neither_adds_an_app_nor_takes_one_away()
    {
        await using var server = await ServerFactory.StartAsync();
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        (await person.PostAsync("/api/me/second-factor/begin", new { current_password = "a guess of the thief" })).IsRefused(HttpStatusCode.Forbidden, "PASSWORD_WRONG");
        using var elsewhere = await server.SignInAsync(person.Email);

        var app = await SetUpAsync(server, person);

        (await elsewhere.GetAsync("/api/me")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        (await person.PostAsync("/api/me/second-factor/begin", new { current_password = Person.Password })).IsRefused(HttpStatusCode.Conflict, "SECOND_FACTOR_EXISTS");
        (await person.PostAsync("/api/me/second-factor/remove", new { code = "123456" })).IsRefused(HttpStatusCode.Forbidden, "CODE_REFUSED");
        server.Time.Advance(TimeSpan.FromSeconds(30));
        (await person.PostAsync("/api/me/second-factor/remove", new { code = app.Code(server) })).IsGood();
        using var other = server.Stranger();
        (await EnterAsync(other, person.Email)).IsGood();
    }

    [Fact]
    public async Task Guessing_codes_waits_longer_each_time_from_wherever_and_the_password_alone_does_not_end_the_waiting()
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--proxies", "127.0.0.1"]);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        var app = await SetUpAsync(server, person);
        server.Time.Advance(TimeSpan.FromMinutes(1));
        for (var i = 0; i < 5; i++)
        {
            using var guesser = From(server, $"203.0.113.{i}");
            (await EnterAsync(guesser, person.Email)).IsRefused(HttpStatusCode.Unauthorized, "SECOND_FACTOR_NEEDED");
            (await EnterAsync(guesser, person.Email, "000000")).IsRefused(HttpStatusCode.Forbidden, "CODE_REFUSED");
        }

        foreach (var seconds in new[] { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900 })
        {
            using var next = From(server, $"198.51.100.{seconds % 250}");
            var refused = await EnterAsync(next, person.Email, app.Code(server));
            refused.IsRefused(HttpStatusCode.TooManyRequests, "TOO_MANY_ATTEMPTS");
            Assert.Equal(seconds, refused["figures"].GetProperty("retry_after_s").GetInt64());
            server.Time.Advance(TimeSpan.FromSeconds(seconds));
            (await EnterAsync(next, person.Email, "000000")).IsRefused(HttpStatusCode.Forbidden, "CODE_REFUSED");
        }

        server.Time.Advance(SignInAttempts.LongestWait);
        using var owner = From(server, "192.0.2.1");
        (await EnterAsync(owner, person.Email, app.Code(server))).IsGood();
    }

    [Fact]
    public async Task The_second_step_needs_the_first_a_moment_ago_and_nothing_made_up()
    {
        await using var server = await ServerFactory.StartAsync();
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        var app = await SetUpAsync(server, person);
        server.Time.Advance(TimeSpan.FromSeconds(30));
        using var browser = new Browser(server);
        using var entered = await browser.SubmitAsync("/sign-in", "/sign-in", ("email", person.Email), ("password", Person.Password));
        var page = await entered.Content.ReadAsStringAsync();
        var ticket = TicketOf(page);

        foreach (var bad in new[] { "", "made up", ticket[..^2], (await person.GetAsync("/api/me")).Id.ToString("D") })
        {
            using var refused = await browser.SubmitPageAsync(page, "/sign-in/code", ("password-ticket", bad), ("password-code", app.Code(server)), ("to", "/"));
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }

        server.Time.Advance(SecondStep.Lifetime + TimeSpan.FromSeconds(1));
        using var late = await SecondAsync(browser, page, app.Code(server), "/");
        Assert.Contains("took too long", await late.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(browser.Cookies, cookie => cookie.Name == TokenAuthentication.Cookie);
    }

    [Fact]
    public async Task The_second_step_keeps_what_was_typed_and_leads_to_no_other_site()
    {
        await using var server = await ServerFactory.StartAsync();
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        var app = await SetUpAsync(server, person);
        using var browser = new Browser(server);
        using var entered = await browser.SubmitAsync("/sign-in", "/sign-in", ("email", person.Email), ("password", Person.Password), ("to", "/licences/x/revoke"), ("kept.reason", "It <cracks>"));
        var page = await entered.Content.ReadAsStringAsync();
        Assert.Contains(WebUtility.HtmlEncode("It <cracks>"), page, StringComparison.Ordinal);
        server.Time.Advance(TimeSpan.FromSeconds(30));

        using var kept = await browser.SubmitPageAsync(page, "/sign-in/code", ("password-ticket", TicketOf(page)), ("password-code", app.Code(server)), ("to", "/licences/x/revoke"), ("kept.reason", "It <cracks>"));
        Assert.Contains("action=\"/licences/x/revoke\"", await kept.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        server.Time.Advance(TimeSpan.FromSeconds(30));
        using var again = await browser.SubmitAsync("/sign-in", "/sign-in", ("email", person.Email), ("password", Person.Password));
        using var away = await SecondAsync(browser, await again.Content.ReadAsStringAsync(), app.Code(server), "//elsewhere.example/");
        Assert.Equal("/", away.Headers.Location?.ToString());
    }

    [Fact]
    public async Task A_role_that_needs_a_second_factor_holds_at_once_and_until_one_is_set_up()
    {
        await using var server = await ServerFactory.StartAsync();
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var shop = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        using var browser = await Browser.OfAsync(server, person);
        using var admin = await Browser.OfAsync(server, await server.AdminAsync());

        using var set = await admin.SubmitAsync("/accounts", "/accounts/second-factor-roles", ("role", "oem"), ("role", "auditor"));
        Assert.Equal("/accounts#second-factor", set.Headers.Location?.ToString());
        Assert.Equal(2, (await (await server.AdminAsync()).GetAsync("/api/second-factor-roles")).IsGood()["roles"].GetArrayLength());

        (await person.GetAsync("/api/designs")).IsRefused(HttpStatusCode.Forbidden, "SECOND_FACTOR_MISSING");
        (await shop.GetAsync("/api/catalogue")).IsGood();
        using var led = await browser.GetAsync("/designs");
        Assert.Equal("/account", led.Headers.Location?.ToString());
        var page = await browser.TextAsync("/account");
        Assert.Contains("Set up a second factor first", page, StringComparison.Ordinal);
        using var begun = await browser.SubmitPageAsync(page, "/account/second-factor/begin", ("password", Person.Password));
        var shown = await begun.Content.ReadAsStringAsync();
        Assert.Contains("src=\"data:image/png;base64,", shown, StringComparison.Ordinal);
        var secret = Secret().Match(shown).Groups["secret"].Value.Replace(" ", "", StringComparison.Ordinal);
        using var confirmed = await browser.SubmitPageAsync(shown, "/account/second-factor/confirm", ("password-code", new App(secret, []).Code(server)));
        Assert.Contains("Your recovery codes", await confirmed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await browser.TextAsync("/designs");
        (await (await server.AdminAsync()).PutAsync("/api/second-factor-roles", new { roles = Array.Empty<string>() })).IsGood();
    }

    [Fact]
    public async Task An_admin_lets_somebody_in_who_lost_everything_and_it_is_written_down()
    {
        await using var server = await ServerFactory.StartAsync();
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        await SetUpAsync(server, person);
        var id = (await person.GetAsync("/api/me")).Id;
        (await person.PostAsync($"/api/accounts/{id:D}/remove-second-factor")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");

        using var admin = await Browser.OfAsync(server, await server.AdminAsync());
        using var removed = await admin.SubmitAsync($"/accounts/{id:D}", $"/accounts/{id:D}/remove-second-factor");

        (await person.GetAsync("/api/me")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        using var other = server.Stranger();
        (await EnterAsync(other, person.Email)).IsGood();
        var acts = await server.Database.QueryAsync<string>("select act from audit where subject = @Subject order by number", new { Subject = $"account/{id:D}" }, CancellationToken.None);
        Assert.Equal(["account.created", "account.second_factor_added", "account.second_factor_removed"], acts);
    }

    [Fact]
    public async Task The_secret_lies_sealed_recovery_codes_as_hashes_and_neither_is_logged()
    {
        await using var server = await ServerFactory.StartAsync();
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        var app = await SetUpAsync(server, person);

        var wrapped = Assert.Single(await server.Database.QueryAsync<byte[]>("select wrapped from totp", null, CancellationToken.None));
        Assert.True(wrapped.AsSpan().IndexOf(app.Bytes) < 0);
        foreach (var file in Directory.EnumerateFiles(server.Data, "*", SearchOption.AllDirectories))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            Assert.True(content.AsSpan().IndexOf(app.Bytes) < 0 && content.AsSpan().IndexOf(Encoding.ASCII.GetBytes(app.Recovery[0])) < 0, file);
        }

        Assert.DoesNotContain(server.Log.Lines, line => line.Contains(app.Secret, StringComparison.Ordinal) || line.Contains(app.Recovery[0], StringComparison.Ordinal));
    }

    private static async Task<App> SetUpAsync(ServerFactory server, Person person)
    {
        var begun = (await person.PostAsync("/api/me/second-factor/begin", new { current_password = Person.Password })).IsGood();
        var secret = begun["secret"].GetString()!;
        Assert.Contains($"secret={secret}", begun["uri"].GetString(), StringComparison.Ordinal);
        var confirmed = (await person.PostAsync("/api/me/second-factor/confirm", new { code = new App(secret, []).Code(server) })).IsGood();
        return new App(secret, [.. confirmed["codes"].EnumerateArray().Select(code => code.GetString()!)]);
    }

    private static Task<Answer> EnterAsync(Person stranger, string email, string? code = null) => stranger.PostAsync("/api/tokens", new { email, password = Person.Password, code });

    private static Task<HttpResponseMessage> SecondAsync(Browser browser, string page, string code, string to) =>
        browser.SubmitPageAsync(page, "/sign-in/code", ("password-ticket", TicketOf(page)), ("password-code", code), ("to", to));

    private static string TicketOf(string page) => Ticket().Match(page).Groups["ticket"].Value;

    private static Person From(ServerFactory server, string address)
    {
        var person = server.Stranger();
        person.Http.DefaultRequestHeaders.Add("X-Forwarded-For", address);
        return person;
    }

    [GeneratedRegex("name=\"password-ticket\" value=\"(?<ticket>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Ticket();

    [GeneratedRegex("<p class=\"code\">(?<secret>[A-Z2-7 ]+)</p>", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Secret();

    private sealed record App(string Secret, IReadOnlyList<string> Recovery)
    {
        public byte[] Bytes { get; } = [.. Enumerable.Range(0, Secret.Length * 5 / 8).Select(i => (byte)Enumerable.Range(0, 8).Aggregate(0, (octet, bit) => (octet << 1) | BitOf(Secret, (i * 8) + bit)))];

        public string Code(ServerFactory server, int steps = 0) => Totp.Code(Bytes, (server.Time.GetUtcNow().ToUnixTimeSeconds() / 30) + steps);

        private static int BitOf(string text, int index) => ("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(text[index / 5], StringComparison.Ordinal) >> (4 - (index % 5))) & 1;
    }
}
