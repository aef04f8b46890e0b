using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Touchmark.Gateway.Tests;

/// <summary>A program on the printer's host that talks to the gateway's socket: frames by hand, apart from the code under test.</summary>
internal sealed class PrinterClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private uint _lastId;

    /// <summary>Events that came between answers.</summary>
    public List<JsonNode> Events { get; } = [];

    public static async Task<PrinterClient> ConnectAsync(string path, string? gcodes = null)
    {
        var client = new PrinterClient();
        await client._socket.ConnectAsync(new UnixDomainSocketEndPoint(path), TestContext.Current.CancellationToken);
        var (answer, _) = await client.AskAsync("hello", ("role", "klipper"), ("version", 1), ("software", "test"), ("gcodes", gcodes));
        Assert.True((bool)answer["ok"]!);
        return client;
    }

    /// <summary>Connects and says nothing.</summary>
    public static async Task<PrinterClient> ConnectSilentlyAsync(string path)
    {
        var client = new PrinterClient();
        await client._socket.ConnectAsync(new UnixDomainSocketEndPoint(path), TestContext.Current.CancellationToken);
        return client;
    }

    public async Task<(JsonNode Answer, byte[] Raw)> AskAsync(string op, params (string Name, JsonNode? Value)[] fields)
    {
        var request = new JsonObject { ["id"] = ++_lastId, ["op"] = op };
        foreach (var (name, value) in fields)
        {
            request[name] = value;
        }

        await SendAsync(Frame(Encoding.UTF8.GetBytes(request.ToJsonString())));
        while (true)
        {
            var (message, raw) = await ReceiveAsync() ?? throw new InvalidOperationException("the gateway closed the connection");
            if (message["event"] is null)
            {
                Assert.Equal(_lastId, (uint)message["id"]!);
                return (message, raw);
            }

            Events.Add(message);
        }
    }

    /// <summary>The next event of that name.</summary>
    public async Task<JsonNode> EventAsync(string name)
    {
        while (true)
        {
            if (Events.Find(told => (string)told["event"]! == name) is { } found)
            {
                Events.Remove(found);
                return found;
            }

            Events.Add((await ReceiveAsync() ?? throw new InvalidOperationException("the gateway closed the connection")).Message);
        }
    }

    /// <summary>The code of a refusal.</summary>
    public async Task<string> RefusedAsync(string op, params (string Name, JsonNode? Value)[] fields)
    {
        var (answer, raw) = await AskAsync(op, fields);
        Assert.False((bool)answer["ok"]!);
        Assert.Empty(raw);
        Assert.NotEqual("", (string)answer["text"]!);
        Assert.NotEqual("", (string)answer["fix"]!);
        return (string)answer["code"]!;
    }

    public Task SendAsync(byte[] bytes) => _socket.SendAsync(bytes, TestContext.Current.CancellationToken).AsTask();

    /// <summary>Null once the gateway has closed the connection.</summary>
    public async Task<(JsonNode Message, byte[] Raw)?> ReceiveAsync()
    {
        if (await TakeAsync(4) is not { } prefix)
        {
            return null;
        }

        var message = JsonNode.Parse(await TakeAsync(BinaryPrimitives.ReadInt32BigEndian(prefix)))!;
        return (message, message["bytes"] is { } bytes ? (await TakeAsync((int)bytes))! : []);
    }

    public static byte[] Frame(byte[] body)
    {
        var frame = new byte[4 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, body.Length);
        body.CopyTo(frame, 4);
        return frame;
    }

    public void Dispose() => _socket.Dispose();

    private async Task<byte[]?> TakeAsync(int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            var read = 0;
            try
            {
                read = await _socket.ReceiveAsync(bytes.AsMemory(at), TestContext.Current.CancellationToken);
            }
            catch (SocketException failure) when (failure.SocketErrorCode == SocketError.ConnectionReset)
            {
                // Closed with something of ours unread.
            }

            if (read == 0)
            {
                return null;
            }

            at += read;
        }

        return bytes;
    }
}
