using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Touchmark.Engine.Tests.Marketplace;

/// <summary>A mirror node of Hedera on the loopback: the addresses that we ask, with the parameters, members and errors of its OpenAPI (hiero-ledger/hiero-mirror-node, rest/api/v1/openapi.yml).</summary>
internal sealed class StandInMirror : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly Dictionary<(string Token, long Serial), (string? Account, bool Deleted, byte[] Metadata)> nfts = [];
    private readonly Dictionary<(string Account, string Token), long> balances = [];
    private readonly Dictionary<string, string> accounts = [];
    private readonly Dictionary<string, (byte[] Metadata, string Memo)> tokens = [];
    private readonly Dictionary<string, StandInTopic> topics = [];

    private StandInMirror()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Use(async (context, next) =>
        {
            Asked.Add(context.Request.Path + context.Request.QueryString);
            if (Instead is { } instead)
            {
                await instead(context);
                return;
            }

            await next(context);
        });
        app.MapGet("/api/v1/tokens/{token}/nfts/{serial:long}", (string token, long serial) => nfts.TryGetValue((token, serial), out var nft)
            ? Results.Json(new
            {
                account_id = nft.Account, created_timestamp = "1234567890.000000001", delegating_spender = (string?)null, deleted = nft.Deleted, metadata = Convert.ToBase64String(nft.Metadata),
                modified_timestamp = "1610682445.003266001", serial_number = serial, spender = (string?)null, token_id = token,
            }) : NotFound("Not found"));
        app.MapGet("/api/v1/tokens/{token}", (string token) => tokens.TryGetValue(token, out var found)
            ? Results.Json(new { token_id = token, metadata = Convert.ToBase64String(found.Metadata), memo = found.Memo, name = "Bracket", symbol = "BRKT", type = "NON_FUNGIBLE_UNIQUE", deleted = false }) : NotFound("Not found"));
        app.MapGet("/api/v1/accounts/{account}", (string account) => accounts.TryGetValue(account, out var id)
            ? Results.Json(new { account = id, evm_address = account, balance = new { timestamp = "0.000002345", balance = 80, tokens = Array.Empty<object>() }, deleted = false, links = new { next = (string?)null } }) : NotFound("Not found"));
        app.MapGet("/api/v1/accounts/{account}/tokens", (HttpRequest request, string account) =>
        {
            var held = balances.Where(held => (held.Key.Account == account || (accounts.TryGetValue(account, out var id) && held.Key.Account == id)) && held.Key.Token == request.Query["token.id"]);
            return Results.Json(new
            {
                tokens = held.Select(one => new { automatic_association = true, balance = one.Value, created_timestamp = "123456789.000000001", decimals = 0, freeze_status = "UNFROZEN", kyc_status = "GRANTED", token_id = one.Key.Token }),
                links = new { next = (string?)null },
            });
        });
        app.MapGet("/api/v1/topics/{topic}", (string topic) => topics.TryGetValue(topic, out var found)
            ? Results.Json(new { admin_key = Key(found.HasAdminKey), created_timestamp = "1234567890.000000001", deleted = false, memo = found.Memo, submit_key = Key(found.HasSubmitKey), topic_id = topic }) : NotFound("Not found"));
        app.MapGet("/api/v1/topics/{topic}/messages", Messages);
    }

    /// <summary>What answers in the place of every address; null for the mirror node itself.</summary>
    public RequestDelegate? Instead { get; set; }

    /// <summary>What was asked, with its parameters.</summary>
    public List<string> Asked { get; } = [];

    public Uri Address => new(app.Urls.Single() + "/");

    public static async Task<StandInMirror> StartAsync()
    {
        var mirror = new StandInMirror();
        await mirror.app.StartAsync();
        return mirror;
    }

    public void Mint(string token, long serial, string? account, string metadata = "", bool deleted = false) => nfts[(token, serial)] = (account, deleted, Encoding.UTF8.GetBytes(metadata));

    public void Give(string account, string token, long balance) => balances[(account, token)] = balance;

    public void Open(string evmAddress, string account) => accounts[evmAddress] = account;

    public void Create(string token, string metadata = "", string memo = "") => tokens[token] = (Encoding.UTF8.GetBytes(metadata), memo);

    public void Put(string topic, StandInTopic content) => topics[topic] = content;

    /// <summary>A file as HCS-1 has it.</summary>
    public void PutFile(string topic, byte[] content, string type = "model/stl") => Put(topic, StandInTopic.Of(content, type));

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private IResult Messages(HttpRequest request, string topic)
    {
        if (!topics.TryGetValue(topic, out var found))
        {
            return NotFound($"No such topic id - {topic}");
        }

        Assert.Equal("asc", request.Query["order"].ToString());
        var after = request.Query["timestamp"] is [{ } gt] ? decimal.Parse(gt.Replace("gt:", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) : 0;
        var limit = int.Parse(request.Query["limit"]!, CultureInfo.InvariantCulture);
        var page = found.Messages.Select((message, index) => (message, number: index + 1, time: 1_700_000_000 + ((index + 1) / 1_000_000_000m))).Where(one => one.time > after).Take(limit).ToList();
        return Results.Json(new
        {
            messages = page.Select(one => new
            {
                chunk_info = one.message.Total == 1 ? null : new { initial_transaction_id = new { account_id = "0.0.10", nonce = 0, scheduled = false, transaction_valid_start = $"1700000000.{one.message.Transaction:d9}" }, number = one.message.Part, total = one.message.Total },
                consensus_timestamp = one.time.ToString("0.000000000", CultureInfo.InvariantCulture),
                message = Convert.ToBase64String(one.message.Content),
                payer_account_id = "0.0.10",
                running_hash = "cnVubmluZ19oYXNo",
                running_hash_version = 3,
                sequence_number = one.number,
                topic_id = topic,
            }),
            // Leads elsewhere on purpose: nobody is to follow it.
            links = new { next = page.Count == limit ? "http://169.254.169.254/latest/meta-data" : null },
        });
    }

    private static object? Key(bool there) => there ? new { _type = "ED25519", key = "421050820e1485acdd59726088e0e4a2130ebbbb70009f640ad95c78dd5a7b38" } : null;

    private static IResult NotFound(string message) => Results.Json(new { _status = new { messages = new[] { new { message } } } }, statusCode: StatusCodes.Status404NotFound);
}

