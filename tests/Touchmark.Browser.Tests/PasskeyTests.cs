using System.Runtime.Versioning;
using Microsoft.Playwright;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Browser.Tests;

/// <summary>Passkeys in a browser, whose own virtual authenticator stands for the device.</summary>
[SupportedOSPlatform("linux")]
public sealed class PasskeyTests(Chromium chromium)
{
    public static TheoryData<string> Devices => ["desktop", "phone"];

    [Theory]
    [MemberData(nameof(Devices))]
    public async Task Somebody_adds_a_passkey_signs_in_with_it_and_removes_it(string device)
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        await using var reader = await Reader.OpenAsync(chromium, server, device == "phone" ? Device.Phone : Device.Desktop, "localhost");
        await using var authenticator = await Authenticator.PlugInAsync(reader.Page);
        await PasswordAsync(reader, oem);
        await reader.Page.ClickAsync("a.who");
        await AddAsync(reader, "a guess of the thief");
        await Assertions.Expect(reader.Page.Locator("#passkeys [role=alert]")).ToContainTextAsync("The current password is wrong.");
        await KeepAsync(reader, "passkey-refused");
        await AddAsync(reader, Person.Password);
        await Assertions.Expect(reader.Page.Locator(".codes li")).ToHaveCountAsync(10);
        await Assertions.Expect(reader.Page.Locator("#passkeys tbody td").First).ToHaveTextAsync("My phone");
        await KeepAsync(reader, "passkey-added");
        await AddAsync(reader, Person.Password);
        await Assertions.Expect(reader.Page.Locator("#passkeys [role=alert]")).ToContainTextAsync("This device has a passkey of your account already.");

        await reader.Page.ClickAsync("button:has-text('Sign out')");
        await KeepAsync(reader, "sign-in-passkey");
        await reader.Page.ClickAsync("button:has-text('Sign in with a passkey')");
        await Assertions.Expect(reader.Page.Locator("h1")).ToContainTextAsync("Good day");

        await reader.Page.ClickAsync("button:has-text('Sign out')");
        await PasswordAsync(reader, oem);
        await Assertions.Expect(reader.Page.Locator("h1")).ToHaveTextAsync("One more step");
        await KeepAsync(reader, "second-step-passkey");
        await authenticator.VerifyAsync(false);
        await reader.Page.ClickAsync("button:has-text('Sign in with a passkey')");
        await Assertions.Expect(reader.Page.Locator("[role=alert]")).ToContainTextAsync("It was called off, or took too long.");
        await authenticator.VerifyAsync(true);
        await reader.Page.ClickAsync("button:has-text('Sign in with a passkey')");
        await Assertions.Expect(reader.Page.Locator("h1")).ToContainTextAsync("Good day");

        await reader.Page.ClickAsync("a.who");
        await reader.Page.FillAsync("form[action='/account/passkeys/rename'] input[name=new-name]", "Blue phone");
        await reader.Page.ClickAsync("button:has-text('Rename this passkey')");
        await Assertions.Expect(reader.Page.Locator("#passkeys tbody td").First).ToHaveTextAsync("Blue phone");
        await KeepAsync(reader, "passkey-renamed");
        await reader.Page.FillAsync("form[action='/account/passkeys/remove'] input[name=password]", Person.Password);
        await reader.Page.ClickAsync("button:has-text('Remove this passkey')");
        await Assertions.Expect(reader.Page.Locator("#passkeys table")).ToHaveCountAsync(0);
        await reader.Page.ClickAsync("button:has-text('Sign out')");
        await reader.Page.ClickAsync("button:has-text('Sign in with a passkey')");
        await Assertions.Expect(reader.Page.Locator(".problem").First).ToContainTextAsync("This passkey does not let anybody in here.");
        await KeepAsync(reader, "sign-in-passkey-unknown");
    }

    [Fact]
    public async Task Without_scripts_or_by_an_ip_address_the_page_says_what_is_missing_and_the_password_does_it()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        await using var plain = await Reader.OpenAsync(chromium, server, Device.Phone with { Scripts = false }, "localhost");
        await PasswordAsync(plain, oem, "Sign in with a passkey");
        await plain.Page.ClickAsync("a.who");
        await Assertions.Expect(plain.Page.Locator("#passkeys .hint:visible")).ToContainTextAsync("has to run the scripts of this page");
        await Assertions.Expect(plain.Page.Locator("button:has-text('Add a passkey')")).ToBeHiddenAsync();

        await using var reader = await Reader.OpenAsync(chromium, server, Device.Desktop);
        await PasswordAsync(reader, oem, "Sign in with a passkey");
        await reader.Page.ClickAsync("a.who");
        await Assertions.Expect(reader.Page.Locator("#passkeys .note-caution")).ToContainTextAsync("A passkey belongs to a name");
        await KeepAsync(reader, "passkey-address");
    }

    private static async Task PasswordAsync(Reader reader, Person person, string? hidden = null)
    {
        await reader.GoAsync("/sign-in");
        if (hidden is not null)
        {
            await Assertions.Expect(reader.Page.Locator($"button:has-text('{hidden}')")).ToBeHiddenAsync();
        }

        await reader.Page.FillAsync("input[name=email]", person.Email);
        await reader.Page.FillAsync("input[name=password]", Person.Password);
        await reader.Page.Locator("main button").First.ClickAsync();
    }

    private static async Task AddAsync(Reader reader, string password)
    {
        await reader.Page.FillAsync("#passkeys input[name=name]", "My phone");
        await reader.Page.FillAsync("form[action='/account/passkeys'] input[name=password]", password);
        await reader.Page.ClickAsync("button:has-text('Add a passkey')");
    }

    private static async Task KeepAsync(Reader reader, string name)
    {
        await reader.FitsAsync();
        await reader.KeepAsync(name);
    }

    /// <summary>A device that keeps passkeys and asks its owner, who agrees at once.</summary>
    private sealed class Authenticator(ICDPSession session, string id) : IAsyncDisposable
    {
        public static async Task<Authenticator> PlugInAsync(IPage page)
        {
            var session = await page.Context.NewCDPSessionAsync(page);
            await session.SendAsync("WebAuthn.enable");
            var added = await session.SendAsync("WebAuthn.addVirtualAuthenticator", new Dictionary<string, object>
            {
                ["options"] = new Dictionary<string, object>
                {
                    ["protocol"] = "ctap2", ["transport"] = "internal", ["hasResidentKey"] = true, ["hasUserVerification"] = true, ["isUserVerified"] = true, ["automaticPresenceSimulation"] = true,
                },
            });
            return new Authenticator(session, added!.Value.GetProperty("authenticatorId").GetString()!);
        }

        /// <summary>Whether its owner is recognised from now on.</summary>
        public async Task VerifyAsync(bool isRecognised) => await session.SendAsync("WebAuthn.setUserVerified", new Dictionary<string, object> { ["authenticatorId"] = id, ["isUserVerified"] = isRecognised });

        public async ValueTask DisposeAsync() => await session.DetachAsync();
    }
}
