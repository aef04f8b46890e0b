using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Touchmark.Acceptance;

namespace Touchmark.Browser.Tests.RealParts;

/// <summary>What a print shop does: enrol, browse, slice, print.</summary>
[Collection(nameof(RealEngine))]
[SupportedOSPlatform("linux")]
public sealed partial class ShopTests(Chromium chromium, RealEngine real)
{
    [Theory]
    [MemberData(nameof(RealEngine.Devices), MemberType = typeof(RealEngine))]
    public async Task Enrol(string device)
    {
        var name = $"Printer of a {device}";
        await using var bench = new World();
        await bench.StartPrinterAsync(more: ["--speed", RealEngine.Speed]);
        await using var maker = await real.EnterAsync(chromium, "maker", device);
        await maker.GoAsync("/printers");
        await maker.Page.ClickAsync("button:has-text('Enrol a printer')");
        await maker.FitsAsync();

        // What the page says is what is run beside the printer.
        var command = Words().Matches(await maker.Page.Locator("pre code").First.InnerTextAsync()).Select(word => word.Value.Trim('"')).ToList();
        Assert.Equal("touchmark-gateway", command[0]);
        command[command.IndexOf("--printer") + 1] = bench.Printer;
        command[command.IndexOf("--name") + 1] = name;
        var step = maker.Page.Locator("[data-pairing] [aria-current=step]");
        await Assertions.Expect(step).ToHaveTextAsync("Presenting the printer");
        var ran = await bench.GatewayAsync([.. command.Skip(1), "--repeats", "2"]);
        Assert.True(ran.ExitCode == 0, ran.Output + ran.Errors);
        await Assertions.Expect(step).ToHaveTextAsync("Connecting its gateway");
        await Assertions.Expect(maker.Page.Locator("[data-pairing-said]")).ToContainTextAsync($"{name} was presented; measured were homing");
        await maker.FitsAsync();
        await maker.KeepAsync("real-pairing");
        await bench.StartGatewayAsync();
        await Assertions.Expect(maker.Page.Locator("[data-pairing-said]")).ToHaveTextAsync($"{name} is connected.");

        await maker.Page.ClickAsync("text=Look at the printer");
        await maker.BackAsync("Printers");
        await maker.Page.ClickAsync($"a:has-text('{name}')");
        await maker.Page.EvaluateAsync("window.isTheSamePage = true");
        var badge = maker.Page.Locator("[data-live-printer] .badge");
        await Assertions.Expect(badge).ToHaveTextAsync("ready");
        await maker.FitsAsync();
        await maker.KeepAsync("real-enrol");

        // The computer beside the printer loses its power.
        await bench.StopAsync("gateway", crash: true);
        await Assertions.Expect(badge).ToHaveTextAsync("not connected");
        Assert.True(await maker.Page.EvaluateAsync<bool>("window.isTheSamePage"));
    }

    [Theory]
    [MemberData(nameof(RealEngine.Devices), MemberType = typeof(RealEngine))]
    public async Task Browse(string device)
    {
        var (fits, large) = (await real.LicenseAsync(3, 10, 10, 2), await real.LicenseAsync(3, 400, 20, 5));
        await using var maker = await real.EnterAsync(chromium, "maker", device);
        await maker.GoAsync("/catalogue");
        await maker.FitsAsync();
        await maker.KeepAsync("real-browse");
        await maker.Page.ClickAsync($"a[href='/catalogue/{fits}']");
        await Assertions.Expect(maker.Page.Locator("label:has-text('Bench printer') input")).ToBeCheckedAsync();
        await Assertions.Expect(maker.Page.Locator("dt:has-text('Prints left') + dd")).ToHaveTextAsync("3 of 3");
        await Assertions.Expect(maker.Page.Locator("button:has-text('Print it')")).ToBeEnabledAsync();

        await maker.BackAsync("Catalogue");
        await maker.Page.ClickAsync($"a[href='/catalogue/{large}']");
        await Assertions.Expect(maker.Page.Locator("label:has-text('Bench printer') .why")).ToContainTextAsync("The part measures 400 × 20 × 5 mm, this printer takes");
        await Assertions.Expect(maker.Page.Locator("button:has-text('Print it')")).ToBeDisabledAsync();
        await maker.FitsAsync();
        await maker.KeepAsync("real-browse-large");
    }

    [Fact]
    public async Task Slice_by_keys_alone()
    {
        var licence = await real.LicenseAsync(1, 20, 20, 3);
        await using var maker = await real.EnterAsync(chromium, "maker", "desktop");
        await maker.TabToAsync("nav a[href='/catalogue']");
        await maker.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(maker.Page.Locator("h1")).ToHaveTextAsync("Catalogue");
        await maker.TabToAsync($"a[href='/catalogue/{licence}']");
        await maker.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(maker.Page.Locator("h1")).ToHaveTextAsync("Print Bracket");
        await maker.TabToAsync("button[formaction]");
        await maker.Page.Keyboard.PressAsync("Enter");

        var said = maker.Page.Locator("[data-layer-said]");
        await Assertions.Expect(said).ToContainTextAsync("Layer ");
        await maker.TabToAsync("[data-layer-range]");
        await maker.Page.Keyboard.PressAsync("Home");
        await Assertions.Expect(said).ToContainTextAsync("Layer 1 of ");
        await maker.Page.Keyboard.PressAsync("ArrowRight");
        await Assertions.Expect(said).ToContainTextAsync("Layer 2 of ");
        await maker.KeepAsync("real-slice");
        Assert.Equal(0, (await real.LicenceAsync(licence)).GetProperty("taken").GetInt32());

        await maker.BackAsync("Print Bracket");
    }

