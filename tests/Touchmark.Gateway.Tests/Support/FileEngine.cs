using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.Streaming.Files;

namespace Touchmark.Gateway.Tests;

/// <summary>The engine's API for printers (spec/printer-api.md) as far as one gateway sees it, with a clock of its own and whatever refusals a test wants.</summary>
internal sealed class FileEngine : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<(string What, string Body)> _asked = [];
    private readonly WebApplication _app;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Guid _printer;
    private byte[] _device = [];
    private Psek? _psek;
    private int _tokens;

    private FileEngine(WebApplication app) => _app = app;

    public string Url { get; private set; } = "";

    /// <summary>Of this engine, from the real time.</summary>
    public TimeSpan ClockOffset { get; set; }

    /// <summary>What an address refuses with, by its last part.</summary>
    public Dictionary<string, (int Status, string Code)> Refusals { get; } = [];

    /// <summary>Whether connections are dropped.</summary>
    public bool IsAway { get; set; }

    /// <summary>The key that is handed out: false once it is revoked.</summary>
    public bool HandsOutKey { get; set; } = true;

    /// <summary>What a slice comes to.</summary>
    public byte[] Sliced { get; set; } = [];

    /// <summary>The content key of whatever file is asked for.</summary>
    public LockedBuffer ContentKey { get; } = LockedBuffer.Random(32);

    public DateTimeOffset Now => TimeProvider.System.GetUtcNow() + ClockOffset;

    public static async Task<FileEngine> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var engine = new FileEngine(app);
        app.Map("/api/{**rest}", (RequestDelegate)engine.ServeAsync);
        await app.StartAsync();
        engine.Url = app.Urls.First() + "/";
        return engine;
    }

    public void Know(Guid printer, byte[] device, Psek psek) => (_printer, _device, _psek) = (printer, device, psek);

    /// <summary>Bodies of the requests to an address, by its last part.</summary>
    public IReadOnlyList<string> Asked(string what)
    {
        lock (_lock)
        {
            return [.. _asked.Where(asked => asked.What == what).Select(asked => asked.Body)];
        }
    }

    /// <summary>Completes when an address was asked so many times.</summary>
    public async Task AskedAsync(string what, int times)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_asked.Count(asked => asked.What == what) >= times)
                {
                    return;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        ContentKey.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        if (IsAway)
        {
            context.Abort();
            return;
        }

        var what = context.Request.Path.Value!.Split('/')[^1];
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        context.Response.Headers.Date = Now.ToString("R", CultureInfo.InvariantCulture);
        try
        {
            await AnswerAsync(context, what, body);
        }
        finally
        {
            lock (_lock)
            {
                _asked.Add((what, body));
                _changed.TrySetResult();
                _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    private Task AnswerAsync(HttpContext context, string what, string body)
    {
        if (Refusals.TryGetValue(what, out var refusal))
        {
            return RefuseAsync(context, refusal.Status, refusal.Code);
        }

        if (what == "printer-tokens")
        {
            return ProveAsync(context, JsonNode.Parse(body)!);
        }

        var token = ((string?)context.Request.Headers.Authorization)?.Split(' ')[^1];
        if (token is null || !token.StartsWith("good.", StringComparison.Ordinal))
        {
            return RefuseAsync(context, 401, token == "old" ? "PRINTER_TOKEN_EXPIRED" : "PRINTER_TOKEN_INVALID");
        }

        switch (what)
        {
            case "refresh-printer-token":
                return IssueAsync(context);
            case "printer-keys":
                return context.Response.WriteAsync(HandsOutKey ? $$"""[{"key_id":"{{_psek!.KeyId}}","sealed":"{{Convert.ToBase64String(_psek.SealTo(_device))}}","made_at":"2026-01-01T00:00:00Z","later":1}]""" : "[]");
            case "unwrap":
                var file = (Guid)JsonNode.Parse(body)!["file_id"]!;
                return context.Response.WriteAsync(
                    $$"""{"key_id":"{{_psek!.KeyId}}","content_key":"{{Convert.ToBase64String(_psek.Wrap(FileKeyRole.Toolpath, file, ContentKey.Span))}}","print_number":1,"licence_id":null}""");
            case "end":
                return context.Response.WriteAsync("""{"outcome":"complete"}""");
            default:
                return context.Response.Body.WriteAsync(Sliced).AsTask();
        }
    }

    private Task ProveAsync(HttpContext context, JsonNode request)
    {
        var at = (DateTimeOffset)request["at"]!;
        var message = DeterministicCbor.Encode(CborArray.Of("touchmark printer token v1", (ReadOnlyMemory<byte>)_printer.ToByteArray(bigEndian: true), at.ToMicroseconds()));
        return !Es256.Verify(_device, message, Convert.FromBase64String((string)request["proof"]!)) || (Guid)request["printer_id"]! != _printer ? RefuseAsync(context, 403, "DEVICE_UNKNOWN")
            : (at - Now).Duration() > TimeSpan.FromMinutes(5) ? RefuseAsync(context, 400, "PROOF_STALE")
            : IssueAsync(context);
    }

    private Task IssueAsync(HttpContext context) =>
        context.Response.WriteAsync($$"""{"token":"good.{{Interlocked.Increment(ref _tokens)}}","expires_at":"{{Now.AddDays(30):O}}"}""");

    private static Task RefuseAsync(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync($$"""{"figures":{"left":0},"title":"Refused","detail":"The engine says no.","code":"{{code}}","fix":"Do as it says."}""");
    }
}
