using System.Net;
using System.Text.RegularExpressions;

namespace Touchmark.Engine.Tests.Server;

/// <summary>A browser without scripts: cookies, pages and forms.</summary>
internal sealed partial class Browser : IDisposable
{
    private readonly CookieContainer cookies = new();
    private readonly HttpClient http;
    private Uri address;

    /// <param name="server">Which it asks.</param>
    /// <param name="host">By which name; by its IP address without one.</param>
    public Browser(ServerFactory server, string? host = null)
    {
        address = host is null ? server.Address : new UriBuilder(server.Address) { Host = host }.Uri;
        http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = cookies });
    }

    public string Origin => address.GetLeftPart(UriPartial.Authority);

    public IEnumerable<Cookie> Cookies => cookies.GetAllCookies();

    /// <summary>Somebody who has signed in.</summary>
    public static async Task<Browser> OfAsync(ServerFactory server, Person person)
    {
        var browser = new Browser(server);
        using var answer = await browser.SubmitAsync("/sign-in", "/sign-in", ("email", person.Email), ("password", Person.Password));
        Assert.Equal("/", answer.Headers.Location?.ToString());
        return browser;
    }

    /// <summary>Goes on at the server's new port; cookies do not care about ports.</summary>
    public void MoveTo(ServerFactory server) => address = server.Address;

    public Task<HttpResponseMessage> GetAsync(string path) => http.GetAsync(new Uri(address, path));

    /// <summary>A stream of events, which ends when it is disposed.</summary>
    public Task<Stream> StreamAsync(string path) => http.GetStreamAsync(new Uri(address, path));

    public Task<HttpResponseMessage> PostAsync(string path, HttpContent content, string site = "same-origin")
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, path)) { Content = content };
        request.Headers.Add("Sec-Fetch-Site", site);
        return http.SendAsync(request);
    }

    public async Task<string> TextAsync(string path, HttpStatusCode status = HttpStatusCode.OK)
    {
        using var answer = await GetAsync(path);
        Assert.True(status == answer.StatusCode, $"{path}: {answer.StatusCode}");
        return await answer.Content.ReadAsStringAsync();
    }

    public async Task<HttpResponseMessage> SubmitAsync(string page, string action, params (string Name, string Value)[] fields) =>
        await SubmitPageAsync(await TextAsync(page), action, fields);

    public async Task<HttpResponseMessage> SubmitPageAsync(string html, string action, params (string Name, string Value)[] fields)
    {
        var token = TokenOf(html);
        using var form = new FormUrlEncodedContent([new(token.Name, token.Value), .. fields.Select(field => KeyValuePair.Create(field.Name, field.Value))]);
        return await PostAsync(action, form);
    }

    /// <summary>The token of a page's forms.</summary>
    public static (string Name, string Value) TokenOf(string html)
    {
        var token = Hidden().Match(html);
        return (token.Groups["name"].Value, token.Groups["value"].Value);
    }

    public void Dispose() => http.Dispose();

    [GeneratedRegex("<input type=\"hidden\" name=\"(?<name>[^\"]+)\" value=\"(?<value>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Hidden();
}
