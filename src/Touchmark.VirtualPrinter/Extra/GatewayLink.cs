using System.Net.Sockets;
using System.Text.Json;

namespace Touchmark.VirtualPrinter;

/// <summary>
/// The connection to Touchmark's gateway over its Unix socket, which comes back by itself. It belongs to one life of the Klipper host and ends with it. Bytes are
/// read outside of the reactor, everything else happens inside.
/// </summary>
/// <param name="reactor">The printer's clock.</param>
/// <param name="scope">The life of the host.</param>
/// <param name="path">Of the socket.</param>
/// <param name="hello">What it greets with.</param>
/// <param name="onEvent">Takes what the gateway says unasked.</param>
/// <param name="onConnected">Called after each greeting.</param>
internal sealed class GatewayLink(Reactor reactor, ReactorScope scope, string path, JsonMap hello, Action<JsonElement> onEvent, Action onConnected) : IDisposable
{
    /// <summary>Seconds of the wall's clock between two attempts, doubled from the first to the most.</summary>
    private const double RetryFirst = 0.25;
    private const double RetryMost = 5;
    private const double HelloWithin = 5;
    private const int MostOutstanding = 16;

    private readonly Dictionary<uint, Answer> pending = [];
    private readonly CancellationTokenSource stop = new();
    private List<Answer> awaitConnection = [];
    private Socket? socket;
    private double retry = RetryFirst;
    private uint lastId;
    private bool stopped;

    /// <summary>Counts connections: a handle lives as long as the epoch that it was opened in.</summary>
    public int Epoch { get; private set; }

    /// <summary><c>absent</c>, <c>connecting</c> or <c>connected</c>.</summary>
    public string State { get; private set; } = "absent";

    public bool IsConnected => State == "connected";

    /// <summary>When the last well-formed frame came, on the wall's clock.</summary>
    public long Heard { get; private set; } = reactor.Clock.GetTimestamp();

    public void Start() => _ = ConnectAsync();

    /// <summary>As when the process ends: the kernel closes its socket.</summary>
    public void Dispose()
    {
        if (stopped)
            return;
        stopped = true;
        stop.Cancel();
        stop.Dispose();
        socket?.Dispose();
    }

    public Answer Ask(string op, params ReadOnlySpan<(string Name, object? Value)> fields)
    {
        var answer = new Answer(scope);
        if (socket is null || pending.Count >= MostOutstanding)
        {
            answer.Set(Reply.Lost);
            return answer;
        }

        var request = new JsonMap { ["id"] = (long)++lastId, ["op"] = op };
        foreach (var (name, value) in fields)
            request[name] = value;
        pending[lastId] = answer;
        try
        {
            // A few hundred bytes each, and so few at once that the kernel takes them in any case.
            socket.Send(GatewayFrame.Encode(request));
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // The reading side sees it too, and tells all who wait.
        }

        return answer;
    }

    /// <summary>There when requests can be sent.</summary>
    public Answer UntilConnected()
    {
        var answer = new Answer(scope);
        if (IsConnected)
            answer.Set(new Reply(default, []));
        else
            awaitConnection.Add(answer);
        return answer;
    }

    private async Task ConnectAsync()
    {
        var peer = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // Off the reactor, whose lock the caller holds.
            await Task.Yield();
            await peer.ConnectAsync(new UnixDomainSocketEndPoint(path), stop.Token);
            Inside(() => Greet(peer));
            await using var stream = new NetworkStream(peer);
            while (await GatewayFrame.ReadAsync(stream, stop.Token) is { } frame)
                Inside(() => Take(frame));
        }
        catch (Exception failure) when (failure is SocketException or IOException or InvalidDataException or OperationCanceledException or ObjectDisposedException)
        {
            // Gone, silent or no gateway: all the same to a printer, which tries again.
        }

        peer.Dispose();
        Inside(Lose);
    }

    private void Inside(Action work) => reactor.Run(() =>
    {
        if (!stopped)
            work();
    });

    private void Greet(Socket peer)
    {
        (socket, State) = (peer, "connecting");
        _ = GreetAsync(peer);
    }

    private async Task GreetAsync(Socket peer)
    {
        var greeting = await Ask("hello", [.. hello.Select(member => (member.Key, member.Value))]).Within(HelloWithin);
        if (socket != peer)
            return;
        if (greeting is not { IsOk: true })
        {
            // The reading side ends with it.
            peer.Dispose();
            return;
        }

        (State, retry) = ("connected", RetryFirst);
        Epoch++;
        (var waiting, awaitConnection) = (awaitConnection, []);
        foreach (var answer in waiting)
            answer.Set(greeting);
        onConnected();
    }

    private void Take(Reply frame)
    {
        Heard = reactor.Clock.GetTimestamp();
        if (frame.Message.TryGetProperty("event", out var name) && name.ValueKind == JsonValueKind.String)
        {
            if (IsConnected)
                onEvent(frame.Message);
        }
        else if (GatewayFrame.Whole(frame.Message, "id") is { } id and <= uint.MaxValue && pending.Remove((uint)id, out var answer))
        {
            answer.Set(frame);
        }
    }

    private void Lose()
    {
        (socket, State) = (null, "absent");
        var unanswered = pending.Values.ToArray();
        pending.Clear();
        foreach (var answer in unanswered)
            answer.Set(Reply.Lost);
        scope.Schedule(scope.OnTheWall(retry), Start);
        retry = Math.Min(retry * 2, RetryMost);
    }
}
