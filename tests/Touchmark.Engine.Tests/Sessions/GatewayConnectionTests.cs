using System.Net;
using System.Net.WebSockets;
using System.Runtime.Versioning;
using Touchmark.Cryptography;
using Touchmark.Engine.Sessions;
using Touchmark.Engine.Tests.Server;
using Touchmark.Streaming;
using Touchmark.Streaming.Wire;

namespace Touchmark.Engine.Tests.Sessions;

/// <summary>Who gets in at /api/gateway, who is thrown out, and what either of them is told.</summary>
[SupportedOSPlatform("linux")]
public sealed class GatewayConnectionTests
{
    [Fact]
    public async Task A_plain_request_is_told_to_speak_WebSocket()
    {
        await using var server = await ServerFactory.StartAsync();
        using var stranger = server.Stranger();
        (await stranger.GetAsync("/api/gateway")).IsRefused(HttpStatusCode.UpgradeRequired, "WEBSOCKET_ONLY");
    }

    [Fact]
    public async Task A_printer_that_is_not_enrolled_and_a_key_that_is_not_its_own_get_the_same_answer()
    {
        await using var bench = await PrintBench.OpenAsync();
        using var other = P256.GenerateKey();
        await using var unknown = bench.NewGateway();
        await using var forged = bench.NewGateway(device: other);

        Assert.False(await unknown.ConnectAsync(Guid.CreateVersion7()));
        Assert.False(await forged.ConnectAsync(bench.PrinterId));

        Assert.StartsWith("DEVICE_UNKNOWN", unknown.Farewell, StringComparison.Ordinal);
        Assert.Equal(unknown.Farewell, forged.Farewell);
        Assert.False(await IsOnlineAsync(bench));
    }

    [Fact]
    public async Task A_gateway_that_was_enrolled_with_another_engine_is_refused()
    {
        await using var bench = await PrintBench.OpenAsync();
        using var other = P256.GenerateKey();
        await using var gateway = bench.NewGateway(engineKey: other.PublicKey.ToArray());

        Assert.False(await gateway.ConnectAsync(bench.PrinterId));
    }

