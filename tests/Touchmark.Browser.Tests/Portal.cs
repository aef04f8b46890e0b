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
        await reader.Page.FillAsync("input[name=email]", person.Email);
        await reader.Page.FillAsync("input[name=password]", Person.Password);
        await reader.Page.ClickAsync("main button");
        await Assertions.Expect(reader.Page.Locator("h1")).ToContainTextAsync("Good day");
        return reader;
    }
}
