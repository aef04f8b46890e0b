using System.Runtime.Versioning;
using Microsoft.Playwright;
using QRCoder;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;

namespace Touchmark.Browser.Tests;

/// <summary>How somebody gets to a part: by its id, also with a slip in it, by its code, or not at all.</summary>
[SupportedOSPlatform("linux")]
public sealed class FindingPartsTests(Chromium chromium)
{
    [Fact]
    public async Task A_wrong_check_character_proposes_the_part_that_was_meant()
    {
        await using var bench = await PrintBench.OpenAsync();
        var id = (await bench.PrintPartAsync()).PartId;
        await using var reader = await Reader.OpenAsync(chromium, bench.Server, Device.Phone);

        await reader.GoAsync("/verify");
        await reader.Page.FillAsync("#part", (id.Value[0] == 'A' ? 'B' : 'A') + id.Value[1..]);
        await reader.Page.ClickAsync("button:has-text('Check')");

        Assert.Equal("This part id has a mistake in it", await reader.Headline.InnerTextAsync());
        await reader.KeepAsync("wrong-check-character");
        await reader.Page.ClickAsync(".likely a");
        Assert.Equal("valid", await reader.VerdictAsync());
    }

    [Fact]
    public async Task The_code_on_a_label_leads_to_the_part()
    {
        await using var bench = await PrintBench.OpenAsync();
        var id = (await bench.PrintPartAsync()).PartId.Value;
        await using var reader = await Reader.OpenAsync(chromium, bench.Server, Device.Phone);
        foreach (var link in new[] { $"https://id.gs1.org/01/09506000134352/21/{id}", $"https://parts.example/p/{id}", id })
        {
            await reader.GoAsync("/verify");
            await reader.GiveAsync("label.png", Picture(link));
            await reader.Page.WaitForURLAsync($"**/p/{id}");
            Assert.Equal("valid", await reader.VerdictAsync());
        }
    }

    [Theory]
    [InlineData("https://elsewhere.example/win-a-prize")]
    [InlineData("https://elsewhere.example/01/../../21/x")]
    [InlineData("javascript:alert(1)")]
    [InlineData("WIFI:T:WPA;S:guests;;")]
    public async Task A_code_that_is_not_ours_is_told_so_and_leads_nowhere(string text)
    {
        await using var server = await ServerFactory.StartAsync();
        await using var reader = await Reader.OpenAsync(chromium, server, Device.Desktop);

        await reader.GoAsync("/verify");
        await reader.GiveAsync("poster.png", Picture(text));

        await Assertions.Expect(reader.Headline).ToHaveTextAsync("This code is not one of ours");
        Assert.StartsWith(server.Address.ToString(), reader.Page.Url, StringComparison.Ordinal);
        await reader.KeepAsync("code-not-ours");
    }

    [Fact]
    public async Task A_picture_without_a_code_is_told_so()
    {
        await using var server = await ServerFactory.StartAsync();
        await using var reader = await Reader.OpenAsync(chromium, server, Device.Desktop);

        await reader.GoAsync("/verify");
        await reader.GiveAsync("broken.png", [1, 2, 3]);

        await Assertions.Expect(reader.Headline).ToHaveTextAsync("No code was found");
    }

    [Fact]
    public async Task An_unknown_part_is_told_so()
    {
        await using var server = await ServerFactory.StartAsync();
        await using var reader = await Reader.OpenAsync(chromium, server, Device.Desktop);

        await reader.GoAsync("/p/PPG0A0EV8ZB4ERYQ");

        Assert.Equal("No such part here", await reader.Headline.InnerTextAsync());
    }

    [Fact]
    public async Task Without_scripts_the_server_answers_and_says_that_it_is_its_word_only()
    {
        await using var bench = await PrintBench.OpenAsync();
        var id = (await bench.PrintPartAsync()).PartId;
        var file = await PartPageTests.EvidenceAsync(bench, id.Value);
        await using var reader = await Reader.OpenAsync(chromium, bench.Server, Device.Phone with { Scripts = false });

        await reader.GoAsync("/verify");
        await reader.Page.FillAsync("#part", id.ToString());
        await reader.Page.ClickAsync("button:has-text('Check')");
        await reader.Page.WaitForURLAsync($"**/p/{id.Value}/server");
        Assert.Contains("This is this server's word only", await reader.Page.InnerTextAsync("main"));
        Assert.Equal("valid", await reader.VerdictAsync());
        await reader.KeepAsync("without-scripts");

        file[file.AsSpan().IndexOf("Bracket"u8)] ^= 1;
        await reader.GoAsync("/verify");
        await reader.Page.ClickAsync("summary:has-text('Let the server check')");
        await reader.Page.SetInputFilesAsync("input[name=file]", new FilePayload { Name = "bracket.touchmark", MimeType = "", Buffer = file });
        await reader.Page.ClickAsync("button:has-text('Send it')");

        Assert.Equal("invalid", await reader.VerdictAsync());
        Assert.Contains("This is this server's word only", await reader.Page.InnerTextAsync("main"));
    }

    [Fact]
    public async Task A_closed_deployment_asks_strangers_to_sign_in_and_shows_parts_to_whoever_may_see_them()
    {
        await using var bench = await PrintBench.OpenAsync(arguments: ["--lookup", "closed"]);
        var id = (await bench.PrintPartAsync()).PartId.Value;
        await using var reader = await Reader.OpenAsync(chromium, bench.Server, Device.Desktop);

        foreach (var path in new[] { "/verify", $"/p/{id}", $"/p/{id}/evidence", $"/p/{id}/server" })
        {
            await reader.GoAsync(path);
            Assert.Contains("/sign-in?to=", reader.Page.Url, StringComparison.Ordinal);
        }

        await reader.Page.FillAsync("input[name=email]", bench.Oem.Email);
        await reader.Page.FillAsync("input[name=password]", Person.Password);
        await reader.Page.ClickAsync("button:has-text('Sign in')");
        await reader.GoAsync($"/p/{id}");
        Assert.Equal("valid", await reader.VerdictAsync());
    }

    internal static byte[] Picture(string text)
    {
        using var code = QRCodeGenerator.GenerateQrCode(text, QRCodeGenerator.ECCLevel.M);
        using var picture = new PngByteQRCode(code);
        return picture.GetGraphic(8);
    }
}
