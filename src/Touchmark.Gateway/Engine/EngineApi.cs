using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Touchmark.Gateway.Engine;

/// <summary>The engine's HTTP API as a gateway asks it: JSON, small answers, limits on time and size, no redirects. What the engine refuses is thrown in its own words.</summary>
internal sealed class EngineApi : IDisposable
{
    public const string Unreachable = "ENGINE_UNREACHABLE";

    private const int LongestAnswer = 1024 * 1024;
    private const int LongestText = 1000;
    private const int MostFigures = 16;

    /// <summary>An engine's <c>Date</c> counts whole seconds and comes late.</summary>
    private static readonly TimeSpan ClockNoise = TimeSpan.FromSeconds(5);

    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private long _offset;

    public EngineApi(Uri engine, TimeProvider time)
    {
        _time = time;
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(10) })
        {
            BaseAddress = engine,
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LongestAnswer,
        };
    }

    public static TimeSpan UsualLimit { get; } = TimeSpan.FromSeconds(30);

    /// <summary>The engine's clock, as its last answer told it: tokens and proofs are judged by that one, and this computer's may be wrong by years.</summary>
    public DateTimeOffset Now => _time.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _offset));

    public Task<TAnswer> GetAsync<TAnswer>(string path, JsonTypeInfo<TAnswer> read, string token, CancellationToken cancellationToken) =>
        AskAsync(HttpMethod.Get, path, content: null, read, token, cancellationToken);

    public Task<TAnswer> PostAsync<TRequest, TAnswer>(string path, TRequest request, JsonTypeInfo<TRequest> written, JsonTypeInfo<TAnswer> read, string? token, CancellationToken cancellationToken) =>
        PostAsync(path, JsonSerializer.SerializeToUtf8Bytes(request, written), read, token, cancellationToken);

    /// <param name="path">Below the engine's address.</param>
    /// <param name="json">The request; null sends none.</param>
    /// <param name="read">How the answer is read.</param>
    /// <param name="token">The bearer's.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<TAnswer> PostAsync<TAnswer>(string path, byte[]? json, JsonTypeInfo<TAnswer> read, string? token, CancellationToken cancellationToken)
    {
        using var content = json is null ? null : new ByteArrayContent(json) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        return await AskAsync(HttpMethod.Post, path, content, read, token, cancellationToken);
    }

    /// <summary>The engine's answer, once it is no refusal; with <see cref="HttpCompletionOption.ResponseHeadersRead"/> its content is still to be read.</summary>
    /// <exception cref="GatewayError">It refuses, or does not answer within <paramref name="within"/>.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, string? token, HttpCompletionOption until, TimeSpan within, CancellationToken cancellationToken)
    {
        // HTTP clients take a header as a string: a copy that the collector has until it is reused.
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        using var limit = new CancellationTokenSource(within, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        HttpResponseMessage? response = null;
        try
        {
            response = await _http.SendAsync(request, until, either.Token);
            TakeClock(response);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            throw Refused(response.StatusCode, await ReadAsync(response.Content, either.Token));
        }
        catch (Exception failure) when (IsAway(failure) && !cancellationToken.IsCancellationRequested)
        {
            response?.Dispose();
            throw Away(failure);
        }
        catch (GatewayError)
        {
            response?.Dispose();
            throw;
        }
    }

    /// <summary>Whether this is how a connection fails, and not what was said on it.</summary>
    public static bool IsAway(Exception failure) => failure is HttpRequestException or IOException or OperationCanceledException;

    public GatewayError Away(Exception failure) => new(Unreachable, $"{_http.BaseAddress} does not answer: {failure.Message}", "Check the engine's address and the network.");

    public static GatewayError Unreadable(string why) =>
        new("ENGINE_ANSWER", $"The engine's answer cannot be read: {why}", "Check that the engine's address is a Touchmark engine.");

    public void Dispose() => _http.Dispose();

    private async Task<TAnswer> AskAsync<TAnswer>(HttpMethod method, string path, HttpContent? content, JsonTypeInfo<TAnswer> read, string? token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        using var response = await SendAsync(request, token, HttpCompletionOption.ResponseContentRead, UsualLimit, cancellationToken);
        try
        {
            return JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(cancellationToken), read) ?? throw Unreadable("it is empty");
        }
        catch (JsonException failure)
        {
            throw Unreadable(failure.Message);
        }
    }

    private void TakeClock(HttpResponseMessage response)
    {
        if (response.Headers.Date is { } date)
        {
            var offset = date - _time.GetUtcNow();
            Volatile.Write(ref _offset, offset.Duration() > ClockNoise ? offset.Ticks : 0);
        }
    }

    private static async Task<byte[]> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        await content.LoadIntoBufferAsync(LongestAnswer, cancellationToken);
        return await content.ReadAsByteArrayAsync(cancellationToken);
    }

    private static GatewayError Refused(HttpStatusCode status, byte[] content)
    {
        Problem? problem = null;
        try
        {
            problem = JsonSerializer.Deserialize(content, EngineJson.Default.Problem);
        }
        catch (JsonException)
        {
            // Not problem details: some proxy answered. The status must do.
        }

        return new GatewayError(
            Short(problem?.Code) ?? "ENGINE_REFUSED",
            Short(problem?.Detail ?? problem?.Title) ?? $"The engine answered with status {(int)status}.",
            Short(problem?.Fix) ?? "Look at the engine's log.")
        {
            Figures = (problem?.Figures ?? []).Take(MostFigures).ToDictionary(figure => Short(figure.Key)!, figure => Short(figure.Value.ToString())!, StringComparer.Ordinal),
        };
    }

    private static string? Short(string? text) => text is { Length: > LongestText } ? text[..LongestText] : text;
}
