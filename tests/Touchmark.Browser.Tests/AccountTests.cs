using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Accounts.SecondFactors;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Browser.Tests;

/// <summary>First run, people, second factor and the demonstration, in a browser.</summary>
[SupportedOSPlatform("linux")]
public sealed partial class AccountTests(Chromium chromium)
{
    public static TheoryData<string> Devices => ["desktop", "phone"];

    [Theory]
    [MemberData(nameof(Devices))]
    public async Task An_empty_engine_is_set_up_and_its_first_owner_chooses_a_password(string device)
    {
        await using var server = await ServerFactory.StartAsync();
        await using var reader = await OpenAsync(server, device);
        await reader.GoAsync("/");
        await Assertions.Expect(reader.Page.Locator("h1")).ToHaveTextAsync("A new engine");
        await KeepAsync(reader, "setup-begin");
        await FillAsync(reader, ("setup-password", await File.ReadAllTextAsync(server.SetupTokenFile)), ("organisation", "Touchmark"), ("name", "Ada Admin"), ("email", "ada@touchmark.test"), ("password", Person.Password), ("password-again", Person.Password));
        await reader.Page.ClickAsync("button:has-text('Begin')");

        await Assertions.Expect(reader.Page.Locator("[aria-current=step]")).ToHaveTextAsync("First owner");
        await KeepAsync(reader, "setup-owner");
        await FillAsync(reader, ("organisation", "Bracket Works"), ("name", "Olga Owner"), ("email", "olga@touchmark.test"));
        await reader.Page.ClickAsync("button:has-text('Add the first owner')");
        var temporary = await reader.Page.Locator(".pairing-code").InnerTextAsync();
        await KeepAsync(reader, "setup-shop");
        await FillAsync(reader, ("organisation", "Maker Hall"), ("name", "Max Maker"), ("email", "max@touchmark.test"));
        await reader.Page.ClickAsync("button:has-text('Add the first manufacturer')");
        await reader.Page.ClickAsync("button:has-text('Make a code')");
        await Assertions.Expect(reader.Page.Locator(".pairing-code")).ToBeVisibleAsync();
        await KeepAsync(reader, "setup-printer");

        await using var owner = await OpenAsync(server, device);
        await SignInAsync(owner, "olga@touchmark.test", temporary);
        await Assertions.Expect(owner.Page.Locator("h1")).ToHaveTextAsync("Your account");
        await KeepAsync(owner, "account-temporary");
        await FillAsync(owner, ("password", temporary), ("new-password", Person.Password), ("new-password-again", Person.Password));
        await owner.Page.ClickAsync("button:has-text('Change it')");
        await Assertions.Expect(owner.Page.Locator("[role=status]")).ToContainTextAsync("Your password is changed");
        await KeepAsync(owner, "account");
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public async Task Somebody_sets_up_an_authenticator_app_and_signs_in_with_its_code(string device)
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        await using var reader = await OpenAsync(server, device);
        await SignInAsync(reader, oem.Email, Person.Password);
        await reader.Page.ClickAsync("a.who");
        await reader.Page.FillAsync("#second-factor input[name=password]", Person.Password);
        await reader.Page.ClickAsync("button:has-text('Set up an authenticator app')");
        await Assertions.Expect(reader.Page.Locator(".qr img")).ToBeVisibleAsync();
        await KeepAsync(reader, "second-factor-app");
        var secret = Unspaced(await reader.Page.Locator(".qr .code").InnerTextAsync());
        await reader.Page.FillAsync("input[name=password-code]", Code(server, secret));
        await reader.Page.ClickAsync("button:has-text('Confirm')");
        await Assertions.Expect(reader.Page.Locator(".codes li")).ToHaveCountAsync(10);
        await KeepAsync(reader, "second-factor-codes");

        server.Time.Advance(TimeSpan.FromSeconds(30));
        await reader.Page.ClickAsync("button:has-text('Sign out')");
        await SignInAsync(reader, oem.Email, Person.Password);
        await Assertions.Expect(reader.Page.Locator("h1")).ToHaveTextAsync("One more step");
        await reader.Page.FillAsync("input[name=password-code]", "000000");
        await reader.Page.ClickAsync("main button");
        await Assertions.Expect(reader.Page.Locator("[role=alert]")).ToContainTextAsync("This code is wrong");
        await KeepAsync(reader, "second-step");
        await reader.Page.FillAsync("input[name=password-code]", Code(server, secret));
        await reader.Page.ClickAsync("main button");
        await Assertions.Expect(reader.Page.Locator("h1")).ToContainTextAsync("Good day");
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public async Task A_demonstration_is_entered_by_a_click_and_an_admin_looks_after_people_and_the_engine(string device)
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--demonstration", "on"]);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        await using var reader = await OpenAsync(server, device);
        await reader.GoAsync("/");
        await KeepAsync(reader, "demonstration");
        await reader.Page.Locator("li:has(h2:text-is('Owner of designs')) button").ClickAsync();
        await Assertions.Expect(reader.Page.Locator("text=Upload your first design")).ToBeVisibleAsync();
        await reader.Page.ClickAsync("text=Be somebody else");
        await reader.Page.Locator("li:has(h2:text-is('Admin')) button").ClickAsync();

        await reader.GoAsync("/accounts");
        await KeepAsync(reader, "accounts");
        await reader.Page.Locator("tbody tr:has-text('oem') a").First.ClickAsync();
        // With all that the page loads: without its style it is as wide as it likes.
        await reader.Page.WaitForURLAsync("**/accounts/*");
        await KeepAsync(reader, "account-of");
        await reader.GoAsync("/accounts/new");
        await KeepAsync(reader, "account-new");
        await reader.GoAsync("/system");
        await KeepAsync(reader, "system");
        await reader.GoAsync("/account");
        await reader.Page.ClickAsync($"button:has-text('{(device == "phone" ? "Light" : "Dark")}')");
        await Assertions.Expect(reader.Page.Locator("html")).ToHaveAttributeAsync("data-theme", device == "phone" ? "light" : "dark");
        await KeepAsync(reader, "account-theme");
    }

    private static string Code(ServerFactory server, string secret)
    {
        var bits = string.Concat(secret.Select(letter => Convert.ToString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(letter, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        return Totp.Code([.. Enumerable.Range(0, bits.Length / 8).Select(i => Convert.ToByte(bits.Substring(i * 8, 8), 2))], server.Time.GetUtcNow().ToUnixTimeSeconds() / 30);
    }

    private static string Unspaced(string text) => Blanks().Replace(text, "");

    private static async Task FillAsync(Reader reader, params (string Name, string Value)[] fields)
    {
        foreach (var (name, value) in fields)
        {
            await reader.Page.Locator($"input[name={name}]").First.FillAsync(value);
        }
    }

    private static async Task SignInAsync(Reader reader, string email, string password)
    {
        await reader.GoAsync("/sign-in");
        await FillAsync(reader, ("email", email), ("password", password));
        await reader.Page.ClickAsync("main button");
    }

    private static async Task KeepAsync(Reader reader, string name)
    {
        await reader.FitsAsync();
        await reader.KeepAsync(name);
    }

    private Task<Reader> OpenAsync(ServerFactory server, string device) => Reader.OpenAsync(chromium, server, device == "phone" ? Device.Phone : Device.Desktop);

    [GeneratedRegex(@"\s", RegexOptions.None, 1000)]
    private static partial Regex Blanks();
}
