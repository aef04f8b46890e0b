using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Tests.Sessions;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Statements;

namespace Touchmark.Engine.Tests.Gs1;

/// <summary>An engine that knows its address, and a part of a product with a GTIN: made once, for nothing of it changes when links are followed.</summary>
[SupportedOSPlatform("linux")]
public sealed class LabelledPart : IAsyncLifetime
{
    internal PrintBench Bench { get; private set; } = null!;

    internal PartId Part { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Bench = await ResolverTests.OpenAsync();
        Part = await ResolverTests.PrintAsync(Bench);
    }

    public ValueTask DisposeAsync() => Bench.DisposeAsync();
}

/// <summary>Digital Links as GS1's conformant resolver answers them.</summary>
[SupportedOSPlatform("linux")]
public sealed class ResolverTests(LabelledPart labelled) : IClassFixture<LabelledPart>
{
    private const string Root = "https://parts.example.com";
    private const string Gtin = "09520123456788";
    private const string Voc = "https://ref.gs1.org/voc/";

    private readonly PrintBench bench = labelled.Bench;
    private readonly PartId part = labelled.Part;

    [Fact]
    public async Task A_scanned_label_leads_to_the_part()
    {
        foreach (var path in new[] { $"/01/{Gtin}/21/{part.Value}", $"/01/{Gtin}/21/{part.Value}/", $"/01/{Gtin}/21/{part.Value.ToLowerInvariant()}", $"/8004/9521234{part.Value}" })
        {
            using var answer = await AskAsync(bench, path, "text/html,application/xhtml+xml,*/*;q=0.8");
            Assert.Equal((HttpStatusCode.TemporaryRedirect, $"{Root}/p/{part.Value}"), (answer.StatusCode, answer.Headers.Location?.OriginalString));
            Assert.Contains(answer.Headers.GetValues("Link"), link => link.Contains("rel=\"linkset\"", StringComparison.Ordinal));
            Assert.Equal("*", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        }
    }

    [Theory]
    [InlineData("?linkType=gs1:certificationInfo", null, "/api/parts/{0}/evidence")]
    [InlineData("?linkType=gs1:epcis", null, "/api/parts/{0}/epcis")]
    [InlineData("?linkType=https%3A%2F%2Fref.gs1.org%2Fvoc%2Ftraceability", null, "/p/{0}")]
    [InlineData("?linkType=https://gs1.org/voc/pip", null, "/p/{0}")]
    [InlineData("?linkType=gs1:defaultLink", "application/linkset+json", "/p/{0}")]
    [InlineData("", "application/ld+json", "/api/parts/{0}/epcis")]
    [InlineData("", "text/html, application/ld+json;q=0.5", "/p/{0}")]
    [InlineData("", "image/png", "/p/{0}")]
    [InlineData("", null, "/p/{0}")]
    [InlineData("?17=290101&colour=blue%20or&linkType=gs1:verificationService&x", null, "/p/{0}?17=290101&colour=blue%20or&x")]
    [InlineData("?next=https://evil.example//", null, "/p/{0}?next=https://evil.example//")]
    public async Task The_link_that_is_asked_for_is_followed_with_what_else_the_query_says(string query, string? accept, string target)
    {
        using var answer = await AskAsync(bench, $"/01/{Gtin}/21/{part.Value}{query}", accept);

        Assert.Equal((HttpStatusCode.TemporaryRedirect, Root + string.Format(System.Globalization.CultureInfo.InvariantCulture, target, part.Value)), (answer.StatusCode, answer.Headers.Location?.OriginalString));
    }

    [Fact]
    public async Task Every_link_that_is_listed_leads_to_something_of_the_type_that_it_has()
    {
        // Without scripts a page sends on to what the server has to say by itself.
        using var http = new HttpClient { BaseAddress = bench.Server.Address };
        using var answer = await AskAsync(bench, $"/01/{Gtin}/21/{part.Value}?linkType=linkset", null);
        var links = JsonElement.Parse(await answer.Content.ReadAsStringAsync()).GetProperty("linkset").EnumerateArray()
            .SelectMany(context => context.EnumerateObject().Where(member => member.Name.StartsWith(Voc, StringComparison.Ordinal)).Select(member => member.Value[0])).ToList();

        Assert.Equal(8, links.Count);
        foreach (var link in links)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(link.GetProperty("href").GetString()!).PathAndQuery);
            var type = link.TryGetProperty("type", out var named) ? named.GetString()! : request.RequestUri!.OriginalString.EndsWith("/evidence", StringComparison.Ordinal) ? EvidenceFile.MediaType : "text/html";
            using var target = await http.SendAsync(request);
            Assert.True((HttpStatusCode.OK, type) == (target.StatusCode, target.Content.Headers.ContentType?.MediaType), $"{request.RequestUri} is {target.Content.Headers.ContentType}, not {type}.");
        }
    }

    [Theory]
    [InlineData("?linkType=linkset", null, "application/linkset+json")]
    [InlineData("?linkType=all", "text/html", "application/linkset+json")]
    [InlineData("", "application/linkset+json", "application/linkset+json")]
    [InlineData("", "application/json", "application/json")]
    public async Task All_links_are_listed_up_to_the_product(string query, string? accept, string type)
    {
        using var answer = await AskAsync(bench, $"/01/{Gtin}/21/{part.Value.ToLowerInvariant()}{query}", accept);

        Assert.Equal((HttpStatusCode.OK, type), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Contains(answer.Headers.GetValues("Link"), link => link.Contains("rel=\"http://www.w3.org/ns/json-ld#context\"", StringComparison.Ordinal));
        var set = JsonElement.Parse(await answer.Content.ReadAsStringAsync()).GetProperty("linkset");
        Assert.Equal([$"{Root}/01/{Gtin}/21/{part.Value}", $"{Root}/01/{Gtin}"], set.EnumerateArray().Select(context => context.GetProperty("anchor").GetString()!));
        Assert.Equal("Bracket", set[0].GetProperty("description").GetString());
        foreach (var context in set.EnumerateArray())
        {
            // The standard's list: each link has target and title, and a type where there is a registered one; the default has no more than the first two, and leads where a described one leads.
            var groups = context.EnumerateObject().Where(member => member.Name.StartsWith(Voc, StringComparison.Ordinal)).ToDictionary(member => member.Name[Voc.Length..], member => member.Value[0]);
            var standard = groups["defaultLink"];
            Assert.Equal(["href", "title"], standard.EnumerateObject().Select(member => member.Name));
            Assert.Contains(groups, group => group.Key != "defaultLink" && group.Value.GetProperty("href").GetString() == standard.GetProperty("href").GetString());
            Assert.All(groups.Where(group => group.Key != "defaultLink"), group => Assert.Equal(
                group.Key == "certificationInfo" ? ["href", "title"] : ["href", "title", "type", "hreflang"], group.Value.EnumerateObject().Select(member => member.Name)));
        }
    }

    [Theory]
    [InlineData("/01/09520123456789", HttpStatusCode.BadRequest, "DIGITAL_LINK_VALUE")]
    [InlineData("/01/9520123456788", HttpStatusCode.BadRequest, "DIGITAL_LINK_VALUE")]
    [InlineData("/gtin/09520123456788", HttpStatusCode.BadRequest, "DIGITAL_LINK_ALPHA")]
    [InlineData("/01/09520123456788/99/X", HttpStatusCode.BadRequest, "DIGITAL_LINK_QUALIFIER")]
    [InlineData("/01/09520123456788/21/%07", HttpStatusCode.BadRequest, "DIGITAL_LINK_ENCODING")]
    [InlineData("/01/09520123456788/21/..%2F..%2Fetc%2Fpass", HttpStatusCode.NotFound, "PART_ID_LENGTH")]
    [InlineData("/01/09520123456788/21/%3Cscript%3Ealert", HttpStatusCode.NotFound, "PART_ID_LENGTH")]
    [InlineData("/01/09520123456788/21/%2500", HttpStatusCode.NotFound, "PART_ID_LENGTH")]
    [InlineData("/01/09520123456788?linkType=linkset&linkType=all", HttpStatusCode.BadRequest, "LINK_TYPE_TWICE")]
    [InlineData("/01/09520123456788?linkType=gs1:epcis", HttpStatusCode.NotFound, "LINK_TYPE_UNAVAILABLE")]
    [InlineData("/01/09520123456788?linkType=../../x", HttpStatusCode.NotFound, "LINK_TYPE_UNAVAILABLE")]
    [InlineData("/01/09520123456788/10/LOT1/21/PPG0A0EV8ZB4ERYQ", HttpStatusCode.NotFound, "QUALIFIER_UNKNOWN")]
    [InlineData("/01/09520123456788/21/PPG0A0EV8ZB4ERYQ", HttpStatusCode.NotFound, "PART_UNKNOWN")]
    [InlineData("/01/faux/01/09520123456788", HttpStatusCode.NotFound, "STEM_UNKNOWN")]
    [InlineData("/01/00614141123452", HttpStatusCode.NotFound, "GTIN_UNKNOWN")]
    [InlineData("/8004/1234567PPG0A0EV8ZB4ERYQ", HttpStatusCode.NotFound, "KEY_UNKNOWN")]
    public async Task A_link_that_leads_nowhere_says_in_words_what_is_wrong_with_it(string path, HttpStatusCode status, string code)
    {
        using var stranger = bench.Server.Stranger();

        (await stranger.GetAsync(path)).IsRefused(status, code);
    }

    [Fact]
    public async Task A_part_under_another_products_number_is_told_from_a_real_link()
    {
        using var stranger = bench.Server.Stranger();

        (await stranger.GetAsync($"/01/00614141123452/21/{part.Value}")).IsRefused(HttpStatusCode.NotFound, "PART_OF_OTHER_PRODUCT");
    }

    [Theory]
    [InlineData("GET /01/../../../../etc/passwd HTTP/1.1")]
    [InlineData("GET /01/%2e%2e/%2e%2e/etc/passwd HTTP/1.1")]
    [InlineData("GET /01/09520123456788/21/..%2f..%2f..%2fetc%2fpasswd HTTP/1.1")]
    [InlineData("GET /01//09520123456788 HTTP/1.1")]
    [InlineData("GET http://evil.example/01/09520123456788/21/PPG0A0EV8ZB4ERYQ HTTP/1.1")]
    public async Task What_no_client_library_would_send_is_answered_like_any_other_bad_link(string request)
    {
        await using var server = await ServerFactory.StartAsync();
        using var socket = new TcpClient(server.Address.Host, server.Address.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{request}\r\nHost: parts.example.com\r\nConnection: close\r\n\r\n"));

        var answer = await new StreamReader(stream).ReadToEndAsync();

        Assert.Matches("^HTTP/1.1 40[04] ", answer);
        Assert.DoesNotContain("root:", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_longer_than_any_link_is_refused()
    {
        await using var server = await ServerFactory.StartAsync();
        using var stranger = server.Stranger();

        (await stranger.GetAsync($"/01/{Gtin}/21/{new string('A', 4000)}")).IsRefused(HttpStatusCode.BadRequest, "DIGITAL_LINK_LENGTH");
    }

    [Fact]
    public async Task HEAD_OPTIONS_and_the_description_are_answered()
    {
        using var http = bench.Server.Client();

        using var head = await http.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/01/{Gtin}/21/{part.Value}"));
        using var options = await http.SendAsync(new HttpRequestMessage(HttpMethod.Options, $"/01/{Gtin}/21/{part.Value}"));
        using var described = await http.GetAsync(new Uri("/.well-known/gs1resolver", UriKind.Relative));

        Assert.Equal(HttpStatusCode.TemporaryRedirect, head.StatusCode);
        Assert.Equal((HttpStatusCode.NoContent, "*"), (options.StatusCode, options.Headers.GetValues("Access-Control-Allow-Origin").Single()));
        Assert.Contains("GET", options.Content.Headers.Allow);
        var description = JsonElement.Parse(await described.Content.ReadAsStringAsync());
        Assert.Equal(Root, description.GetProperty("resolverRoot").GetString());
        Assert.Equal(["01", "8004"], description.GetProperty("supportedPrimaryKeys").EnumerateArray().Select(key => key.GetString()!));
        Assert.Equal((Voc, "gs1:"), (description.GetProperty("supportedLinkType")[0].GetProperty("namespace").GetString(), description.GetProperty("supportedLinkType")[0].GetProperty("prefix").GetString()));
        Assert.True(description.GetProperty("validatesAIcombinations").GetBoolean());
    }

    [Fact]
    public async Task A_closed_deployment_sends_strangers_to_sign_in_whatever_they_ask_for()
    {
        await using var closed = await OpenAsync("--lookup", "closed");
        var there = await PrintAsync(closed);

        foreach (var path in new[] { $"/01/{Gtin}/21/{there.Value}?linkType=linkset", $"/01/{Gtin}/21/{PartId.Create().Value}", $"/01/{Gtin}", "/01/00614141123452" })
        {
            using var answer = await AskAsync(closed, path, null);
            Assert.Equal((HttpStatusCode.Redirect, $"/sign-in?to={Uri.EscapeDataString(path)}"), (answer.StatusCode, answer.Headers.Location?.OriginalString));
        }
    }

    [Theory]
    [InlineData("ftp://parts.example.com")]
    [InlineData("https://user@parts.example.com")]
    [InlineData("https://parts.example.com/?x")]
    [InlineData("parts.example.com")]
    public async Task An_address_that_labels_cannot_bear_stops_the_start(string address) =>
        Assert.Contains("--public-url", (await Assert.ThrowsAsync<InvalidOperationException>(() => ServerFactory.StartAsync(arguments: ["--public-url", address]))).Message, StringComparison.Ordinal);

    internal static Task<PrintBench> OpenAsync(params string[] arguments) => PrintBench.OpenAsync(arguments: ["--public-url", Root + "/", "--company-prefix", "9521234", .. arguments]);

    /// <summary>Gives the bench's design a GTIN and prints a part of it.</summary>
    internal static async Task<PartId> PrintAsync(PrintBench shop)
    {
        var design = (await shop.Oem.GetAsync("/api/designs")).Body.EnumerateArray().Single().GetProperty("id").GetGuid();
        (await shop.Oem.PutAsync($"/api/designs/{design}/gtin", new { gtin = Gtin })).IsGood();
        return (await shop.PrintPartAsync()).PartId;
    }

    private static async Task<HttpResponseMessage> AskAsync(PrintBench shop, string path, string? accept)
    {
        using var http = shop.Server.Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var type in accept?.Split(',') ?? [])
        {
            request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(type));
        }

        return await http.SendAsync(request);
    }
}
