using System.Runtime.Versioning;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Engine.Recalls;
using Touchmark.Engine.Tests.Custody;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Evidence.Documents;

namespace Touchmark.Browser.Tests;

/// <summary>What happened to a part, as its reader is shown it.</summary>
[SupportedOSPlatform("linux")]
public sealed class HistoryTests(Chromium chromium)
{
    [Theory]
    [MemberData(nameof(PartPageTests.Devices), MemberType = typeof(PartPageTests))]
    public async Task The_history_of_a_part_is_replayed_from_its_maker_to_whoever_has_it(string device)
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        using var maker = await bench.Manufacturer.ManufactureAsync(bench.Server, part);
        using var dealer = await maker.PassOnAsync(bench.Server, part, CustodianRole.Dealer, "DE");
        using var clinic = await dealer.PassOnAsync(bench.Server, part);
        (await clinic.SayAsync(CustodyEventKind.Inspected, outcome: InspectionOutcome.Passed)).IsGood();
        (await clinic.SayAsync(CustodyEventKind.Installed, into: "Scanner 4, gantry")).IsGood();
        await using var reader = await Reader.OpenAsync(chromium, bench.Server, PartPageTests.DeviceOf(device));

        await reader.GoAsync($"/p/{part.Value}");

        Assert.Equal("valid", await reader.VerdictAsync());
        Assert.Equal(("passed", "passed"), (await reader.StateAsync("history"), await reader.StateAsync("log")));
        var titles = await reader.Page.Locator(".history h3").AllInnerTextsAsync();
        Assert.Equal(["Manufactured", $"Offered to {dealer.Pseudonym}", "Received", $"Offered to {clinic.Pseudonym}", "Received", "Inspected: passed", "Installed into Scanner 4, gantry"], titles);
        var record = await reader.Page.InnerTextAsync(".record");
        Assert.Contains($"owner, FR · {clinic.Pseudonym}", record);
        Assert.Contains("Scanner 4, gantry", record);
        await reader.KeepAsync("history");
        await reader.FitsAsync();
    }

    [Fact]
    public async Task Twenty_events_of_ten_holders_are_verified_with_every_signature()
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = (await bench.PrintPartAsync()).PartId;
        var holders = new List<Custodian> { await bench.Manufacturer.ManufactureAsync(bench.Server, part) };
        while (holders.Count < 10)
        {
            holders.Add(await holders[^1].PassOnAsync(bench.Server, part));
        }

        (await holders[^1].SayAsync(CustodyEventKind.Installed, into: "Rig 7")).IsGood();
        holders.ForEach(holder => holder.Dispose());
        await using var reader = await Reader.OpenAsync(chromium, bench.Server, Device.Desktop);

        await reader.GoAsync($"/p/{part.Value}");

        Assert.Equal("valid", await reader.VerdictAsync());
        Assert.Equal(20, await reader.Page.Locator(".history > li").CountAsync());
        Assert.Contains("on 34 signed statements", await reader.Page.InnerTextAsync(".result > .note"));
        // The picture shows how long it took.
        await reader.KeepAsync("twenty-events");
    }

    [Fact]
    public async Task A_recalled_part_is_genuine_and_not_to_be_used()
    {
        await using var bench = await PrintBench.OpenAsync();
        var (part, unentered) = ((await bench.PrintPartAsync()).PartId, (await bench.PrintPartAsync()).PartId);
        using var maker = await bench.Manufacturer.ManufactureAsync(bench.Server, part);
        using var clinic = await maker.PassOnAsync(bench.Server, part);
        (await bench.Oem.PostAsync("/api/recalls", new { reason = "The material may be brittle: take the part out of use.", licence_id = bench.LicenceId })).IsGood();
        await bench.Server.Services.GetRequiredService<RecallRunner>().CarryOutAsync(default);
        await using var reader = await Reader.OpenAsync(chromium, bench.Server, Device.Phone);

        await reader.GoAsync($"/p/{part.Value}");
        Assert.Equal("valid", await reader.VerdictAsync());
        Assert.Equal("Recalled: do not use it", await reader.Headline.InnerTextAsync());
        Assert.Contains("take the part out of use", await reader.Page.InnerTextAsync(".headline"));
        await reader.KeepAsync("recalled");

        // Nobody has entered this one, so that its history cannot say that it was recalled: the recall alone says so.
        await reader.GoAsync($"/p/{unentered.Value}");
        await reader.VerdictAsync();
        Assert.Equal("Recalled: do not use it", await reader.Headline.InnerTextAsync());
        Assert.Contains("take the part out of use", await reader.Page.InnerTextAsync(".headline"));
    }
}
