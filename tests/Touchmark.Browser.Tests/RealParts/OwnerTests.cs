using System.Runtime.Versioning;
using Microsoft.Playwright;
using Touchmark.Acceptance;

namespace Touchmark.Browser.Tests.RealParts;

/// <summary>What the owner of a design does: upload, license, watch, revoke. The browser's back button does nothing a second time.</summary>
[Collection(nameof(RealEngine))]
[SupportedOSPlatform("linux")]
public sealed class OwnerTests(Chromium chromium, RealEngine real)
{
    [Theory]
    [MemberData(nameof(RealEngine.Devices), MemberType = typeof(RealEngine))]
    public async Task Upload(string device)
    {
        var name = $"Spacer from a {device}";
        await using var owner = await real.EnterAsync(chromium, "oem", device);
        await owner.GoAsync("/designs");
        await owner.Page.ClickAsync("text=Upload a design");
        await owner.Page.SetInputFilesAsync("input[name=file]", Path.Combine(World.Root, "samples", "spacer.stl"));
        await Assertions.Expect(owner.Page.Locator("[data-model-said]")).ToHaveTextAsync("The engine will take this file.");
        await owner.Page.FillAsync("input[name=name]", name);
        await owner.Page.Locator("button:has-text('Upload')").DblClickAsync();
        await Assertions.Expect(owner.Page.Locator("h1")).ToHaveTextAsync(name);
        Assert.True(await owner.Page.Locator("img.picture").EvaluateAsync<bool>("async image => (await image.decode(), image.naturalWidth === 320)"));

        await owner.BackAsync("Upload a design");
        await owner.BackAsync("Designs");
        await Assertions.Expect(owner.Page.Locator($"tbody tr:has-text('{name}')")).ToHaveCountAsync(1);
        await owner.FitsAsync();
    }

    [Theory]
    [MemberData(nameof(RealEngine.Devices), MemberType = typeof(RealEngine))]
    public async Task Licence(string device)
    {
        var name = $"Clip from a {device}";
        var design = World.Text(await real.World.AskAsync("oem", "design", "upload", Path.Combine(World.Root, "samples", "clip.stl"), "--name", name), "id");
        await using var owner = await real.EnterAsync(chromium, "oem", device);
        await owner.GoAsync($"/designs/{design}");
        await owner.Page.ClickAsync("text=License it");
        await owner.Page.CheckAsync("text=Maker Hall");
        await owner.Page.CheckAsync("text=PLA");
        await owner.Page.FillAsync("input[name=prints]", "2");
        await owner.Page.Locator("button:has-text('Grant')").DblClickAsync();
        await Assertions.Expect(owner.Page.Locator("h1")).ToHaveTextAsync($"Licence for {name}");
        await owner.FitsAsync();

        await owner.BackAsync($"License {name}");
        await owner.BackAsync(name);
        await Assertions.Expect(owner.Page.Locator("section:has(h2:has-text('Licences')) tbody tr")).ToHaveCountAsync(1);
        Assert.Single((await real.World.AskAsync("maker", "catalogue")).EnumerateArray(), item => World.Text(item, "name") == name);
    }

    [Fact]
    public async Task Watch()
    {
        var job = await real.PrintingAsync(await real.LicenseLongPrintAsync());
        await using var desk = await real.EnterAsync(chromium, "oem", "desktop");
        await using var phone = await real.EnterAsync(chromium, "oem", "phone");
        foreach (var owner in new[] { desk, phone })
        {
            await owner.GoAsync($"/jobs/{job}");
            await Assertions.Expect(owner.Page.Locator("[data-watch-where-said]")).ToContainTextAsync("X ");
            await Assertions.Expect(owner.Page.Locator("[data-watch-heat-said]")).ToContainTextAsync("nozzle 2");
            await Assertions.Expect(owner.Page.Locator("[data-bind='session.segments_verified']")).Not.ToHaveTextAsync("0");
            Assert.True(await owner.Page.Locator("[data-watch-bed]").EvaluateAsync<bool>("canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0)"));
            await owner.FitsAsync();
            await owner.KeepAsync("real-watch");
        }

        // Neither page is asked for again: the events tell the end, and the page brings the rest.
        foreach (var owner in new[] { desk, phone })
        {
            await Assertions.Expect(owner.Page.Locator(".live-line .badge")).ToHaveTextAsync("printed");
            await owner.Page.ClickAsync("text=Look at it");
            await Assertions.Expect(owner.Page.Locator("h1")).ToHaveTextAsync("Certificate of Bracket");
            await owner.BackAsync("Bracket");
            await Assertions.Expect(owner.Page.Locator(".live-line .badge")).ToHaveTextAsync("printed");
        }
    }

    [Theory]
    [MemberData(nameof(RealEngine.Devices), MemberType = typeof(RealEngine))]
    public async Task Revoke(string device)
    {
        var licence = await real.LicenseLongPrintAsync();
        var job = await real.PrintingAsync(licence);
        await using var owner = await real.EnterAsync(chromium, "oem", device);
        await owner.GoAsync("/licences");
        await owner.Page.ClickAsync($"a[href='/licences/{licence}']");
        await Assertions.Expect(owner.Page.Locator(".note-caution")).ToContainTextAsync("This stops a print now: Bracket on Bench printer, printing");
        await owner.FitsAsync();
        await owner.KeepAsync("real-revoke");
        await owner.Page.FillAsync("input[name=reason]", "A crack was found");
        await owner.Page.Locator("button.danger").ClickAsync(new() { Delay = 1500 });
        await Assertions.Expect(owner.Page.Locator(".badge").First).ToHaveTextAsync("revoked");
        await owner.Page.GoBackAsync();
        await Assertions.Expect(owner.Page.Locator(".badge").First).ToHaveTextAsync("revoked");
        Assert.Equal(0, await owner.Page.Locator("button.danger").CountAsync());

        await owner.GoAsync($"/jobs/{job}");
        await Assertions.Expect(owner.Page.Locator(".live-line .badge")).ToHaveTextAsync("failed");
        await Assertions.Expect(owner.Page.Locator(".note-bad")).ToContainTextAsync("LICENCE_REVOKED");
        await Assertions.Expect(owner.Page.Locator("text=Look at it")).ToBeVisibleAsync();
    }
}
