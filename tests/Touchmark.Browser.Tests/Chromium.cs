using Microsoft.Playwright;
using Touchmark.Engine.Pages;

[assembly: AssemblyFixture(typeof(Touchmark.Browser.Tests.Chromium))]

namespace Touchmark.Browser.Tests;

/// <summary>The system's Chromium, started once for all tests.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] Flags =
        ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

    private IPlaywright? playwright;

    public IBrowser Browser { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        if (PageAssets.Verifier is null)
        {
            throw new InvalidOperationException("The engine was built without the pages' scripts: ./test Browser builds them first.");
        }

        // Long enough for a computer that builds something else at the same time; nothing waits that long that comes at all.
        Assertions.SetDefaultExpectTimeout(60_000);
        playwright = await Playwright.CreateAsync();
        Browser = await LaunchAsync();
    }

    /// <summary>Another one, with further flags; its caller ends it.</summary>
    public Task<IBrowser> LaunchAsync(params string[] flags) => playwright!.Chromium.LaunchAsync(new() { ExecutablePath = "/usr/bin/chromium", Args = [.. Flags, .. flags] });

    public async ValueTask DisposeAsync()
    {
        if (Browser is not null)
        {
            await Browser.DisposeAsync();
        }

        playwright?.Dispose();
    }
}
