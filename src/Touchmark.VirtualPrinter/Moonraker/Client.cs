using System.Text.Json;

namespace Touchmark.VirtualPrinter;

/// <summary>One websocket client as Moonraker knows it. Sending only puts a message into its outbox.</summary>
internal sealed class Client(long id, Action<byte[]> send, Action close)
{
    private readonly Dictionary<long, Action<JsonElement>> waiting = [];

    public long Id => id;

    public string Name { get; set; } = "";

    public string Version { get; set; } = "";

    public string Kind { get; set; } = "";

    public string Url { get; set; } = "";

    public bool IsAgent => Kind == "agent";

    /// <summary>Methods that this agent offers to macros (<c>connection.register_remote_method</c>).</summary>
    public HashSet<string> RemoteMethods { get; } = new(StringComparer.Ordinal);

    /// <summary>Objects it subscribed to, with the fields (null for all).</summary>
    public Dictionary<string, HashSet<string>?> Subscription { get; } = new(StringComparer.Ordinal);

    public JsonMap Describe() => new() { ["name"] = Name, ["version"] = Version, ["type"] = Kind, ["url"] = Url };

    public void Send(byte[] message) => send(message);

    public void Close() => close();

    /// <summary>Waits for the answer to a request that was sent to this client.</summary>
    public void Expect(long request, Action<JsonElement> answer) => waiting[request] = answer;

    /// <summary>Hands an answer to whoever waits for it.</summary>
    public void Answer(long request, JsonElement message)
    {
        if (waiting.Remove(request, out var answer))
            answer(message);
    }

    /// <summary>Nobody will answer any more.</summary>
    public IEnumerable<Action<JsonElement>> TakeWaiting()
    {
        var all = waiting.Values.ToArray();
        waiting.Clear();
        return all;
    }
}
