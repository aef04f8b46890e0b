using System.Globalization;
using System.Net;
using System.Text.Json;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Marketplace;

/// <summary>
/// Asks a mirror node of Hedera over its REST API (hiero-ledger/hiero-mirror-node, rest/api/v1/openapi.yml). It is somebody else's server: an answer has a megabyte at most,
/// ten seconds, one content type, and the names that were asked for in it; nothing that it says leads us anywhere else.
/// </summary>
/// <remarks>Refusals of every method: MIRROR_NODE_UNREACHABLE, MIRROR_NODE_WRONG.</remarks>
internal sealed class MirrorNode : IDisposable
{
    /// <summary>Messages of one page: the most that a mirror node gives.</summary>
    private const int PageSize = 100;

    private const int MaxAnswer = 1 << 20;
    private const int MaxMetadata = 4096;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32, AllowDuplicateProperties = false };

    private readonly HttpClient http;
    private readonly Uri address;
    private readonly TimeProvider time;

    public MirrorNode(Uri address, TimeProvider time)
    {
        this.time = time;
        this.address = address;
        // The operator named this address; where it redirects to, nobody did.
        http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = Patience, MaxResponseHeadersLength = 16 }) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>A serial number of a non-fungible token; null when there is none.</summary>
    public Task<Outcome<Nft?>> FindNftAsync(HederaId token, long serial, CancellationToken cancel) => GetAsync(Invariant($"api/v1/tokens/{token}/nfts/{serial}"), answer =>
        Text(answer, "token_id") == token.ToString() && Number(answer, "serial_number") == serial
            ? new Nft(OptionalText(answer, "account_id"), answer.TryGetProperty("deleted", out var deleted) && deleted.ValueKind == JsonValueKind.True, Metadata(answer))
            : throw new FormatException("another serial number"), cancel);

    /// <summary>What the token as a whole points to, in the field <c>metadata</c> (HIP-646) or, before there was one, in its memo; null when there is no such token.</summary>
    public Task<Outcome<string?>> FindTokenAsync(HederaId token, CancellationToken cancel) => GetAsync(Invariant($"api/v1/tokens/{token}"), answer =>
        Text(answer, "token_id") == token.ToString() ? (Metadata(answer) is { Length: > 0 } metadata ? metadata : OptionalText(answer, "memo") ?? "") : throw new FormatException("another token"), cancel);

    /// <summary>Which account stands behind an EVM address; null when none does.</summary>
    public Task<Outcome<string?>> FindAccountAsync(string evmAddress, CancellationToken cancel) => GetAsync($"api/v1/accounts/{evmAddress}?transactions=false&limit=1", answer =>
        HederaId.TryParse(Text(answer, "account"), out var account) ? account.ToString() : throw new FormatException("no account"), cancel);

    /// <summary>How much of a token an account holds, in its smallest unit, or how many of its serial numbers; null when there is no such account.</summary>
    public Task<Outcome<long?>> FindBalanceAsync(string wallet, HederaId token, CancellationToken cancel) => GetAsync<long?>($"api/v1/accounts/{wallet}/tokens?token.id={token}&limit=1", answer =>
    {
        foreach (var held in Items(answer, "tokens"))
        {
            return Text(held, "token_id") == token.ToString() ? Number(held, "balance") : throw new FormatException("another token");
        }

        return 0;
    }, cancel);

    /// <summary>A topic; null when there is none.</summary>
    public Task<Outcome<Topic?>> FindTopicAsync(HederaId topic, CancellationToken cancel) => GetAsync(Invariant($"api/v1/topics/{topic}"), answer =>
        Text(answer, "topic_id") == topic.ToString() ? new Topic(Text(answer, "memo"), IsThere(answer, "admin_key"), IsThere(answer, "submit_key")) : throw new FormatException("another topic"), cancel);

    /// <summary>The messages of a topic after a time (<c>seconds.nanoseconds</c>, or null for the first ones), in their order; an empty page is the end.</summary>
    /// <remarks>The page's own link to the next one is not followed: only whether there is one counts.</remarks>
    public async Task<Outcome<TopicPage>> ReadMessagesAsync(HederaId topic, string? after, CancellationToken cancel)
    {
        var found = await GetAsync(Invariant($"api/v1/topics/{topic}/messages?order=asc&limit={PageSize}") + (after is null ? "" : $"&timestamp=gt:{after}"), answer =>
        {
            var messages = Items(answer, "messages").Select(Message).ToList();
            var last = after;
            foreach (var message in messages)
            {
                // Else a page could come again and again.
                last = last is null || CompareTimes(message.At, last) > 0 ? message.At : throw new FormatException("messages out of order");
            }

            return new TopicPage(messages, answer.TryGetProperty("links", out var links) && links.ValueKind == JsonValueKind.Object && OptionalText(links, "next") is not null);
        }, cancel);
        return !found.Has(out var page, out var refusal) ? refusal : page ?? new TopicPage([], false);
    }

    public void Dispose() => http.Dispose();

    private async Task<Outcome<T?>> GetAsync<T>(string path, Func<JsonElement, T> read, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(Patience, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, path));
            request.Headers.Accept.ParseAdd("application/json");
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop.Token);
            if (answer.StatusCode == HttpStatusCode.NotFound)
            {
                return default(T);
            }

            if (answer.StatusCode != HttpStatusCode.OK)
            {
                return answer.StatusCode is HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError ? Unreachable($"It answered with the status {(int)answer.StatusCode}.")
                    : Wrong($"the status {(int)answer.StatusCode}");
            }

            if (answer.Content.Headers is not { ContentType.MediaType: "application/json", ContentEncoding.Count: 0 })
            {
                return Wrong("something that is not plain application/json");
            }

            var body = new byte[MaxAnswer + 1];
            await using var stream = await answer.Content.ReadAsStreamAsync(stop.Token);
            var length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, stop.Token);
            if (length > MaxAnswer)
            {
                return Wrong($"more than {MaxAnswer} bytes");
            }

            using var json = JsonDocument.Parse(body.AsMemory(0, length), Strict);
            return read(json.RootElement.ValueKind == JsonValueKind.Object ? json.RootElement : throw new FormatException("no object"));
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            return Unreachable($"It had not answered after {Patience.TotalSeconds:0} s.").With("limit_s", Patience.TotalSeconds);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            return Unreachable("It cannot be reached, or broke off.");
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException)
        {
            // A text that is no Unicode is an InvalidOperationException of the reader's.
            return Wrong(fault is FormatException ? fault.Message : "no JSON");
        }
    }

    private static TopicMessage Message(JsonElement message)
    {
        var at = Text(message, "consensus_timestamp");
        var chunk = message.TryGetProperty("chunk_info", out var info) && info.ValueKind == JsonValueKind.Object ? info : (JsonElement?)null;
        return new TopicMessage(
            IsTime(at) ? at : throw new FormatException("a time that is none"),
            Bytes(message, "message"),
            chunk is { } first && first.TryGetProperty("initial_transaction_id", out var transaction) ? transaction.GetRawText() : "",
            chunk is { } second ? Number(second, "number") : 1,
            chunk is { } third ? Number(third, "total") : 1);
    }

    private static string? Metadata(JsonElement answer)
    {
        var bytes = answer.TryGetProperty("metadata", out var text) && text.ValueKind == JsonValueKind.String ? Bytes(answer, "metadata") : [];
        return bytes.Length > MaxMetadata ? throw new FormatException("metadata that is too long") : System.Text.Encoding.UTF8.GetString(bytes);
    }

    private static JsonElement.ArrayEnumerator Items(JsonElement answer, string name) =>
        answer.TryGetProperty(name, out var items) && items.ValueKind == JsonValueKind.Array && items.GetArrayLength() <= PageSize && items.EnumerateArray().All(static item => item.ValueKind == JsonValueKind.Object)
            ? items.EnumerateArray() : throw new FormatException($"no list {name}");

    private static string Text(JsonElement answer, string name) => OptionalText(answer, name) ?? throw new FormatException($"no {name}");

    private static string? OptionalText(JsonElement answer, string name) => answer.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;

    private static byte[] Bytes(JsonElement answer, string name) =>
        answer.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String && text.TryGetBytesFromBase64(out var bytes) ? bytes : throw new FormatException($"no base64 in {name}");

    private static long Number(JsonElement answer, string name) =>
        answer.TryGetProperty(name, out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt64(out var value) && value >= 0 ? value : throw new FormatException($"no number {name}");

    private static bool IsThere(JsonElement answer, string name) =>
        answer.TryGetProperty(name, out var key) ? key.ValueKind != JsonValueKind.Null : throw new FormatException($"no {name}");

    // seconds.nanoseconds, as the OpenAPI has it: ^\d{1,10}(\.\d{1,9})?$
    private static bool IsTime(string text) => text.Split('.') switch
    {
        [{ Length: >= 1 and <= 10 } seconds] => seconds.All(char.IsAsciiDigit),
        [{ Length: >= 1 and <= 10 } seconds, { Length: >= 1 and <= 9 } nanoseconds] => seconds.All(char.IsAsciiDigit) && nanoseconds.All(char.IsAsciiDigit),
        _ => false,
    };

    private static int CompareTimes(string one, string other) => decimal.Parse(one, CultureInfo.InvariantCulture).CompareTo(decimal.Parse(other, CultureInfo.InvariantCulture));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static Refusal Unreachable(string why) =>
        new(StatusCodes.Status503ServiceUnavailable, "MIRROR_NODE_UNREACHABLE", $"The mirror node does not answer. {why}", "Try again in a while; if it stays, the engine's operator checks --mirror-node.");

    private static Refusal Wrong(string what) => new Refusal(
        StatusCodes.Status502BadGateway, "MIRROR_NODE_WRONG", $"The mirror node answered with {what}, which is not what its API promises.", "The engine's operator checks --mirror-node, or names another one.").With("answer", what);
}

/// <summary>A serial number of a token.</summary>
/// <param name="Account">Who holds it; null where nobody does.</param>
/// <param name="Deleted">It, or its token, is gone.</param>
/// <param name="Metadata">What it points to.</param>
internal sealed record Nft(string? Account, bool Deleted, string? Metadata);

/// <summary>A topic of the consensus service.</summary>
internal sealed record Topic(string Memo, bool HasAdminKey, bool HasSubmitKey);

/// <summary>A message of a topic, or a part of one that was too long for a single transaction.</summary>
/// <param name="At">Consensus time, <c>seconds.nanoseconds</c>.</param>
/// <param name="Content">The bytes.</param>
/// <param name="Transaction">What all parts of one message share.</param>
/// <param name="Part">From 1.</param>
/// <param name="Parts">Of the message.</param>
internal sealed record TopicMessage(string At, byte[] Content, string Transaction, long Part, long Parts);

/// <summary>Some messages of a topic, and whether there are more.</summary>
internal sealed record TopicPage(IReadOnlyList<TopicMessage> Messages, bool More);
