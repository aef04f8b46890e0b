using System.Runtime.Versioning;
using Microsoft.Playwright;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Browser.Tests;

/// <summary>Sign-in by an identity provider in a browser, under the content security policy of the pages.</summary>
[SupportedOSPlatform("linux")]
public sealed class OidcTests(Chromium chromium)
{
    public static TheoryData<string> Devices => ["desktop", "phone"];

    [Theory]
    [MemberData(nameof(Devices))]
    public async Task Somebody_links_their_account_with_the_provider_and_signs_in_by_it(string device)
    {
        await using var provider = await StandInProvider.StartAsync();
        await using var server = await ServerFactory.StartAsync(arguments: provider.Options);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        await using var reader = await Reader.OpenAsync(chromium, server, device == "phone" ? Device.Phone : Device.Desktop);
        reader.Elsewhere = provider.Issuer;
        await reader.GoAsync("/sign-in");
        await reader.FitsAsync();
        await reader.KeepAsync("sign-in-provider");
        await reader.Page.FillAsync("input[name=email]", oem.Email);
        await reader.Page.FillAsync("input[name=password]", Person.Password);
        await reader.Page.Locator("main button").First.ClickAsync();
        await reader.Page.ClickAsync("a.who");
        await reader.Page.FillAsync("#provider input[name=password]", Person.Password);
        await reader.Page.ClickAsync("button:has-text('Link your account with Acme')");
        await reader.FitsAsync();
        await reader.KeepAsync("provider-go");
        await reader.Page.ClickAsync("a:has-text('Go to Acme')");
        await Assertions.Expect(reader.Page.Locator("#provider")).ToContainTextAsync("takes the place of your password, for somebody@acme.test");
        await reader.FitsAsync();
        await reader.KeepAsync("account-provider");

        await reader.Page.ClickAsync("button:has-text('Sign out')");
        await reader.Page.ClickAsync("a:has-text('Sign in with Acme')");
        await Assertions.Expect(reader.Page.Locator("h1")).ToContainTextAsync("Good day");
    }
}
