using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Touchmark.Moonraker.Tests;

/// <summary>A websocket server on loopback that answers as the test tells it, for what no well-behaved printer would do.</summary>
internal sealed class StandInMoonraker : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Func<JsonNode?, string?>> _answers = new();
    private readonly ConcurrentQueue<string> _received = new();
    private readonly ConcurrentQueue<IHeaderDictionary> _handshakes = new();
    private readonly SemaphoreSlim _sendTurn = new(1);
    private readonly TaskCompletionSource<WebSocket> _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private StandInMoonraker(WebApplication app) => _app = app;

    public MoonrakerAddress Address { get; private set; } = null!;

    public IReadOnlyCollection<string> Received => _received;

    public IHeaderDictionary Handshake => _handshakes.First();

    /// <summary>HTTP status that refuses the handshake, 0 for none.</summary>
    public int RefuseWith { get; set; }

    public static async Task<StandInMoonraker> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var standIn = new StandInMoonraker(app);
        app.UseWebSockets();
        app.Map("/websocket", standIn.ServeAsync);
        await app.StartAsync();
        Assert.True(MoonrakerAddress.TryParse(app.Urls.First(), out var address));
        standIn.Address = address;
        return standIn;
    }

    public Task<MoonrakerClient> ConnectAsync(TimeProvider? time = null) => MoonrakerClient.ConnectAsync(Address, time ?? TimeProvider.System, TestContext.Current.CancellationToken);

    /// <summary>Answers a method with JSON text for <c>result</c>; a function that returns null never answers.</summary>
    public void Answer(string method, Func<JsonNode?, string?> result) => _answers[method] = p => result(p) is { } json ? $"\"result\":{json}" : null;

    public void Answer(string method, string result) => Answer(method, _ => result);

    public void Refuse(string method, int code, string message) =>
        _answers[method] = _ => $$"""
            "error":{"code":{{code}},"message":{{JsonSerializer.Serialize(message)}}}
            """;

    public Task NotifyAsync(string method, string parameters) => SendAsync($$"""{"jsonrpc":"2.0","method":"{{method}}","params":{{parameters}}}""");

    public async Task SendAsync(string text)
    {
        var socket = await _connected.Task;
        await _sendTurn.WaitAsync();
        try
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
        finally
        {
            _sendTurn.Release();
        }
    }

    /// <summary>Ends the TCP connection as a printer that lost power does.</summary>
    public async Task VanishAsync() => (await _connected.Task).Abort();

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task ServeAsync(HttpContext context)
    {
        _handshakes.Enqueue(context.Request.Headers);
        if (RefuseWith != 0)
        {
            context.Response.StatusCode = RefuseWith;
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        _connected.TrySetResult(socket);
        var buffer = new byte[1 << 20];
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult part;
                do
                {
                    part = await socket.ReceiveAsync(buffer.AsMemory(length), context.RequestAborted);
                    length += part.Count;
                }
                while (!part.EndOfMessage);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    return;
                }

                var text = Encoding.UTF8.GetString(buffer, 0, length);
                _received.Enqueue(text);
                var request = JsonNode.Parse(text)!;
                if (_answers.TryGetValue((string)request["method"]!, out var answer) && answer(request["params"]) is { } json)
                {
                    await SendAsync($$"""{"jsonrpc":"2.0",{{json}},"id":{{request["id"]!.ToJsonString()}}}""");
                }
            }
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException)
        {
        }
    }
}
