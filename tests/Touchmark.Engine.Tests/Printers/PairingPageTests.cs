using System.Net.ServerSentEvents;
using System.Runtime.Versioning;
using System.Text.Json;
using System.Text.RegularExpressions;
using Touchmark.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Printers;

/// <summary>The page of a pairing code follows the printer of this code, whatever else is enrolled meanwhile.</summary>
[SupportedOSPlatform("linux")]
public sealed partial class PairingPageTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Of_two_codes_each_page_shows_its_own_printer(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var maker = await server.JoinAsync(Role.Manufacturer, "Maker Hall");
        using var other = await server.JoinAsync(Role.Manufacturer, "Other Hall");
        using var browser = await Browser.OfAsync(server, maker);
        using var elsewhere = await Browser.OfAsync(server, other);
        var (first, second) = (await PairAsync(browser), await PairAsync(browser));
        await using var page = await Page.OpenAsync(browser, first.Live);
        Assert.Equal("Nothing was presented with this code yet.", (await page.NextAsync()).GetProperty("said").GetString());

        var late = await EnrolAsync(server, second.Code, "Second");
        // The page was told that the shop has another printer, and says what it said.
        Assert.Equal(0, (await page.NextAsync()).GetProperty("step").GetInt32());
        var mine = await EnrolAsync(server, first.Code, "First");

        var said = await page.NextAsync();
        Assert.Equal((1, $"/printers/{mine:D}"), (said.GetProperty("step").GetInt32(), said.GetProperty("page").GetString()));
        Assert.StartsWith("First was presented;", said.GetProperty("said").GetString(), StringComparison.Ordinal);
        // Codes are forgotten after ten minutes, and a page that stayed open knows its printer still.
        server.Time.Advance(TimeSpan.FromMinutes(11));
        await EnrolAsync(server, (await PairAsync(browser)).Code, "Third");
        Assert.Equal($"/printers/{mine:D}", await ShownAsync(browser, first.Live));
        Assert.Equal($"/printers/{late:D}", await ShownAsync(browser, second.Live));
        Assert.Null(await ShownAsync(elsewhere, first.Live));
        Assert.Equal(first.Live.Split('=')[1], (await maker.GetAsync($"/api/printers/{mine:D}")).IsGood()["pairing_id"].GetString());
    }

    private static async Task<(string Code, string Live)> PairAsync(Browser browser)
    {
        using var answer = await browser.SubmitAsync("/printers", "/printers/pair");
        var match = Paired().Match(await answer.Content.ReadAsStringAsync());
        return (match.Groups["code"].Value, match.Groups["live"].Value);
    }

    private static async Task<Guid> EnrolAsync(ServerFactory server, string code, string name)
    {
        using var device = P256PrivateKey.Generate();
        using var gateway = server.Stranger();
        return (await gateway.PostAsync("/api/enrolments", new Dictionary<string, object?>(Gateways.Enrolment(device, code)) { ["name"] = name })).IsGood()["printer_id"].GetGuid();
    }

    private static async Task<string?> ShownAsync(Browser browser, string live)
    {
        await using var page = await Page.OpenAsync(browser, live);
        return (await page.NextAsync()).TryGetProperty("page", out var shown) ? shown.GetString() : null;
    }

    [GeneratedRegex("pairing-code code\">(?<code>[0-9A-Z-]{19})<.*data-pairing=\"(?<live>[^\"]+)\"", RegexOptions.ExplicitCapture | RegexOptions.Singleline, 1000)]
    private static partial Regex Paired();

    private sealed class Page : IAsyncDisposable
    {
        private readonly Stream stream;
        private readonly IAsyncEnumerator<SseItem<string>> events;

        private Page(Stream stream) => (this.stream, events) = (stream, SseParser.Create(stream).EnumerateAsync().GetAsyncEnumerator());

        public static async Task<Page> OpenAsync(Browser browser, string live) => new(await browser.StreamAsync(live));

        public async Task<JsonElement> NextAsync()
        {
            Assert.True(await events.MoveNextAsync());
            using var told = JsonDocument.Parse(events.Current.Data);
            return told.RootElement.Clone();
        }

        public async ValueTask DisposeAsync()
        {
            await events.DisposeAsync();
            await stream.DisposeAsync();
        }
    }
}
