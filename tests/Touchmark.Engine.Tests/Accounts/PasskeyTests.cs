using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Accounts.Passkeys;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Accounts;

/// <summary>A passkey lets its owner in without password and code, and nobody else, whatever a device, a browser or a false page says.</summary>
public sealed class PasskeyTests
{
    private static readonly string[] Name = ["--public-url", "https://parts.example.com"];

    private static readonly Said Honest = new();

    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task A_passkey_lets_in_by_itself_and_the_password_alone_no_longer_does(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage, arguments: Name);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var browser = await Browser.OfAsync(server, person);
        using var device = new SoftPasskey();
        var page = await AddAsync(browser, device);
        Assert.Contains("Your recovery codes", page, StringComparison.Ordinal);
        Assert.Contains("my phone", page, StringComparison.Ordinal);

        using var elsewhere = new Browser(server);
        using var entered = await SignInAsync(elsewhere, device, Honest);
        Assert.Equal("/designs?x=1", entered.Headers.Location?.ToString());
        await elsewhere.TextAsync("/designs");
        using var again = await SignInAsync(elsewhere, device, Honest);
        Assert.Equal(HttpStatusCode.Redirect, again.StatusCode);

        using var other = server.Stranger();
        (await other.PostAsync("/api/tokens", new { email = person.Email, Person.Password })).IsRefused(HttpStatusCode.Unauthorized, "SECOND_FACTOR_NEEDED");
        using var stranger = new Browser(server);
        using var half = await stranger.SubmitAsync("/sign-in", "/sign-in", ("email", person.Email), ("password", Person.Password));
        var step = await half.Content.ReadAsStringAsync();
        Assert.Contains("One of your recovery codes", step, StringComparison.Ordinal);
        Assert.Contains("Sign in with a passkey", step, StringComparison.Ordinal);
        Assert.DoesNotContain(stranger.Cookies, cookie => cookie.Name == TokenAuthentication.Cookie);
    }

    public static TheoryData<string> Falsehoods =>
    [
        "another site", "a site that looks alike", "plain http", "another port", "a page within a page", "another challenge", "no challenge", "a passkey that is being made", "nobody verified", "nobody there", "the count of before",
        "a count that went back", "another key", "another person", "nobody's handle", "no handle", "a key of another site", "another passkey", "not JSON", "nothing", "an array", "a deep one",
    ];

    [Theory]
    [MemberData(nameof(Falsehoods))]
    public async Task An_answer_that_is_not_right_in_all_lets_nobody_in(string what)
    {
        await using var server = await ServerFactory.StartAsync(arguments: Name);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var victim = await server.JoinAsync(Role.Oem, "Rival Works");
        using var browser = await Browser.OfAsync(server, person);
        using var device = new SoftPasskey();
        using var foreign = new SoftPasskey { Id = RandomNumberGenerator.GetBytes(16) };
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await AddAsync(browser, device);
        using var stranger = new Browser(server);
        for (var i = 0; i < 3; i++)
        {
            using var honest = await SignInAsync(stranger, device, Honest);
            Assert.Equal(HttpStatusCode.Redirect, honest.StatusCode);
        }

        using var thief = new Browser(server);
        var page = await thief.TextAsync("/sign-in");
        var options = await BeginAsync(thief, page, "/sign-in/passkey/begin");
        var said = what switch
        {
            "another site" => Honest with { Origin = "https://parts.example.org" },
            "a site that looks alike" => Honest with { Origin = "https://parts.example.com.evil.example" },
            "plain http" => Honest with { Origin = "http://parts.example.com" },
            "another port" => Honest with { Origin = "https://parts.example.com:8443" },
            "a page within a page" => Honest with { CrossOrigin = true },
            "another challenge" => Honest with { Challenge = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
            "no challenge" => Honest with { Challenge = "" },
            "a passkey that is being made" => Honest with { Type = "webauthn.create" },
            "nobody verified" => Honest with { Flags = Said.UserPresent },
            "nobody there" => Honest with { Flags = Said.UserVerified },
            "the count of before" => Honest with { Count = device.Count },
            "a count that went back" => Honest with { Count = 1 },
            "another key" => Honest with { Key = key },
            "another person" => Honest with { UserHandle = (await victim.GetAsync("/api/me")).Id.ToString("D") },
            "nobody's handle" => Honest with { UserHandle = Guid.CreateVersion7(server.Time.GetUtcNow()).ToString("D") },
            "no handle" => Honest with { UserHandle = "" },
            "a key of another site" => Honest with { RpId = "evil.example" },
            _ => Honest,
        };
        var answer = what switch
        {
            "another passkey" => foreign.Answer(options, Honest with { UserHandle = device.UserHandle }),
            "not JSON" => "{",
            "nothing" => "",
            "an array" => "[]",
            "a deep one" => new string('[', 2000),
            _ => device.Answer(options, said),
        };

        using var refused = await FinishAsync(thief, page, answer);

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Contains("This passkey does not let anybody in here.", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(thief.Cookies, cookie => cookie.Name == TokenAuthentication.Cookie);
        using var after = await SignInAsync(thief, device, Honest);
        Assert.Equal(HttpStatusCode.Redirect, after.StatusCode);
    }

    [Fact]
    public async Task A_challenge_is_for_one_browser_one_purpose_five_minutes_and_one_answer_right_or_wrong()
    {
        await using var server = await ServerFactory.StartAsync(arguments: Name);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var browser = await Browser.OfAsync(server, person);
        using var device = new SoftPasskey();
        await AddAsync(browser, device);
        using var owner = new Browser(server);
        var page = await owner.TextAsync("/sign-in");
        var options = await BeginAsync(owner, page, "/sign-in/passkey/begin");
        var answer = device.Answer(options, Honest);
        var cookies = string.Join("; ", owner.Cookies.Select(cookie => $"{cookie.Name}={cookie.Value}"));

        using var thief = new Browser(server);
        await IsTooLateAsync(await FinishAsync(thief, await thief.TextAsync("/sign-in"), answer));
        using var entered = await FinishAsync(owner, page, answer);
        Assert.Equal(HttpStatusCode.Redirect, entered.StatusCode);
        // The very same request once more, by whoever has copied it.
        await IsTooLateAsync(await RepeatAsync(server, cookies, page, answer));

        using var late = new Browser(server);
        page = await late.TextAsync("/sign-in");
        answer = device.Answer(await BeginAsync(late, page, "/sign-in/passkey/begin"), Honest);
        server.Time.Advance(PasskeyChallenges.Lifetime + TimeSpan.FromSeconds(1));
        await IsTooLateAsync(await FinishAsync(late, page, answer));

        options = await BeginAsync(late, page, "/sign-in/passkey/begin");
        cookies = string.Join("; ", late.Cookies.Select(cookie => $"{cookie.Name}={cookie.Value}"));
        using var wrong = await FinishAsync(late, page, device.Answer(options, Honest with { Flags = 0 }));
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        await IsTooLateAsync(await RepeatAsync(server, cookies, page, device.Answer(options, Honest)));

        // A challenge of the account's page is none of the sign-in, and the other way round.
        page = await browser.TextAsync("/account");
        var door = await browser.TextAsync("/sign-in");
        options = await BeginAsync(browser, page, "/account/passkeys/begin", ("name", "second"), ("password", Person.Password));
        await IsTooLateAsync(await FinishAsync(browser, door, device.Answer(options, Honest)));
        using var foreign = new SoftPasskey();
        options = await BeginAsync(browser, page, "/account/passkeys/begin", ("name", "second"), ("password", Person.Password));
        var made = foreign.Make(options, Honest);
        await BeginAsync(browser, door, "/sign-in/passkey/begin");
        using var mixed = await browser.SubmitPageAsync(page, "/account/passkeys", ("name", "second"), ("password-credential", made));
        Assert.Contains("PASSKEY_TOO_LATE", await mixed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Single((await server.Database.QueryAsync<string>("select name from passkeys", null, CancellationToken.None)));
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Of_a_passkey_and_its_copy_that_sign_at_once_one_is_let_in(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage, arguments: Name);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var browser = await Browser.OfAsync(server, person);
        using var device = new SoftPasskey();
        await AddAsync(browser, device);
        var browsers = Enumerable.Range(0, 4).Select(_ => new Browser(server)).ToList();
        var ready = new List<(Browser Browser, string Page, string Answer)>();
        foreach (var one in browsers)
        {
            var page = await one.TextAsync("/sign-in");
            ready.Add((one, page, device.Answer(await BeginAsync(one, page, "/sign-in/passkey/begin"), Honest with { Count = 7 })));
        }

        var answers = await Task.WhenAll(ready.Select(one => FinishAsync(one.Browser, one.Page, one.Answer)));

        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.Redirect);
        foreach (var one in answers.Cast<IDisposable>().Concat(browsers))
        {
            one.Dispose();
        }
    }

    [Theory]
    [InlineData("a wrong password", "PASSWORD_WRONG")]
    [InlineData("no name", "TEXT_NOT_PLAIN")]
    [InlineData("another site", "PASSKEY_REFUSED")]
    [InlineData("nobody verified", "PASSKEY_REFUSED")]
    [InlineData("a key of another site", "PASSKEY_REFUSED")]
    [InlineData("one that is another's", "PASSKEY_REFUSED")]
    [InlineData("not JSON", "PASSKEY_REFUSED")]
    public async Task What_is_no_passkey_of_its_owner_for_this_engine_is_not_added(string what, string code)
    {
        await using var server = await ServerFactory.StartAsync(arguments: Name);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var rival = await server.JoinAsync(Role.Oem, "Rival Works");
        using var browser = await Browser.OfAsync(server, person);
        using var rivals = await Browser.OfAsync(server, rival);
        using var device = new SoftPasskey();
        using var known = new SoftPasskey();
        await AddAsync(rivals, known);
        var page = await browser.TextAsync("/account");
        using var begun = await browser.SubmitPageAsync(page, "/account/passkeys/begin", ("name", what == "no name" ? " " : "my phone"), ("password", what == "a wrong password" ? "a guess of the thief" : Person.Password));
        if (!begun.IsSuccessStatusCode)
        {
            Assert.Equal(code, (await Answer.ReadAsync(begun)).Code);
            return;
        }

        var options = JsonElement.Parse(await begun.Content.ReadAsStringAsync());
        Assert.Equal("required", options.GetProperty("authenticatorSelection").GetProperty("userVerification").GetString());
        Assert.Equal("required", options.GetProperty("authenticatorSelection").GetProperty("residentKey").GetString());
        Assert.Equal("parts.example.com", options.GetProperty("rp").GetProperty("id").GetString());
        var made = what switch
        {
            "another site" => device.Make(options, Honest with { Origin = "https://evil.example" }),
            "nobody verified" => device.Make(options, Honest with { Flags = Said.UserPresent }),
            "a key of another site" => device.Make(options, Honest with { RpId = "evil.example" }),
            "one that is another's" => known.Make(options, Honest),
            _ => "{",
        };

        using var refused = await browser.SubmitPageAsync(page, "/account/passkeys", ("name", "my phone"), ("password-credential", made));

        Assert.Contains(code, await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(0, (await person.GetAsync("/api/me/passkeys")).IsGood().Body.GetArrayLength());
    }

    [Fact]
    public async Task Passkeys_are_added_and_removed_for_the_password_and_all_other_sessions_end()
    {
        await using var server = await ServerFactory.StartAsync(arguments: Name);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        var id = (await person.GetAsync("/api/me")).Id;
        using var browser = await Browser.OfAsync(server, person);
        using var device = new SoftPasskey();
        await AddAsync(browser, device);
        (await person.GetAsync("/api/me")).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        using var second = new SoftPasskey();
        var page = await AddAsync(browser, second, "<my> second");
        Assert.DoesNotContain("Your recovery codes", page, StringComparison.Ordinal);
        var passkeys = await server.Database.QueryAsync<string>("select id from passkeys order by created_at, id", null, CancellationToken.None);

        using var guessed = await browser.SubmitPageAsync(page, "/account/passkeys/remove", ("passkey", passkeys[0]), ("password", "a guess of the thief"));
        Assert.Contains("PASSWORD_WRONG", await guessed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        foreach (var passkey in passkeys)
        {
            using var removed = await browser.SubmitPageAsync(page, "/account/passkeys/remove", ("passkey", passkey), ("password", Person.Password));
            Assert.Equal("/account#passkeys", removed.Headers.Location?.ToString());
        }

        using var stranger = new Browser(server);
        using var refused = await SignInAsync(stranger, device, Honest);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        using var again = await server.SignInAsync(person.Email);
        Assert.Equal(0, (await again.GetAsync("/api/me/second-factor")).IsGood()["recovery_codes_left"].GetInt64());
        var acts = await server.Database.QueryAsync<string>("select act from audit where subject = @Subject order by number", new { Subject = $"account/{id:D}" }, CancellationToken.None);
        Assert.Equal(["account.created", "account.passkey_added", "account.passkey_added", "account.passkey_removed", "account.passkey_removed"], acts);
        (await again.PostAsync($"/api/me/passkeys/{passkeys[0]}/remove", new { current_password = Person.Password })).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
    }

    [Fact]
    public async Task A_disabled_account_is_not_let_in_and_an_admin_removes_what_was_lost()
    {
        await using var server = await ServerFactory.StartAsync(arguments: Name);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        var id = (await person.GetAsync("/api/me")).Id;
        using var browser = await Browser.OfAsync(server, person);
        using var device = new SoftPasskey();
        await AddAsync(browser, device);
        var admin = await server.AdminAsync();

        (await admin.PostAsync($"/api/accounts/{id:D}/disable")).IsGood();
        using var refused = await SignInAsync(browser, device, Honest);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        (await admin.PostAsync($"/api/accounts/{id:D}/enable")).IsGood();
        using var entered = await SignInAsync(browser, device, Honest);
        Assert.Equal(HttpStatusCode.Redirect, entered.StatusCode);

        Assert.Equal("my phone", (await admin.GetAsync($"/api/accounts/{id:D}/passkeys")).IsGood().Body[0].GetProperty("name").GetString());
        using var desk = await Browser.OfAsync(server, admin);
        using var removed = await desk.SubmitAsync($"/accounts/{id:D}", $"/accounts/{id:D}/remove-second-factor");
        using var gone = await SignInAsync(browser, device, Honest);
        Assert.Equal(HttpStatusCode.Unauthorized, gone.StatusCode);
        using var back = await server.SignInAsync(person.Email);
    }

    [Fact]
    public async Task A_passkey_is_the_second_factor_that_a_role_needs_and_is_not_for_who_has_a_temporary_password()
    {
        await using var server = await ServerFactory.StartAsync(arguments: Name);
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var browser = await Browser.OfAsync(server, person);
        (await (await server.AdminAsync()).PutAsync("/api/second-factor-roles", new { roles = new[] { "oem" } })).IsGood();
        using var led = await browser.GetAsync("/designs");
        Assert.Equal("/account", led.Headers.Location?.ToString());
        using var device = new SoftPasskey();
        await AddAsync(browser, device);
        await browser.TextAsync("/designs");

        var admin = await server.AdminAsync();
        var made = (await admin.PostAsync("/api/accounts", new { email = "new@touchmark.test", password = "a password of the admin", name = "New", organisation = "Maker Hall", role = "operator", temporary = true })).IsGood();
        using var fresh = new Browser(server);
        using var entered = await fresh.SubmitAsync("/sign-in", "/sign-in", ("email", "new@touchmark.test"), ("password", "a password of the admin"));
        using var refused = await fresh.SubmitAsync("/account", "/account/passkeys/begin", ("name", "the admin's"), ("password", "a password of the admin"));
        (await Answer.ReadAsync(refused)).IsRefused(HttpStatusCode.Forbidden, "PASSWORD_TEMPORARY");
    }

    [Fact]
    public async Task Passkeys_belong_to_a_name_and_an_engine_that_is_reached_by_an_address_says_so()
    {
        await using var server = await ServerFactory.StartAsync();
        using var person = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var byAddress = await Browser.OfAsync(server, person);
        Assert.DoesNotContain("passkey", await new Browser(server).TextAsync("/sign-in"), StringComparison.OrdinalIgnoreCase);
        var page = await byAddress.TextAsync("/account");
        Assert.Contains("A passkey belongs to a name", page, StringComparison.Ordinal);
        using var refused = await byAddress.SubmitPageAsync(page, "/account/passkeys/begin", ("name", "my phone"), ("password", Person.Password));
        (await Answer.ReadAsync(refused)).IsRefused(HttpStatusCode.Conflict, "PASSKEYS_NEED_A_NAME");

        using var byName = new Browser(server, "localhost");
        using var entered = await byName.SubmitAsync("/sign-in", "/sign-in", ("email", person.Email), ("password", Person.Password));
        using var device = new SoftPasskey();
        var local = Honest with { Origin = byName.Origin, RpId = "localhost" };
        await AddAsync(byName, device, said: local);
        using var elsewhere = await SignInAsync(byName, device, local with { Origin = "http://localhost:1" });
        Assert.Equal(HttpStatusCode.Unauthorized, elsewhere.StatusCode);
        using var done = await SignInAsync(byName, device, local);
        Assert.Equal(HttpStatusCode.Redirect, done.StatusCode);
    }

    [Fact]
    public async Task Answers_without_end_from_one_place_wait()
    {
        await using var server = await ServerFactory.StartAsync(arguments: Name);
        await server.AdminAsync();
        using var thief = new Browser(server);
        var page = await thief.TextAsync("/sign-in");
        for (var i = 0; i < 30; i++)
        {
            await IsTooLateAsync(await FinishAsync(thief, page, "{}"));
        }

        using var waits = await FinishAsync(thief, page, "{}");
        Assert.Equal(HttpStatusCode.TooManyRequests, waits.StatusCode);
    }

    internal static async Task<string> AddAsync(Browser browser, SoftPasskey device, string name = "my phone", Said? said = null)
    {
        var page = await browser.TextAsync("/account");
        var options = await BeginAsync(browser, page, "/account/passkeys/begin", ("name", name), ("password", Person.Password));
        using var added = await browser.SubmitPageAsync(page, "/account/passkeys", ("name", name), ("password-credential", device.Make(options, said ?? Honest)));
        Assert.True(added.StatusCode is HttpStatusCode.OK or HttpStatusCode.Redirect, await added.Content.ReadAsStringAsync());
        return added.StatusCode == HttpStatusCode.OK ? await added.Content.ReadAsStringAsync() : await browser.TextAsync("/account");
    }

    private static async Task<HttpResponseMessage> SignInAsync(Browser browser, SoftPasskey device, Said said)
    {
        var page = await browser.TextAsync("/sign-in");
        return await FinishAsync(browser, page, device.Answer(await BeginAsync(browser, page, "/sign-in/passkey/begin"), said));
    }

    private static async Task<JsonElement> BeginAsync(Browser browser, string page, string path, params (string Name, string Value)[] fields)
    {
        using var begun = await browser.SubmitPageAsync(page, path, fields);
        var text = await begun.Content.ReadAsStringAsync();
        Assert.True(begun.IsSuccessStatusCode, text);
        return JsonElement.Parse(text);
    }

    private static Task<HttpResponseMessage> FinishAsync(Browser browser, string page, string credential) => browser.SubmitPageAsync(page, "/sign-in/passkey", ("password-credential", credential), ("to", "/designs?x=1"));

    private static async Task<HttpResponseMessage> RepeatAsync(ServerFactory server, string cookies, string page, string credential)
    {
        var token = Browser.TokenOf(page);
        using var http = server.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/sign-in/passkey") { Content = new FormUrlEncodedContent([new(token.Name, token.Value), new("password-credential", credential)]) };
        request.Headers.Add("Cookie", cookies);
        return await http.SendAsync(request);
    }

    private static async Task IsTooLateAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains("That took longer than five minutes, or was sent twice.", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }
}
