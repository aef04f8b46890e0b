using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary>The engine's HTTP API as the commands need it: JSON in, JSON out, refusals as <see cref="CliFailure"/>.</summary>
internal sealed class EngineClient : IDisposable
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly HttpClient http;
    private readonly Action<string>? trace;

    /// <param name="engine">Its address.</param>
    /// <param name="token">The caller's; null for what everybody may ask.</param>
    /// <param name="trace">Told of each request and its outcome, never of what is in them.</param>
    public EngineClient(Uri engine, string? token = null, Action<string>? trace = null)
    {
        this.trace = trace;
        http = new HttpClient { BaseAddress = engine, Timeout = Timeout.InfiniteTimeSpan };
        // So that the list of their sessions tells people which is this program.
        http.DefaultRequestHeaders.UserAgent.ParseAdd($"touchmark ({(OperatingSystem.IsWindows() ? "Windows" : OperatingSystem.IsMacOS() ? "Mac OS" : "Linux")})");
        if (token is not null)
        {
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    public static EngineClient SignedIn()
    {
        var session = Home.Session();
        return new EngineClient(session.Engine, session.Token);
    }

    public Task<JsonElement> GetAsync(string path, CancellationToken cancel) => JsonAsync(new HttpRequestMessage(HttpMethod.Get, path), cancel);

    public Task<JsonElement> PostAsync(string path, object? body, CancellationToken cancel) =>
        JsonAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body ?? new { }, options: Json) }, cancel);

    public Task<JsonElement> PutAsync(string path, object body, CancellationToken cancel) =>
        JsonAsync(new HttpRequestMessage(HttpMethod.Put, path) { Content = JsonContent.Create(body, options: Json) }, cancel);

    /// <summary>Sends bytes, with a header that says what they are of.</summary>
    public Task<JsonElement> PatchAsync(string path, HttpContent content, (string Name, string Value) header, CancellationToken cancel)
    {
        var request = new HttpRequestMessage(HttpMethod.Patch, path) { Content = content };
        request.Headers.Add(header.Name, header.Value);
        return JsonAsync(request, cancel);
    }

    public async Task DeleteAsync(string path, CancellationToken cancel) => (await SendAsync(new HttpRequestMessage(HttpMethod.Delete, path), cancel)).Dispose();

    /// <summary>The answer's bytes, asked for as one media type.</summary>
    public async Task<byte[]> GetBytesAsync(string path, string mediaType, CancellationToken cancel)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd(mediaType);
        using var response = await SendAsync(request, cancel);
        return await response.Content.ReadAsByteArrayAsync(cancel);
    }

    /// <summary>The answer's bytes.</summary>
    public Task<byte[]> PostForBytesAsync(string path, object body, CancellationToken cancel) => PostForBytesAsync(path, JsonContent.Create(body, options: Json), cancel);

    /// <summary>The answer's bytes.</summary>
    public async Task<byte[]> PostForBytesAsync(string path, HttpContent content, CancellationToken cancel)
    {
        using var response = await SendAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = content }, cancel);
        return await response.Content.ReadAsByteArrayAsync(cancel);
    }

    /// <summary>An event stream (text/event-stream, WHATWG HTML 9.2) that starts after the event with this id.</summary>
    public async Task<Stream> EventsAsync(string path, string? lastEventId, CancellationToken cancel)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        return await (await SendAsync(request, cancel)).Content.ReadAsStreamAsync(cancel);
    }

    public void Dispose() => http.Dispose();

    private async Task<JsonElement> JsonAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        using var response = await SendAsync(request, cancel);
        var body = await response.Content.ReadAsByteArrayAsync(cancel);
        return body.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(body);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        HttpResponseMessage response;
        var began = TimeProvider.System.GetTimestamp();
        try
        {
            response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        }
        catch (HttpRequestException error)
        {
            throw new CliFailure($"the engine at {http.BaseAddress} does not answer ({error.HttpRequestError}).", "check the address, and that the engine runs", exitCode: 2);
        }

        trace?.Invoke($"  {request.Method} {request.RequestUri!.PathAndQuery}: {(int)response.StatusCode} in {TimeProvider.System.GetElapsedTime(began).TotalMilliseconds:0} ms");
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await RefusalAsync(response, cancel);
        }
    }

    // RFC 9457 problem details with our members code, figures and fix.
    private static async Task<CliFailure> RefusalAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        try
        {
            var problem = await response.Content.ReadFromJsonAsync<JsonElement>(cancel);
            var text = new StringBuilder(Screen.Text(problem, "detail") is { Length: > 0 } detail ? detail : Screen.Text(problem, "title"));
            if (Screen.Text(problem, "code") is { Length: > 0 } code)
            {
                text.Append(" (").Append(code).Append(')');
            }

            if (problem.TryGetProperty("figures", out var figures) && figures.ValueKind == JsonValueKind.Object)
            {
                foreach (var figure in figures.EnumerateObject())
                {
                    text.Append("\n  ").Append(figure.Name.Replace('_', ' ')).Append(": ").Append(Screen.Text(figures, figure.Name));
                }
            }

            if (text.Length > 0)
            {
                return new CliFailure(text.ToString(), Screen.Text(problem, "fix") is { Length: > 0 } fix ? fix : null) { Code = Screen.Text(problem, "code") };
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or NotSupportedException)
        {
            // Not ours: a proxy in between answers in its own words. The status is all that can be told.
        }

        return new CliFailure($"the engine answered {(int)response.StatusCode} {response.ReasonPhrase}.", (int)response.StatusCode == 401 ? "sign in again: touchmark login" : null);
    }
}
