using System.Runtime.Versioning;
using Microsoft.Playwright;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;

namespace Touchmark.Browser.Tests;

/// <summary>A part is checked in its reader's own browser, on a desk and on a phone.</summary>
[SupportedOSPlatform("linux")]
public sealed class PartPageTests(Chromium chromium)
{
    public static TheoryData<string> Devices => ["desktop", "phone"];

    [Theory]
    [MemberData(nameof(Devices))]
    public async Task A_genuine_part_is_verified_step_by_step_in_the_browser(string device)
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = await bench.PrintPartAsync();
        await using var reader = await Reader.OpenAsync(chromium, bench.Server, DeviceOf(device));

        await reader.GoAsync("/verify");
        await reader.KeepAsync("verify");
        await reader.FitsAsync();
        await reader.Page.FillAsync("#part", part.PartId.ToString().ToLowerInvariant().Replace('-', ' '));
        await reader.Page.ClickAsync("button:has-text('Check')");

        Assert.Equal("valid", await reader.VerdictAsync());
        foreach (var step in new[] { "file", "certificate", "licence", "machine", "toolpath", "history" })
        {
            Assert.Equal("passed", await reader.StateAsync(step));
        }

        await reader.KeepAsync("part");
        await reader.FitsAsync();
        await reader.Page.ClickAsync("[data-step=licence] summary:has-text('The signed statement')");
        Assert.Contains("licence_id", await reader.Page.Locator("[data-step=licence] .fields").First.InnerTextAsync());
        await reader.Page.ClickAsync("[data-step=licence] summary:has-text('one by one')");
        await reader.Page.ClickAsync("[data-step=licence] summary:has-text('hexadecimal')");
        Assert.Contains("000000  d2 84 58", await reader.Page.Locator("[data-step=licence] pre").InnerTextAsync());
        await reader.KeepAsync("part-statement");
        await reader.FitsAsync();
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public async Task An_altered_byte_is_told_with_what_it_means_and_what_to_do(string device)
    {
        await using var bench = await PrintBench.OpenAsync();
        var file = await EvidenceAsync(bench, (await bench.PrintPartAsync()).PartId.Value);
        file[file.AsSpan().IndexOf("Bracket"u8)] ^= 1;
        await using var reader = await Reader.OpenAsync(chromium, bench.Server, DeviceOf(device));

        await reader.GoAsync("/verify");
        await reader.GiveAsync("bracket.touchmark", file);

        Assert.Equal("invalid", await reader.VerdictAsync());
        Assert.Equal("Do not rely on this record", await reader.Headline.InnerTextAsync());
        Assert.Contains("Somebody changed the certificate", await reader.Page.Locator("[data-step=certificate]").InnerTextAsync());
        Assert.Contains("Do not use the part", await reader.Page.Locator(".headline .todo").InnerTextAsync());
        Assert.Equal(0, await reader.Page.Locator("h2:text-is('What the record says')").CountAsync());
        await reader.KeepAsync("altered");
        await reader.FitsAsync();
    }

    [Fact]
    public async Task A_file_that_is_no_evidence_says_so_and_the_page_goes_on()
    {
        await using var bench = await PrintBench.OpenAsync();
        var file = await EvidenceAsync(bench, (await bench.PrintPartAsync()).PartId.Value);
        await using var reader = await Reader.OpenAsync(chromium, bench.Server, Device.Desktop);

        await reader.GoAsync("/verify");
        await reader.GiveAsync("letter.touchmark", "Dear customer"u8.ToArray());
        Assert.Equal("unreadable", await reader.VerdictAsync());
        Assert.Equal("This is not a record of ours", await reader.Headline.InnerTextAsync());
        await reader.GiveAsync("bracket.touchmark", file);

        await Assertions.Expect(reader.Headline).ToHaveTextAsync("The record is genuine and complete");
    }

    [Fact]
    public async Task A_print_that_was_revoked_is_a_genuine_record_of_no_part()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        (await bench.Oem.PostAsync($"/api/licences/{bench.LicenceId}/revoke", new { reason = "Recalled." })).IsGood();
        await gateway.PrintAsync();
        var certificate = (await bench.FollowAsync(job)).GetProperty("certificate_id").GetGuid();
        await using var reader = await Reader.OpenAsync(chromium, bench.Server, Device.Phone);

        await reader.GoAsync("/verify");
        await reader.GiveAsync("revoked.touchmark", await FileAsync(bench, certificate));

        Assert.Equal("valid", await reader.VerdictAsync());
        Assert.Equal("Genuine record of a print that was not completed", await reader.Headline.InnerTextAsync());
        await reader.KeepAsync("revoked");
    }

    [Fact]
    public async Task A_pinned_trust_file_counts_instead_of_the_keys_of_the_site()
    {
        await using var bench = await PrintBench.OpenAsync();
        var part = await bench.PrintPartAsync();
        await using var other = await ServerFactory.StartAsync(arguments: ["--issuer", "Elsewhere"]);
        using var client = other.Client();
        var foreign = await client.GetByteArrayAsync(new Uri("/api/trust", UriKind.Relative));
        await using var reader = await Reader.OpenAsync(chromium, bench.Server, Device.Desktop);
        await reader.GoAsync($"/p/{part.PartId.Value}");
        Assert.Equal("valid", await reader.VerdictAsync());

        await reader.Page.ClickAsync("summary:has-text('Whose signatures')");
        await reader.Page.SetInputFilesAsync("#trust-file", new FilePayload { Name = "nonsense.json", MimeType = "application/json", Buffer = "{}"u8.ToArray() });
        await Assertions.Expect(reader.Page.Locator(".trust .problem")).ToContainTextAsync("nonsense.json is no trust file");
        await reader.Page.SetInputFilesAsync("#trust-file", new FilePayload { Name = "trust.json", MimeType = "application/json", Buffer = foreign });

        await Assertions.Expect(reader.Headline).ToHaveTextAsync("Signed by somebody you do not know");
        await reader.KeepAsync("untrusted");
        await reader.Page.ReloadAsync();
        await Assertions.Expect(reader.Headline).ToHaveTextAsync("Signed by somebody you do not know");
        await reader.Page.ClickAsync("summary:has-text('Whose signatures')");
        await reader.Page.ClickAsync("button:has-text('own keys again')");
        await Assertions.Expect(reader.Headline).ToHaveTextAsync("The record is genuine and complete");
    }

    internal static Device DeviceOf(string name) => name == "phone" ? Device.Phone : Device.Desktop;

    internal static async Task<byte[]> EvidenceAsync(PrintBench bench, string partId)
    {
        using var client = bench.Server.Client();
        return await client.GetByteArrayAsync(new Uri($"/api/parts/{partId}/evidence", UriKind.Relative));
    }

    private static async Task<byte[]> FileAsync(PrintBench bench, Guid certificate)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/certificates/{certificate}");
        request.Headers.Accept.ParseAdd("application/cbor");
        using var answer = await bench.Manufacturer.Http.SendAsync(request);
        return await answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync();
    }
}
