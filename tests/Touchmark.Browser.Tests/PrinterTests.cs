using System.Runtime.Versioning;
using Microsoft.Playwright;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;

namespace Touchmark.Browser.Tests;

/// <summary>A printer's page while the printer comes and goes, and the bed of the one that has printed.</summary>
[SupportedOSPlatform("linux")]
public sealed class PrinterTests(Chromium chromium)
{
    [Fact]
    public async Task A_printer_that_disappears_while_its_page_is_open_says_so_without_a_reload()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var reader = await SignedInAsync(bench, Device.Desktop);
        await reader.GoAsync($"/printers/{bench.PrinterId:D}");
        await reader.Page.EvaluateAsync("window.isTheSamePage = true");
        var badge = reader.Page.Locator("[data-live-printer] .badge");
        await Assertions.Expect(badge).ToHaveTextAsync("not connected");

        await using (await bench.ConnectAsync())
        {
            await Assertions.Expect(badge).ToHaveTextAsync("ready");
        }

        await Assertions.Expect(badge).ToHaveTextAsync("not connected");
        Assert.True(await reader.Page.EvaluateAsync<bool>("window.isTheSamePage"));
    }

    [Fact]
    public async Task A_print_that_waits_for_its_bed_gets_the_button_without_a_reload()
    {
        await using var bench = await PrintBench.OpenAsync();
        await bench.PrintPartAsync();
        var job = await bench.OrderAsync();
        await using var reader = await SignedInAsync(bench, Device.Phone);
        await reader.GoAsync($"/jobs/{job:D}");
        var button = reader.Page.Locator("button:has-text('The bed is clear')");
        await Assertions.Expect(button).ToBeHiddenAsync();

        await using var gateway = await bench.ConnectAsync();
        await Assertions.Expect(button).ToBeVisibleAsync();
        await reader.FitsAsync();
        await reader.KeepAsync("printer-bed");
        await button.ClickAsync();

        await Assertions.Expect(reader.Page.Locator("[aria-current=step]")).ToHaveTextAsync("Checking the printer");
    }

    [Theory]
    [InlineData("desktop")]
    [InlineData("phone")]
    public async Task A_printers_page_and_the_analytics_fit_the_screen(string device)
    {
        await using var bench = await PrintBench.OpenAsync();
        var job = (await bench.PrintPartAsync()).JobId;
        await using (var work = await bench.Server.Database.BeginAsync(default))
        {
            await PrinterDrift.KeepAsync(work, job, bench.PrinterId, [new("homing", 14.6, 14, 1, "s"), new("heating the nozzle from 60 to 120 °C", 9.2, 7.5, 1.5, "s")], bench.Server.Time.GetUtcNow(), default);
            await work.CommitAsync(default);
        }

        (await bench.Manufacturer.PostAsync($"/api/printers/{bench.PrinterId:D}/notes", new { words = "New nozzle <0.4 mm>\nقوس 🙂" })).IsGood();
        await bench.OrderAsync();
        await using var reader = await SignedInAsync(bench, device == "phone" ? Device.Phone : Device.Desktop);

        await reader.GoAsync($"/printers/{bench.PrinterId:D}");
        await reader.FitsAsync();
        await reader.KeepAsync("printer");
        await reader.GoAsync("/analytics?weeks=13");
        await reader.FitsAsync();
        await reader.KeepAsync("analytics");
    }

    private async Task<Reader> SignedInAsync(PrintBench bench, Device device)
    {
        var reader = await Reader.OpenAsync(chromium, bench.Server, device);
        await reader.GoAsync("/sign-in");
        await reader.Page.FillAsync("input[name=email]", bench.Manufacturer.Email);
        await reader.Page.FillAsync("input[name=password]", Person.Password);
        await reader.Page.ClickAsync("main button");
        await Assertions.Expect(reader.Page.Locator("h1")).ToContainTextAsync("Good day");
        return reader;
    }
}
