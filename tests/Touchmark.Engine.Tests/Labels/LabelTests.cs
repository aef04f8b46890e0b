using System.Net;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using Touchmark.Engine.Labels;
using Touchmark.Engine.Tests.Gs1;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Evidence.Parts;

namespace Touchmark.Engine.Tests.Labels;

/// <summary>Labels over HTTP, scanned and followed.</summary>
[SupportedOSPlatform("linux")]
public sealed class LabelTests(LabelledPart labelled) : IClassFixture<LabelledPart>
{
    private readonly PrintBench bench = labelled.Bench;
    private readonly PartId part = labelled.Part;

    [Fact]
    public async Task A_parts_label_is_scanned_and_leads_to_its_page()
    {
        using var label = new RenderedPage(await bench.Manufacturer.Http.GetByteArrayAsync(new Uri($"/api/parts/{part}/label.pdf", UriKind.Relative)));
        var link = new Uri(label.Code(1, LabelSheet.Single, 0));

        Assert.Equal($"HTTPS://PARTS.EXAMPLE.COM/01/09520123456788/21/{part.Value}", link.OriginalString);
        Assert.Contains("Bracket", label.Text(), StringComparison.Ordinal);
        using var http = bench.Server.Client();
        using var answer = await http.GetAsync(new Uri(link.PathAndQuery, UriKind.Relative));
        Assert.Equal($"https://parts.example.com/p/{part.Value}", answer.Headers.Location?.OriginalString);
    }

    [Theory]
    [InlineData("https://parts.example.com", "9521234", "HTTPS://PARTS.EXAMPLE.COM/8004/9521234{0}")]
    [InlineData("https://parts.example.com", "", "HTTPS://PARTS.EXAMPLE.COM/P/{0}")]
    [InlineData("https://example.com/parts/", "9521234", "https://example.com/parts/8004/9521234{0}")]
    public async Task A_part_without_a_GTIN_has_a_link_all_the_same(string address, string company, string expected)
    {
        await using var shop = await PrintBench.OpenAsync(arguments: ["--public-url", address, "--company-prefix", company]);
        var bare = (await shop.PrintPartAsync()).PartId;

        using var label = new RenderedPage(await shop.Oem.Http.GetByteArrayAsync(new Uri($"/api/parts/{bare}/label.pdf", UriKind.Relative)));

        var link = label.Code(1, LabelSheet.Single, 0);
        Assert.Equal(string.Format(System.Globalization.CultureInfo.InvariantCulture, expected, bare.Value), link);
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = company.Length == 0 }) { BaseAddress = shop.Server.Address };
        using var answer = await http.GetAsync(new Uri(link[address.TrimEnd('/').Length..], UriKind.Relative));
        Assert.Equal(company.Length == 0 ? HttpStatusCode.OK : HttpStatusCode.TemporaryRedirect, answer.StatusCode);
    }

    [Fact]
    public async Task Many_parts_fill_sheets_and_an_order_that_cannot_be_filled_is_refused_in_words()
    {
        using var stranger = bench.Server.Stranger();
        object Order(string sheet, int skip, params string[] parts) => new { parts, sheet, skip };

        using var answer = await bench.Oem.Http.PostAsJsonAsync("/api/labels", Order("letter", 29, part.Value, part.ToString()));
        using var pages = new RenderedPage(await answer.Content.ReadAsByteArrayAsync());

        Assert.Equal("application/pdf", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(pages.Code(1, LabelSheet.Letter, 29), pages.Code(2, LabelSheet.Letter, 0));
        (await bench.Oem.PostAsync("/api/labels", Order("a3", 0, part.Value))).IsRefused(HttpStatusCode.BadRequest, "SHEET_UNKNOWN");
        (await bench.Oem.PostAsync("/api/labels", Order("a4", 24, part.Value))).IsRefused(HttpStatusCode.BadRequest, "LABEL_COUNT");
        (await bench.Oem.PostAsync("/api/labels", Order("a4", -1, part.Value))).IsRefused(HttpStatusCode.BadRequest, "LABEL_COUNT");
        (await bench.Oem.PostAsync("/api/labels", Order("a4", 0))).IsRefused(HttpStatusCode.BadRequest, "LABEL_COUNT");
        (await bench.Oem.PostAsync("/api/labels", Order("a4", 0, [.. Enumerable.Repeat(part.Value, 1001)]))).IsRefused(HttpStatusCode.BadRequest, "LABEL_COUNT");
        (await bench.Oem.PostAsync("/api/labels", Order("a4", 0, part.Value, PartId.Create().Value))).IsRefused(HttpStatusCode.NotFound, "PART_UNKNOWN");
        (await stranger.PostAsync("/api/labels", Order("a4", 0, part.Value))).IsRefused(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task Without_an_address_or_without_fonts_there_are_no_labels()
    {
        await using var homeless = await PrintBench.OpenAsync();
        await using var fontless = await ResolverTests.OpenAsync("--fonts", "/nowhere");

        (await homeless.Oem.GetAsync($"/api/parts/{(await homeless.PrintPartAsync()).PartId}/label.pdf")).IsRefused(HttpStatusCode.Conflict, "PUBLIC_URL_MISSING");
        (await fontless.Oem.GetAsync($"/api/parts/{(await fontless.PrintPartAsync()).PartId}/label.pdf")).IsRefused(HttpStatusCode.ServiceUnavailable, "LABEL_FONTS_MISSING");
    }
}
