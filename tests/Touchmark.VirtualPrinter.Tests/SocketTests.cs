using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Touchmark.VirtualPrinter.Tests;

/// <summary>The same printer behind real sockets.</summary>
public sealed class SocketTests
{
    [Fact]
    public async Task A_client_on_a_real_websocket_is_served_and_can_be_dropped()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var host = new PrinterHost(new PrinterOptions { Port = 0, Speed = 20 }, TimeProvider.System);
        var address = await host.StartAsync(cancel);
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri(address.Replace("http", "ws", StringComparison.Ordinal) + "/websocket"), cancel);
        await SendAsync(socket, """{"jsonrpc":"2.0","method":"printer.objects.query","params":{"objects":{"webhooks":null}},"id":1}""");
        var answer = await ReadUntilAsync(socket, message => message.TryGetProperty("id", out _));
        Assert.Equal("ready", answer!.Value.GetProperty("result").GetProperty("status").GetProperty("webhooks").GetProperty("state").GetString());

        using var http = new HttpClient { BaseAddress = new Uri(address) };
        Assert.Equal(1, (await http.GetFromJsonAsync<JsonElement>("/virtual/state", cancel)).GetProperty("connections").GetInt32());
        using var fault = await http.PostAsync("/virtual/fault", new StringContent("""{"fault":"drop_connections"}"""), cancel);
        Assert.True(fault.IsSuccessStatusCode);
        Assert.Null(await ReadUntilAsync(socket, static _ => false));
    }

    [Fact]
    public async Task The_bridge_to_klipper_tells_every_move_ahead_of_time()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var host = new PrinterHost(new PrinterOptions { Port = 0, Speed = 20 }, TimeProvider.System);
        var address = await host.StartAsync(cancel);
        using var http = new HttpClient { BaseAddress = new Uri(address) };
        (await http.PostAsync("/printer/gcode/script?script=G28", null, cancel)).EnsureSuccessStatusCode();
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri(address.Replace("http", "ws", StringComparison.Ordinal) + "/klippysocket"), cancel);
        await SendAsync(socket, """{"id":7,"method":"motion_report/dump_trapq","params":{"name":"toolhead","response_template":{"key":1}}}""");
        var header = await ReadUntilAsync(socket, message => message.TryGetProperty("id", out _));
        Assert.Equal("time", header!.Value.GetProperty("result").GetProperty("header")[0].GetString());
        (await http.PostAsync("/printer/gcode/script?script=G1%20X50%20F6000", null, cancel)).EnsureSuccessStatusCode();
        var batch = await ReadUntilAsync(socket, message => message.TryGetProperty("params", out _));
        Assert.Equal(1, batch!.Value.GetProperty("key").GetInt32());
        var last = batch.Value.GetProperty("params").GetProperty("data").EnumerateArray().Last();
        Assert.Equal(1, last[5][0].GetDouble(), 9);
    }

    private static Task SendAsync(ClientWebSocket socket, string text) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, TestContext.Current.CancellationToken);

    /// <summary>The first message that is wanted; null when the connection ends before.</summary>
    private static async Task<JsonElement?> ReadUntilAsync(ClientWebSocket socket, Func<JsonElement, bool> wanted)
    {
        var buffer = new byte[256 * 1024];
        while (true)
        {
            var length = 0;
            try
            {
                WebSocketReceiveResult part;
                do
                {
                    part = await socket.ReceiveAsync(new ArraySegment<byte>(buffer, length, buffer.Length - length), TestContext.Current.CancellationToken);
                    length += part.Count;
                }
                while (!part.EndOfMessage);
                if (part.MessageType == WebSocketMessageType.Close)
                    return null;
            }
            catch (WebSocketException)
            {
                return null;
            }

            using var document = JsonDocument.Parse(buffer.AsMemory(0, length));
            if (wanted(document.RootElement))
                return document.RootElement.Clone();
        }
    }
}
