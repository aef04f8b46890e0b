using System.Runtime.Versioning;
using Microsoft.Playwright;

namespace Touchmark.Browser.Tests.RealParts;

/// <summary>What becomes of a part that was printed: it changes hands by its label, and an auditor looks at its record.</summary>
[Collection(nameof(RealEngine))]
[SupportedOSPlatform("linux")]
public sealed class PartTests(Chromium chromium, RealEngine real)
{
    [Fact]
    public async Task Hand_over()
    {
        var part = (await real.PartAsync()).Replace("-", "", StringComparison.Ordinal);
        await using var maker = await real.EnterAsync(chromium, "maker", "desktop");
        await maker.GoAsync($"/parts/{part}");
        await maker.Page.SelectOptionAsync("select[name=role]", "manufacturer");
        await maker.Page.ClickAsync("button:has-text('Make an invitation')");
        var invitation = await maker.Page.Locator(".pairing-code").InnerTextAsync();
        await CustodyPageTests.MakeKeyAsync(maker);
        await maker.GoAsync($"/custody/{part}");
        await maker.Page.ClickAsync("[data-act=enrol] > summary");
        await maker.Page.SelectOptionAsync("#role", "manufacturer");
        await maker.Page.FillAsync("#region", "DE");
        await maker.Page.FillAsync("#invitation", invitation);
        await maker.Page.ClickAsync("[data-act=enrol] button");
        await CustodyPageTests.SaidAsync(maker, "You are one of its custodians");
        await maker.Page.ClickAsync("[data-act=manufactured] button");
        await CustodyPageTests.SaidAsync(maker, "It is signed and entered: manufactured");

        // The clinic has no account; what it has is the part with its label.
        await using var clinic = await real.OpenAsync(chromium, "phone");
        await CustodyPageTests.MakeKeyAsync(clinic);
        await clinic.GiveAsync("label.png", FindingPartsTests.Picture($"{real.World.Engine}/p/{part}"));
        await clinic.Page.WaitForURLAsync($"**/custody/{part}");
        await CustodyPageTests.DoAsync(maker, "transferred", ("to", await CustodyPageTests.PseudonymAsync(clinic)), ("note", "Sold."));
        await clinic.Page.ReloadAsync();
        await clinic.Page.FillAsync("#region", "FR");
        await clinic.Page.ClickAsync("[data-act=enrol] button");
        await CustodyPageTests.SaidAsync(clinic, "You are one of its custodians");
        await clinic.Page.ClickAsync("[data-act=received] button");
        await CustodyPageTests.SaidAsync(clinic, "signed and entered: received");
        await CustodyPageTests.DoAsync(clinic, "installed", ("into", "Scanner 4"));
        await clinic.FitsAsync();
        await clinic.KeepAsync("real-custody");

        await clinic.GoAsync($"/p/{part}");
        Assert.Equal("valid", await clinic.VerdictAsync());
        await Assertions.Expect(clinic.Page.Locator("main")).ToContainTextAsync("Scanner 4");
    }

    [Fact]
    public async Task Review()
    {
        var part = (await real.PartAsync()).Replace("-", "", StringComparison.Ordinal);
        await using var auditor = await real.EnterAsync(chromium, "auditor", "desktop");
        await auditor.GoAsync($"/search?q={part}");
        await auditor.Page.Locator($"main a[href='/parts/{part}']").First.ClickAsync();
        var entry = await auditor.Page.Locator("tr:has-text('print certificate') td").Nth(1).InnerTextAsync();
        await auditor.FitsAsync();
        await auditor.KeepAsync("real-part");
        await auditor.GoAsync("/log");
        await auditor.Page.FillAsync("main form input", entry);
        await auditor.Page.ClickAsync("button:has-text('Find')");
        await Assertions.Expect(auditor.Page.Locator("#log-entry")).ToHaveAttributeAsync("data-verdict", "valid");
        await auditor.BackAsync("Log");
        await auditor.GoAsync("/audit");
        await Assertions.Expect(auditor.Page.Locator("tbody")).ToContainTextAsync("maker@example.com");
        await auditor.GoAsync($"/parts/{part}");
        await auditor.Page.ClickAsync("text=Check it in this browser");
        Assert.Equal("valid", await auditor.VerdictAsync());
        await auditor.KeepAsync("real-review");
    }
}
