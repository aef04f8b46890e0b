using System.Runtime.Versioning;
using Microsoft.Playwright;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Designs;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Browser.Tests;

/// <summary>The portal in a browser: what an owner and a shop do all day.</summary>
[SupportedOSPlatform("linux")]
public sealed class PortalTests(Chromium chromium)
{
    public static TheoryData<string> Devices => ["desktop", "phone"];

    [Theory]
    [MemberData(nameof(Devices))]
    public async Task An_owner_uploads_a_design_licenses_it_and_takes_the_licence_back(string device)
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        await using var reader = await SignedInAsync(server, oem, device);

        await reader.Page.ClickAsync("text=Upload your first design");
        await reader.Page.SetInputFilesAsync("input[name=file]", new FilePayload { Name = "hinge.stl", MimeType = "model/stl", Buffer = Models.BinaryStl() });
        Assert.Equal("hinge", await reader.Page.InputValueAsync("input[name=name]"));
        await reader.KeepAsync("portal-upload");
        await reader.Page.ClickAsync("button:has-text('Upload')");
        await Assertions.Expect(reader.Page.Locator("h1")).ToHaveTextAsync("hinge");
        await Assertions.Expect(reader.Page.Locator("time").First).Not.ToContainTextAsync("UTC");
        await reader.KeepAsync("portal-design");

        await reader.Page.ClickAsync("text=License it");
        await reader.Page.CheckAsync("text=Maker Hall");
        await reader.Page.CheckAsync("text=PLA");
        await reader.Page.FillAsync("input[name=prints]", "several");
        await reader.Page.ClickAsync("button:has-text('Grant')");
        await Assertions.Expect(reader.Page.Locator("[role=alert]")).ToContainTextAsync("is not a whole number");
        Assert.True(await reader.Page.IsCheckedAsync("text=PLA"));
        await reader.KeepAsync("portal-licence-refused");
        await reader.Page.FillAsync("input[name=prints]", "3");
        await reader.Page.ClickAsync("button:has-text('Grant')");
        await Assertions.Expect(reader.Page.Locator("h1")).ToHaveTextAsync("Licence for hinge");
        await reader.FitsAsync();
        await reader.KeepAsync("portal-licence");

        await reader.Page.FillAsync("input[name=reason]", "A crack was found");
        var revoke = reader.Page.Locator("button:has-text('Revoke')");
        await revoke.ClickAsync();
        await Assertions.Expect(reader.Page.Locator("button.danger")).ToHaveTextAsync("Hold to revoke");
        await reader.Page.Locator("button.danger").ClickAsync(new() { Delay = 1500 });
        await Assertions.Expect(reader.Page.Locator(".badge").First).ToHaveTextAsync("revoked");
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public async Task A_shop_orders_a_print_watches_it_wait_and_stops_it(string device)
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        (await oem.GrantAsync(await oem.NewDesignAsync(), maker)).IsGood();
        await server.EnrolPrinterAsync(maker);
        await using var reader = await SignedInAsync(server, maker, device);
        await reader.KeepAsync("portal-overview");

        await reader.GoAsync("/printers");
        await reader.KeepAsync("portal-printers");
        await reader.Page.ClickAsync("button:has-text('Enrol a printer')");
        await Assertions.Expect(reader.Page.Locator(".pairing-code")).ToBeVisibleAsync();
        await reader.FitsAsync();
        await reader.KeepAsync("portal-pairing");

        await reader.GoAsync("/catalogue");
        await reader.KeepAsync("portal-catalogue");
        await reader.Page.ClickAsync(".tiles a");
        await reader.FitsAsync();
        await reader.KeepAsync("portal-print");
        await reader.Page.ClickAsync("button:has-text('Print it')");

        // The page itself does not move: its stream of events says that the slicer is done and the printer is away.
        await Assertions.Expect(reader.Page.Locator("[aria-current=step]")).ToHaveTextAsync("Waiting for the printer");
        var address = reader.Page.Url;
        await reader.KeepAsync("portal-job");
        await reader.Page.Locator("button:has-text('Stop this print')").ClickAsync(new() { Delay = 1500 });
        await Assertions.Expect(reader.Page.Locator(".live-line .badge")).ToHaveTextAsync("cancelled");
        Assert.Equal(address, reader.Page.Url);
        await reader.FitsAsync();
        await reader.GoAsync("/jobs");
        await reader.FitsAsync();
        await reader.KeepAsync("portal-jobs");
    }

    [Fact]
    public async Task The_portal_works_by_keys_alone_and_dangerous_buttons_are_held()
    {
        await using var server = await ServerFactory.StartAsync();
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        var printer = await server.EnrolPrinterAsync(maker);
        await using var reader = await SignedInAsync(server, maker, "desktop");

        await reader.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to the content", await reader.Page.EvaluateAsync<string>("document.activeElement.textContent"));
        await reader.GoAsync($"/printers/{printer:D}");
        await reader.Page.FocusAsync("button.danger");
        await reader.Page.Keyboard.DownAsync("Enter");
        await Assertions.Expect(reader.Page.Locator(".live-line .badge")).ToHaveTextAsync("revoked");
        await reader.Page.Keyboard.UpAsync("Enter");
    }

    private Task<Reader> SignedInAsync(ServerFactory server, Person person, string device) => Portal.SignedInAsync(chromium.Browser, server, person, device == "phone" ? Device.Phone : Device.Desktop);
}
