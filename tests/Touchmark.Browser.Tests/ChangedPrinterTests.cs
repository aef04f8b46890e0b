using System.Runtime.Versioning;
using Microsoft.Playwright;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Streaming;

namespace Touchmark.Browser.Tests;

/// <summary>A repaired machine, read and accepted in a browser by the owner whose designs it prints.</summary>
[SupportedOSPlatform("linux")]
public sealed class ChangedPrinterTests(Chromium chromium)
{
    private static readonly MachineProfile Repaired = Gateways.Profile("usb-Klipper_stm32f446xx_2A003100055030") with
    {
        Firmware = "v0.14.0-12", FurtherMcus = ["toolhead 1f2e3d4c5b6a"], Limits = Gateways.Profile().Limits with { MaxNozzleC = 300 },
    };

    [Theory]
    [InlineData("desktop")]
    [InlineData("phone")]
    public async Task It_is_read_on_every_screen_and_accepted_by_holding(string device)
    {
        await using var bench = await PrintBench.OpenAsync();
        bench.Server.Time.Advance(TimeSpan.FromSeconds(1));
        (await bench.Server.PresentAsync(bench.Device, bench.PrinterId, Repaired)).IsGood();
        await using var reader = await Portal.SignedInAsync(chromium.Browser, bench.Server, bench.Oem, device == "phone" ? Device.Phone : Device.Desktop);
        await reader.Page.ClickAsync("text=was presented as changed");
        var accept = reader.Page.Locator("button:has-text('Accept this machine')");
        foreach (var theme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await reader.Page.EmulateMediaAsync(new() { ColorScheme = theme });
            await reader.FitsAsync();
            Assert.Empty(await AccessibilityTests.JudgeAsync(reader));
            await reader.KeepAsync($"printer-changed-{theme}");
        }

        // A plain press is not enough.
        await accept.ClickAsync();
        await Assertions.Expect(reader.Page.Locator("button:has-text('Hold to accept')")).ToBeVisibleAsync();
        await reader.Page.Locator("button[data-hold='Hold to accept']").HoverAsync();
        await reader.Page.Mouse.DownAsync();
        await Assertions.Expect(reader.Page.Locator("main")).ToContainTextAsync("Owner accepted it,");
        await reader.Page.Mouse.UpAsync();
        await reader.FitsAsync();
        await reader.KeepAsync("printer-changed-accepted");
    }

    [Theory]
    [InlineData("desktop")]
    [InlineData("phone")]
    public async Task The_shop_reads_on_its_printers_page_what_it_waits_for(string device)
    {
        await using var bench = await PrintBench.OpenAsync();
        bench.Server.Time.Advance(TimeSpan.FromSeconds(1));
        (await bench.Server.PresentAsync(bench.Device, bench.PrinterId, Repaired)).IsGood();
        await using var reader = await Portal.SignedInAsync(chromium.Browser, bench.Server, bench.Manufacturer, device == "phone" ? Device.Phone : Device.Desktop);

        await reader.GoAsync($"/printers/{bench.PrinterId:D}");
        await Assertions.Expect(reader.Page.Locator("#change")).ToContainTextAsync("Nobody accepts a machine of their own shop.");
        await reader.FitsAsync();
        await reader.KeepAsync("printer-changed-shop");
    }
}
