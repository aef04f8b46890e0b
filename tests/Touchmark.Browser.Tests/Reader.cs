using System.Collections.Concurrent;
using System.Runtime.Versioning;
using Microsoft.Playwright;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Browser.Tests;

/// <summary>How somebody reads the pages; the scale is in points of the screen to a pixel of the page, each way.</summary>
public sealed record Device(int Width, int Height, ColorScheme Scheme, bool Scripts = true, int Scale = 2)
{
    public static Device Desktop { get; } = new(1280, 900, ColorScheme.Light);

    public static Device Phone { get; } = new(360, 780, ColorScheme.Dark);
}

/// <summary>
/// Somebody with a browser of their own: what it keeps, it keeps from page to page. When they leave, no page has broken the content security policy, failed, or asked anybody but the engine for anything.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class Reader : IAsyncDisposable
{
    /// <summary>What the browser itself writes of an answer that tests ask for: refusals, and a connection that a test breaks off.</summary>
    private static readonly string[] Expected = ["status of 4", "net::ERR_CONNECTION_RESET"];

    private readonly TimeProvider? time;
    private readonly IBrowserContext context;
    private readonly ConcurrentQueue<string> complaints = new();

    private Reader(TimeProvider? time, IBrowserContext context, IPage page) => (this.time, this.context, Page) = (time, context, page);

    public IPage Page { get; }

    /// <summary>Another address to which a link of ours leads, by a test's own wish.</summary>
    public string? Elsewhere { get; set; }

    public ILocator Headline => Page.Locator(".headline h2");

    /// <summary>A browser in which it is as late as at the engine, which it asks by its IP address or by another name that this computer has.</summary>
    public static Task<Reader> OpenAsync(Chromium chromium, ServerFactory server, Device device, string? host = null) => OpenAsync(chromium.Browser, server, device, host);

    /// <inheritdoc cref="OpenAsync(Chromium, ServerFactory, Device, string?)"/>
    public static Task<Reader> OpenAsync(IBrowser process, ServerFactory server, Device device, string? host = null) =>
        OpenAsync(process, host is null ? server.Address : new UriBuilder(server.Address) { Host = host }.Uri, server.Time, device);

    /// <param name="process">The browser.</param>
    /// <param name="engine">Where the engine is.</param>
    /// <param name="time">The engine's clock; null where it is that of this machine.</param>
    /// <param name="device">How it is read.</param>
    public static async Task<Reader> OpenAsync(IBrowser process, Uri engine, TimeProvider? time, Device device)
    {
        var browser = await process.NewContextAsync(new()
        {
            BaseURL = engine.ToString(), JavaScriptEnabled = device.Scripts, ColorScheme = device.Scheme, ReducedMotion = ReducedMotion.Reduce,
            ViewportSize = new() { Width = device.Width, Height = device.Height }, DeviceScaleFactor = device.Scale, Locale = "en-GB",
        });
        browser.SetDefaultTimeout(60_000);
        var reader = new Reader(time, browser, await browser.NewPageAsync());
        await reader.SetClockAsync();
        reader.Page.Console += (_, message) => reader.Complain(message.Type == "error" && !Expected.Any(expected => message.Text.Contains(expected, StringComparison.Ordinal)), $"console: {message.Text}");
        reader.Page.PageError += (_, error) => reader.Complain(true, $"script: {error}");
        browser.Request += (_, request) => reader.Complain(!request.Url.StartsWith(engine.ToString(), StringComparison.Ordinal) && !(reader.Elsewhere is { } elsewhere && request.IsNavigationRequest && request.Url.StartsWith(elsewhere, StringComparison.Ordinal)) && !request.Url.StartsWith("data:", StringComparison.Ordinal), $"request: {request.Url}");
        return reader;
    }

    public async Task GoAsync(string path)
    {
        await SetClockAsync();
        await Page.GotoAsync(path);
    }

    /// <summary>The browser's own back, and what is shown then.</summary>
    public async Task BackAsync(string headline)
    {
        await Page.GoBackAsync();
        await Assertions.Expect(Page.Locator("h1")).ToHaveTextAsync(headline);
    }

    /// <summary>Presses the tab key until something has the focus, as somebody does who has no pointer.</summary>
    public async Task TabToAsync(string selector)
    {
        for (var presses = 0; presses < 100; presses++)
        {
            await Page.Keyboard.PressAsync("Tab");
            if (await Page.EvaluateAsync<bool>("selector => document.activeElement.matches(selector)", selector))
            {
                return;
            }
        }

        Assert.Fail($"The tab key does not lead to {selector} on {Page.Url}.");
    }

    /// <summary>Gives the page a file, as somebody does who chooses one.</summary>
    public Task GiveAsync(string name, byte[] content) => Page.SetInputFilesAsync("#file", new FilePayload { Name = name, MimeType = name.EndsWith(".png", StringComparison.Ordinal) ? "image/png" : "", Buffer = content });

    /// <summary>Waits until the page says what came of it.</summary>
    public async Task<string> VerdictAsync()
    {
        await Page.Locator(".result[data-verdict]").WaitForAsync();
        return (await Page.Locator(".result").GetAttributeAsync("data-verdict"))!;
    }

    /// <summary>What came of one of the steps.</summary>
    public Task<string?> StateAsync(string step) => Page.Locator($"[data-step={step}]").GetAttributeAsync("data-state");

    /// <summary>Keeps a picture of the page under artifacts/.</summary>
    public async Task KeepAsync(string name)
    {
        var folder = Path.Combine(Repository.Root, "artifacts", "browser");
        Directory.CreateDirectory(folder);
        await Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}-{Page.ViewportSize!.Width}.png"), FullPage = true });
    }

    /// <summary>Nothing on the page is wider than the screen, but what is moved sideways by itself, and nothing that is said is cut off.</summary>
    public async Task FitsAsync() => Assert.Empty(await Page.EvaluateAsync<string[]>(
        """
        () => {
          const name = one => `${one.tagName} ${one.className}: ${one.textContent.trim().slice(0, 40)}`;
          const all = [...document.querySelectorAll('body *')];
          const wide = document.documentElement.scrollWidth <= innerWidth ? [] : [`${document.documentElement.scrollWidth} wide`,
            ...all.filter(one => one.getBoundingClientRect().right > innerWidth && !one.closest('.wide')).map(name)];
          const cut = all.filter(one => one.scrollWidth > one.clientWidth + 1 && ['hidden', 'clip'].includes(getComputedStyle(one).overflowX) && !one.closest('.visually-hidden')).map(one => `cut: ${name(one)}`);
          return [...wide, ...cut].slice(0, 8);
        }
        """));

    public async ValueTask DisposeAsync()
    {
        await context.DisposeAsync();
        Assert.Empty(complaints);
    }

    private async Task SetClockAsync()
    {
        if (time is not null)
        {
            await context.Clock.SetFixedTimeAsync(time.GetUtcNow().UtcDateTime);
        }
    }

    private void Complain(bool wrong, string what)
    {
        if (wrong)
        {
            complaints.Enqueue(what);
        }
    }
}

internal static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Touchmark.slnx")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }
}
