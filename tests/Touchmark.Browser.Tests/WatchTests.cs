using System.Runtime.Versioning;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Tests.Jobs;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Streaming;

namespace Touchmark.Browser.Tests;

/// <summary>A print that is watched, and the layers of what will be printed.</summary>
[SupportedOSPlatform("linux")]
public sealed class WatchTests(Chromium chromium)
{
    /// <summary>Where the head is, at 60, 60, and where it never was and no line of the grid is.</summary>
    private const string Opacity =
        """
        canvas => {
          const edge = name => Number(canvas.closest('[data-watch]').dataset[name]);
          const [width, depth] = [edge('maxX') - edge('minX'), edge('maxY') - edge('minY')];
          const scale = Math.min((canvas.clientWidth - 24) / width, (canvas.clientHeight - 24) / depth);
          const dense = canvas.width / canvas.clientWidth;
          return [[60, 60], [175, 175]].map(([x, y]) => canvas.getContext('2d').getImageData(
            dense * ((canvas.clientWidth - scale * width) / 2 + scale * (x - edge('minX'))), dense * ((canvas.clientHeight + scale * depth) / 2 - scale * (y - edge('minY'))), 1, 1).data[3]);
        }
        """;

    [Fact]
    public async Task The_head_is_drawn_where_telemetry_says_that_it_is()
    {
        await using var shop = await PrintShop.OpenAsync();
        var job = (await shop.OrderAsync()).IsGood().Id;
        await shop.UntilAsync(job, "waiting");
        var feed = shop.Server.Services.GetRequiredService<JobFeed>();
        await shop.Server.Services.GetRequiredService<JobStore>().AdvanceAsync(job, JobState.Streaming, default);
        foreach (var device in new[] { Device.Desktop, Device.Phone })
        {
            // The owner of the design, far from the printer.
            await using var reader = await Portal.SignedInAsync(chromium.Browser, shop.Server, shop.Oem, device);
            await reader.GoAsync($"/jobs/{job:D}");
            foreach (var (x, y) in new[] { (20.0, 20.0), (120, 20), (120, 90), (60, 60) })
            {
                feed.Report(job, Progress(x, y));
                await Assertions.Expect(reader.Page.Locator("[data-watch-where-said]")).ToHaveTextAsync(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"X {x:0.0}, Y {y:0.0}, Z 0.30 mm"));
            }

            await Assertions.Expect(reader.Page.Locator("[data-watch-heat-said]")).ToHaveTextAsync("Since this page was opened: nozzle 214.8 to 214.8 °C, bed 60.1 to 60.1 °C.");
            await Assertions.Expect(reader.Page.Locator("[data-bind='session.alerts']")).ToHaveTextAsync("1");
            var opacity = await reader.Page.Locator("[data-watch-bed]").EvaluateAsync<int[]>(Opacity);
            Assert.Equal([255, 0], opacity);
            await reader.FitsAsync();
            await reader.KeepAsync("watch");
        }
    }

    [Theory]
    [InlineData("desktop")]
    [InlineData("phone")]
    public async Task A_print_that_is_revoked_while_it_is_watched_comes_to_rest_and_has_failed_then(string device)
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        await using var reader = await Portal.SignedInAsync(chromium.Browser, bench.Server, bench.Manufacturer, device == "phone" ? Device.Phone : Device.Desktop);
        await reader.GoAsync($"/jobs/{job:D}");
        var badge = reader.Page.Locator("[data-live] .badge, main .panel .badge").First;
        await Assertions.Expect(badge).ToHaveTextAsync("printing");
        var pause = reader.Page.Locator("button:has-text('Pause')");
        await Assertions.Expect(pause).ToBeVisibleAsync();

        (await bench.Oem.PostAsync($"/api/licences/{bench.LicenceId}/revoke", new { reason = "Recalled." })).IsGood();

        await Assertions.Expect(badge).ToHaveTextAsync("coming to rest");
        await Assertions.Expect(reader.Page.Locator("[data-bind=message]")).ToHaveTextAsync("The owner of the design has revoked the licence. The printer is being brought to rest.");
        await Assertions.Expect(pause).ToBeHiddenAsync();
        await Assertions.Expect(reader.Page.Locator("button:has-text('Stop this print')")).ToBeHiddenAsync();
        await reader.FitsAsync();
        await reader.KeepAsync("watch-coming-to-rest");
        await gateway.PrintAsync();
        await Assertions.Expect(badge).ToHaveTextAsync("failed");
        await Assertions.Expect(reader.Page.Locator("main")).ToContainTextAsync("The printer then");
        await reader.FitsAsync();
        await reader.KeepAsync("watch-at-rest");
    }

    [Theory]
    [InlineData("desktop")]
    [InlineData("phone")]
    public async Task A_shop_slices_first_and_looks_through_the_layers_by_keys(string device)
    {
        await using var shop = await PrintShop.OpenAsync(script: null);
        await using var reader = await Portal.SignedInAsync(chromium.Browser, shop.Server, shop.Maker, device == "phone" ? Device.Phone : Device.Desktop);
        await reader.GoAsync($"/catalogue/{shop.LicenceId:D}");
        await reader.Page.ClickAsync("button:has-text('Slice it first')");

        var said = reader.Page.Locator("[data-layer-said]");
        await Assertions.Expect(said).ToContainTextAsync("Layer ");
        await reader.FitsAsync();
        await reader.KeepAsync("slice");
        await reader.Page.FocusAsync("[data-layer-range]");
        await reader.Page.Keyboard.PressAsync("Home");
        await Assertions.Expect(said).ToContainTextAsync("Layer 1 of ");
        Assert.True(await reader.Page.Locator("[data-layer-picture]").EvaluateAsync<bool>("async image => (await image.decode(), image.naturalWidth > 5)"));
        await reader.Page.ClickAsync("button:has-text('Print it')");
        await Assertions.Expect(reader.Page.Locator("[aria-current=step]")).ToHaveTextAsync("Waiting for the printer");
    }

    private static SessionProgress Progress(double x, double y) => new(SessionPhase.Streaming, 40, 12, 10, 600, 150, 1.2, 2.4, new PrinterSample
    {
        EventTime = 100, X = x, Y = y, Z = 0.3, E = 5, NozzleC = 214.8, NozzleTargetC = 215, BedC = 60.1, BedTargetC = 60, Homed = HomedAxes.All,
    }) { Alerts = 1 };
}
