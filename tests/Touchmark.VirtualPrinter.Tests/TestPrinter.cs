using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Touchmark.VirtualPrinter.Tests;

/// <summary>A whole printer on a clock that the test moves, without sockets.</summary>
internal sealed class TestPrinter : IDisposable
{
    private const double StartTime = 1000;

    private readonly FakeTime time = new();
    private readonly double speed;
    private readonly Reactor reactor;
    private readonly HttpDoor door;
    private readonly TestClient own;

    public TestPrinter(PrinterOptions? options = null)
    {
        speed = (options ?? new PrinterOptions()).Speed;
        reactor = new Reactor(time, speed, StartTime);
        Server = new MoonrakerServer(options ?? new PrinterOptions(), reactor);
        reactor.Run(Server.Start);
        door = new HttpDoor(Server);
        Faults = new FaultDoor(Server);
        own = Connect();
    }

    public MoonrakerServer Server { get; }

    public FaultDoor Faults { get; }

    /// <summary>The printer's clock, s.</summary>
    public double Now => StartTime + time.Elapsed * speed;

    public JsonElement State
    {
        get
        {
            JsonElement state = default;
            reactor.Run(() => state = Json.ToElement(Faults.State()));
            return state;
        }
    }

    public void Advance(double seconds) => time.Advance(seconds);

    public TestClient Connect()
    {
        TestClient? client = null;
        reactor.Run(() => client = new TestClient(this));
        return client!;
    }

    public void Inject(string fault) => reactor.Run(() => Faults.Inject(fault));

    public void Do(Action work) => reactor.Run(work);

    public void Receive(Client client, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        reactor.Run(() => _ = Server.ReceiveAsync(client, bytes));
    }

    /// <summary>Runs a script and lets the time pass that it takes to be accepted.</summary>
    public JsonElement Run(string script, double atMost = 600)
    {
        var id = own.Call("printer.gcode.script", new JsonMap { ["script"] = script });
        return own.WaitFor(id, atMost);
    }

    /// <summary>Sends a script without waiting for it.</summary>
    public void Send(string script) => own.Call("printer.gcode.script", new JsonMap { ["script"] = script });

    /// <summary>The fields of one status object, after the beat that answers the query.</summary>
    public JsonElement Query(string name)
    {
        var answer = own.WaitFor(own.Call("printer.objects.query", new JsonMap { ["objects"] = new JsonMap { [name] = null } }), 1);
        return answer.GetProperty("result").GetProperty("status").GetProperty(name);
    }

    public void Upload(string name, string content) =>
        reactor.Run(() => FileApi.Upload(Server, "gcodes", "", name, null, Encoding.UTF8.GetBytes(content)));

    public async Task<(int Status, string? Reason, IHeaderDictionary Headers, JsonElement Body)> HttpAsync(string method, string path, string? contentType = null, byte[]? body = null)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = method;
        context.Request.Scheme = "http";
        context.Request.Host = new HostString("127.0.0.1", 7125);
        var question = path.IndexOf('?', StringComparison.Ordinal);
        context.Request.Path = Uri.UnescapeDataString(question < 0 ? path : path[..question]);
        context.Request.QueryString = new QueryString(question < 0 ? "" : path[question..]);
        context.Request.ContentType = contentType;
        context.Request.Body = new MemoryStream(body ?? []);
        context.Request.ContentLength = body?.Length;
        using var answer = new MemoryStream();
        context.Response.Body = answer;
        var handling = door.HandleAsync(context);
        // Status queries are answered by the next beat of the printer's clock.
        Advance(0.3);
        await handling;
        using var document = JsonDocument.Parse(answer.ToArray());
        return (context.Response.StatusCode, context.Features.Get<IHttpResponseFeature>()?.ReasonPhrase, context.Response.Headers, document.RootElement.Clone());
    }

    public void Dispose()
    {
        reactor.Dispose();
        Server.Dispose();
    }
}

/// <summary>A websocket client of a <see cref="TestPrinter"/>: what it got, in order.</summary>
internal sealed class TestClient
{
    private readonly TestPrinter printer;
    private readonly Client client;
    private int nextId;

    public TestClient(TestPrinter printer)
    {
        this.printer = printer;
        client = printer.Server.Connect(Receive, () => IsClosed = true);
    }

    public List<JsonElement> Messages { get; } = [];

    /// <summary>When each of <see cref="Messages"/> came, s of printer time.</summary>
    public List<double> Times { get; } = [];

    public bool IsClosed { get; private set; }

    public IEnumerable<string> Console => Notifications("notify_gcode_response").Select(message => message.GetProperty("params")[0].GetString()!);

    public IEnumerable<JsonElement> Notifications(string method) => Messages.Where(message =>
        message.ValueKind == JsonValueKind.Object && message.TryGetProperty("method", out var name) && name.GetString() == method);

    public void Send(string text) => printer.Receive(client, text);

    public int Call(string method, JsonMap? parameters = null)
    {
        var id = ++nextId;
        var message = new JsonMap { ["jsonrpc"] = "2.0", ["method"] = method, ["id"] = id };
        if (parameters is not null)
            message["params"] = parameters;
        Send(Encoding.UTF8.GetString(Json.Encode(message)));
        return id;
    }

    public JsonElement? Answer(long id)
    {
        foreach (var message in Messages)
        {
            if (message.ValueKind == JsonValueKind.Object && !message.TryGetProperty("method", out _) && message.TryGetProperty("id", out var found) && found.ValueKind == JsonValueKind.Number && found.GetInt64() == id)
                return message;
        }

        return null;
    }

    /// <summary>Lets time pass until the answer is there.</summary>
    public JsonElement WaitFor(long id, double atMost)
    {
        for (var waited = 0.0; Answer(id) is null && waited < atMost; waited += 0.05)
            printer.Advance(0.05);
        return Answer(id) ?? throw new InvalidOperationException($"No answer to request {id} within {atMost} s of printer time.");
    }

    public void Disconnect() => printer.Do(() => printer.Server.Disconnect(client));

    private void Receive(byte[] bytes)
    {
        using var document = JsonDocument.Parse(bytes);
        Messages.Add(document.RootElement.Clone());
        Times.Add(printer.Now);
    }
}