/// <summary>A topic and its messages, each perhaps a part of a longer one.</summary>
internal sealed record StandInTopic(string Memo, IReadOnlyList<(byte[] Content, int Transaction, int Part, int Total)> Messages, bool HasSubmitKey = true, bool HasAdminKey = false)
{
    private const int TransactionBytes = 1024;

    public static StandInTopic Of(byte[] content, string type)
    {
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            brotli.Write(content);
        }

        return OfText($"{Convert.ToHexStringLower(SHA256.HashData(content))}:brotli:base64", $"data:{type};base64," + Convert.ToBase64String(packed.ToArray()));
    }

    /// <summary>The text in pieces of 1,024 characters, each in as many transactions as it needs.</summary>
    public static StandInTopic OfText(string memo, string text) => new(memo, [.. text.Chunk(1024).SelectMany((piece, place) => Parts(JsonSerializer.SerializeToUtf8Bytes(new { o = place, c = new string(piece) }), place))]);

    /// <summary>Single messages, as they are.</summary>
    public static StandInTopic OfMessages(string memo, params string[] messages) => new(memo, [.. messages.Select(message => (Encoding.UTF8.GetBytes(message), 0, 1, 1))]);

    private static IEnumerable<(byte[], int, int, int)> Parts(byte[] message, int transaction)
    {
        var parts = message.Chunk(TransactionBytes).ToList();
        return parts.Select((part, index) => (part, transaction, index + 1, parts.Count));
    }
}
