using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Touchmark.VirtualPrinter.Tests;

/// <summary>A gateway at its printer socket that a test scripts. Its encrypted files all hold <see cref="Text"/>.</summary>
internal sealed class StandInGateway : IAsyncDisposable
{
    private readonly string path;
    private readonly CancellationTokenSource stop = new();
    private readonly Channel<JsonNode> asked = Channel.CreateUnbounded<JsonNode>();
    private readonly Socket listener;
    private readonly Task serving;
    private readonly ConcurrentQueue<JsonNode> muted = [];
    private Socket? caller;
    private long lastHandle;

    public StandInGateway(string path)
    {
        this.path = path;
        listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(4);
        serving = ServeAsync();
    }

    public byte[] Text { get; set; } = [];

    /// <summary>What <c>next</c> gives, one after the other; an empty one means that there is none yet.</summary>
    public Queue<string> Segments { get; } = [];

    public string? Refusal { get; set; }

    /// <summary>Operations that get no answer until <see cref="ReleaseAsync"/>.</summary>
    public HashSet<string> Mute { get; } = [];

    /// <summary>Answers what was not answered, and all that comes.</summary>
    public async Task ReleaseAsync()
    {
        Mute.Clear();
        while (muted.TryDequeue(out var request))
            await AnswerAsync(caller!, request);
    }

    /// <summary>The next request of this kind; those before it are passed over.</summary>
    public async Task<JsonNode> AskedAsync(string op)
    {
        await foreach (var request in asked.Reader.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            if ((string)request["op"]! == op)
                return request;
        }

        throw new InvalidOperationException($"Nobody asked for {op}.");
    }

    public Task SayAsync(string json) => SendAsync(caller!, JsonNode.Parse(json)!.AsObject(), []);

    public async ValueTask DisposeAsync()
    {
        if (serving.IsCompleted)
            return;
        await stop.CancelAsync();
        listener.Dispose();
        caller?.Dispose();
        await serving;
        stop.Dispose();
        File.Delete(path);
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                caller = await listener.AcceptAsync(stop.Token);
                await using var stream = new NetworkStream(caller);
                while (await GatewayFrame.ReadAsync(stream, stop.Token) is { } frame)
                {
                    var request = JsonNode.Parse(frame.Message.GetRawText())!;
                    var isMuted = Mute.Contains((string)request["op"]!);
                    if (isMuted)
                        muted.Enqueue(request);
                    asked.Writer.TryWrite(request);
                    if (!isMuted)
                        await AnswerAsync(caller, request);
                }
            }
        }
        catch (Exception over) when (over is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            asked.Writer.TryComplete();
        }
    }

    private async Task AnswerAsync(Socket to, JsonNode request)
    {
        var op = (string)request["op"]!;
        var raw = Array.Empty<byte>();
        var answer = new JsonObject { ["id"] = (uint)request["id"]!, ["ok"] = Refusal is null || op != "open" };
        switch (op)
        {
            case "hello":
                answer["version"] = 1;
                break;
            case "probe":
                answer["kind"] = "sealed";
                break;
            case "open" when Refusal is not null:
                (answer["code"], answer["text"], answer["fix"]) = (Refusal, "No.", "Ask again.");
                break;
            case "open":
                (answer["handle"], answer["size"], answer["kind"], answer["name"], answer["layers"]) = (++lastHandle, Text.Length, "sealed", "bracket.gcode", 3);
                break;
            case "read":
                raw = Text.AsSpan((int)request["offset"]!, (int)request["length"]!).ToArray();
                break;
            case "next" when Segments.TryDequeue(out var segment):
                raw = Encoding.ASCII.GetBytes(segment);
                answer["eof"] = false;
                break;
            case "next":
                answer["eof"] = true;
                break;
        }

        await SendAsync(to, answer, raw);
    }

    private static async Task SendAsync(Socket to, JsonObject message, byte[] raw)
    {
        if (raw.Length > 0)
            message["bytes"] = raw.Length;
        var json = Encoding.UTF8.GetBytes(message.ToJsonString());
        var prefix = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(prefix, json.Length);
        await to.SendAsync((byte[])[.. prefix, .. json, .. raw], TestContext.Current.CancellationToken);
    }
}
