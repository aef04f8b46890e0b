using System.Runtime.Versioning;
using Microsoft.Playwright;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Browser.Tests;

/// <summary>The way into the portal.</summary>
[SupportedOSPlatform("linux")]
internal static class Portal
{
    public static async Task<Reader> SignedInAsync(IBrowser browser, ServerFactory server, Person person, Device device)
    {
        var reader = await Reader.OpenAsync(browser, server, device);
        await reader.GoAsync("/");
        await reader.KeepAsync("portal-sign-in");
        await SignInAsync(reader, person.Email, Person.Password);
        return reader;
    }

    /// <summary>On a page that asks who is there.</summary>
    public static async Task SignInAsync(Reader reader, string email, string password)
    {
        await reader.Page.FillAsync("input[name=email]", email);
        await reader.Page.FillAsync("input[name=password]", password);
        await reader.Page.ClickAsync("main button");
        await Assertions.Expect(reader.Page.Locator("h1")).ToContainTextAsync("Good day");
    }
}