    [Fact]
    public async Task A_revoked_printer_is_told_so_once_it_has_proved_its_key()
    {
        await using var bench = await PrintBench.OpenAsync();
        (await bench.Manufacturer.PostAsync($"/api/printers/{bench.PrinterId}/revoke")).IsGood();
        await using var gateway = bench.NewGateway();

        Assert.False(await gateway.ConnectAsync(bench.PrinterId));

        Assert.StartsWith("DEVICE_REVOKED", gateway.Farewell, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_connection_of_the_same_printer_replaces_the_first_and_prints()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var first = await bench.ConnectAsync();
        await using var second = await bench.ConnectAsync();
        Assert.True(await first.IsClosedAsync());

        var job = await bench.StartJobAsync();
        await second.PrintAsync();

        Assert.Equal("done", (await bench.FollowAsync(job)).GetProperty("state").GetString());
    }

    [Fact]
    public async Task Printers_show_whether_their_gateway_is_there_and_what_it_says()
    {
        await using var bench = await PrintBench.OpenAsync();
        Assert.False(await IsOnlineAsync(bench));
        await using var gateway = await bench.ConnectAsync();
        await gateway.SendAsync(new PrinterStatus(bench.Server.Time.GetUtcNow(), PrinterState.Ready, Busy: true, 21.5, 22, "Printing something else").Encode());
        // What was sent before the answer to an offer has arrived when the job has ended.
        var job = await bench.StartJobAsync();
        await gateway.PrintAsync();
        await bench.FollowAsync(job);

        var printer = (await bench.Manufacturer.GetAsync($"/api/printers/{bench.PrinterId}")).IsGood();

        Assert.True(printer["online"].GetBoolean());
        var said = printer["gateway"];
        Assert.Equal("test-gateway 1.0", said.GetProperty("software").GetString());
        Assert.Equal("ready", said.GetProperty("state").GetString());
        Assert.Equal("Printing something else", said.GetProperty("text").GetString());
        Assert.Equal(21.5, said.GetProperty("nozzle_c").GetDouble());
    }

    [Theory]
    [InlineData(WebSocketMessageType.Binary, 40_000, "MESSAGE_TOO_LONG")]
    [InlineData(WebSocketMessageType.Text, 3, "BINARY_ONLY")]
    public async Task A_message_that_no_gateway_sends_ends_the_connection(WebSocketMessageType type, int bytes, string code)
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();

        await gateway.Socket.SendAsync(new byte[bytes], type, endOfMessage: true, CancellationToken.None);

        Assert.True(await gateway.IsClosedAsync());
        Assert.StartsWith(code, gateway.Farewell, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flood_of_messages_ends_the_connection()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();

        for (var sent = 0; sent < 2000 && gateway.Socket.State == WebSocketState.Open; sent++)
        {
            await gateway.SendAsync(new byte[] { 1 });
        }

        Assert.True(await gateway.IsClosedAsync());
        Assert.StartsWith("TOO_MANY_MESSAGES", gateway.Farewell, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Garbage_in_the_middle_of_a_print_changes_nothing_and_is_in_the_certificate()
    {
        await using var bench = await PrintBench.OpenAsync();
        await using var gateway = await bench.ConnectAsync();
        var job = await bench.StartPrintAsync(gateway);
        await gateway.SendAsync(new byte[] { 0x9f, 0x18, 0x15, 0xff });
        await gateway.SendAsync(new byte[300]);
        await gateway.PrintAsync();

        var ended = await bench.FollowAsync(job);

        Assert.Equal("done", ended.GetProperty("state").GetString());
        var verdict = await PrintTests.VerifyAsync(bench, ended);
        Assert.True(verdict.IsValid);
        Assert.Equal("FORGED_FRAMES", Assert.Single(verdict.Certificate!.Alerts).Code);
    }

    [Fact]
    public async Task Connections_that_do_not_say_who_they_are_are_few_and_end_in_time()
    {
        await using var bench = await PrintBench.OpenAsync();
        var silent = new List<PrintingGateway>();
        for (var i = 0; i < 64; i++)
        {
            silent.Add(bench.NewGateway());
            await silent[^1].OpenAsync();
            await silent[^1].NextAsync();
        }

        await using var refused = bench.NewGateway();
        var error = await Assert.ThrowsAsync<WebSocketException>(refused.OpenAsync);
        Assert.Contains("429", error.Message, StringComparison.Ordinal);
        bench.Server.Time.Advance(TimeSpan.FromSeconds(10));
        foreach (var gateway in silent)
        {
            Assert.True(await gateway.IsClosedAsync());
            await gateway.DisposeAsync();
        }
    }

    [Fact]
    public async Task One_address_has_only_so_many_gateways()
    {
        await using var bench = await PrintBench.OpenAsync(arguments: ["--gateways-per-address", "1"]);
        await using var gateway = await bench.ConnectAsync();
        await using var refused = bench.NewGateway();

        var error = await Assert.ThrowsAsync<WebSocketException>(refused.OpenAsync);

        Assert.Contains("429", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateway_that_does_not_read_costs_its_queue_and_is_then_cut_off()
    {
        using var socket = new StuckSocket();
        var link = new GatewayLink(socket, Guid.CreateVersion7(), "test", "ws", TimeProvider.System);
        var exchange = link.ExchangeAsync(CancellationToken.None);
        var taken = 0;
        while (taken < 10_000 && link.Send(new byte[10]))
        {
            taken++;
        }

        Assert.InRange(taken, 256, 257);
        await Assert.ThrowsAnyAsync<WebSocketException>(() => exchange);
        Assert.Equal(WebSocketState.Aborted, socket.State);
    }

    /// <summary>A connection whose other side takes nothing and says nothing.</summary>
    private sealed class StuckSocket : WebSocket
    {
        private readonly TaskCompletionSource aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override WebSocketCloseStatus? CloseStatus => null;

        public override string? CloseStatusDescription => null;

        public override WebSocketState State => aborted.Task.IsCompleted ? WebSocketState.Aborted : WebSocketState.Open;

        public override string? SubProtocol => null;

        public override void Abort() => aborted.TrySetException(new WebSocketException("aborted"));

        public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) => aborted.Task;

        public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) => aborted.Task;

        public override Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken) => aborted.Task;

        public override async Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken)
        {
            await aborted.Task;
            throw new WebSocketException("aborted");
        }

        public override void Dispose() => Abort();
    }

    private static async Task<bool> IsOnlineAsync(PrintBench bench) =>
        Assert.Single((await bench.Manufacturer.GetAsync("/api/printers")).IsGood().Body.EnumerateArray().ToList()).GetProperty("online").GetBoolean();
}