    [Theory]
    [MemberData(nameof(RealEngine.Devices), MemberType = typeof(RealEngine))]
    public async Task Print(string device)
    {
        var licence = await real.LicenseAsync(2, 10, 10, 1);
        await real.ClearBedAsync();
        await using var maker = await real.EnterAsync(chromium, "maker", device);
        await maker.GoAsync($"/catalogue/{licence}");
        await maker.Page.SelectOptionAsync("select[name=quality]", "draft");
        await maker.Page.FillAsync("input[name=lot]", "Spool 12/B");
        await maker.Page.Locator("button:has-text('Print it')").DblClickAsync();
        await Assertions.Expect(maker.Page.Locator(".live-line .badge")).ToHaveTextAsync("printed");
        await maker.FitsAsync();
        await maker.KeepAsync("real-printed");

        // Pressed twice, and once more looked at: one print was taken.
        await maker.BackAsync("Print Bracket");
        await Assertions.Expect(maker.Page.Locator("dt:has-text('Prints left') + dd")).ToHaveTextAsync("1 of 2");
        Assert.Equal(1, (await real.LicenceAsync(licence)).GetProperty("taken").GetInt32());
    }

    [Fact]
    public async Task Print_and_stop_by_keys_alone()
    {
        var licence = await real.LicenseLongPrintAsync();
        await real.ClearBedAsync();
        await using var maker = await real.EnterAsync(chromium, "maker", "desktop");
        await maker.GoAsync($"/catalogue/{licence}");
        await maker.TabToAsync("form.card button:not([formaction])");
        await maker.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(maker.Page.Locator("[aria-current=step]")).ToHaveTextAsync("Printing");
        await maker.TabToAsync("button[data-hold='Hold to stop']");
        // A short press says what is wanted, and stops nothing.
        await maker.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(maker.Page.Locator("[aria-current=step]")).ToHaveTextAsync("Printing");
        await maker.Page.Keyboard.DownAsync("Enter");
        await Assertions.Expect(maker.Page.Locator(".live-line .badge")).ToHaveTextAsync("cancelled");
        await maker.Page.Keyboard.UpAsync("Enter");
        await real.World.AssertSafeAsync();
    }

    [Theory]
    [MemberData(nameof(RealEngine.Devices), MemberType = typeof(RealEngine))]
    public async Task Pause_and_go_on(string device)
    {
        var licence = await real.LicenseLongPrintAsync();
        var job = await real.PrintingAsync(licence);
        await using var maker = await real.EnterAsync(chromium, "maker", device);
        await maker.GoAsync($"/jobs/{job}");
        var (badge, message) = (maker.Page.Locator(".live-line .badge"), maker.Page.Locator("[data-bind=message]"));
        var (pause, goOn) = (maker.Page.Locator("button:has-text('Pause')"), maker.Page.Locator("button:has-text('Go on')"));
        await pause.ClickAsync();
        await Assertions.Expect(message).ToHaveTextAsync("paused, the head is raised");
        await Assertions.Expect(badge).ToHaveTextAsync("paused");
        await Assertions.Expect(maker.Page.Locator("p[data-pause=yes]")).ToContainTextAsync("the print is ended at");
        await Assertions.Expect(pause).ToBeHiddenAsync();
        await maker.FitsAsync();
        await maker.KeepAsync("real-paused");
        await goOn.ClickAsync();
        await Assertions.Expect(badge).ToHaveTextAsync("printing");
        await Assertions.Expect(goOn).ToBeHiddenAsync();

        // Said elsewhere, it is on the page that is open.
        await real.World.AskAsync("maker", "job", "pause", job);
        await Assertions.Expect(badge).ToHaveTextAsync("paused");
        await Assertions.Expect(goOn).ToBeVisibleAsync();
        await real.World.AskAsync("maker", "job", "cancel", job);
        await Assertions.Expect(badge).ToHaveTextAsync("cancelled");
        await Assertions.Expect(goOn).ToBeHiddenAsync();
        await real.World.AssertSafeAsync();
    }

    [Fact]
    public async Task Another_shop_sees_nothing_of_a_print_by_its_addresses()
    {
        var licence = await real.LicenseLongPrintAsync();
        var job = await real.PrintingAsync(licence);
        await using var rival = await real.EnterAsync(chromium, "rival", "desktop");
        foreach (var path in new[] { $"/jobs/{job}", $"/jobs/{job}/live", $"/licences/{licence}", $"/catalogue/{licence}", $"/printers/{real.Printer}", $"/printers/{real.Printer}/live" })
        {
            var answer = await rival.Page.GotoAsync(path);
            Assert.Equal(404, answer!.Status);
            Assert.DoesNotContain("Bracket", await answer.TextAsync(), StringComparison.Ordinal);
        }

        foreach (var path in new[] { "/jobs", "/catalogue", "/printers", "/search?q=bracket" })
        {
            await rival.GoAsync(path);
            await Assertions.Expect(rival.Page.Locator("main")).Not.ToContainTextAsync("Bench printer");
        }

        // Nor does it stop what others print.
        await rival.GoAsync("/printers");
        var status = await rival.Page.EvaluateAsync<int>(
            "async path => (await fetch(path, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ __RequestVerificationToken: document.querySelector('[name=__RequestVerificationToken]').value }) })).status", $"/jobs/{job}/stop");
        Assert.Equal(404, status);
        Assert.Equal("done", World.Text(await real.World.FinishAsync(job), "state"));
    }

    [GeneratedRegex("\"[^\"]*\"|[^ \n]+", RegexOptions.None, 1000)]
    private static partial Regex Words();
}
