using System.Text.Json;

namespace Touchmark.VirtualPrinter;

/// <summary>Who the clients are, and agents: clients that offer methods to others and to macros (Moonraker's <c>extensions.py</c>).</summary>
internal sealed class Extensions
{
    private static readonly string[] Kinds = ["web", "mobile", "desktop", "display", "bot", "agent", "other"];

    private readonly MoonrakerServer server;
    private long nextRequest = 139_974_511_007_136;

    public Extensions(MoonrakerServer server, ApiTable api)
    {
        this.server = server;
        api.Add("server.connection.identify", Identify);
        api.Add("connection.register_remote_method", RegisterRemoteMethod);
        api.Add("connection.send_event", SendEvent);
        api.Add("server.extensions.list", _ => new JsonMap { ["agents"] = Agents.Select(agent => agent.Describe()).ToArray() });
        api.AddAsync("server.extensions.request", RequestAsync);
    }

    private IEnumerable<Client> Agents => server.Clients.Where(client => client.IsAgent);

    /// <summary>A macro calls a method of an agent; nobody waits for an answer.</summary>
    public void CallRemote(string method, JsonMap arguments)
    {
        var message = Json.Encode(new JsonMap { ["jsonrpc"] = "2.0", ["method"] = method, ["params"] = arguments });
        foreach (var agent in Agents.Where(agent => agent.RemoteMethods.Contains(method)))
            agent.Send(message);
    }

    public void Disconnected(Client client)
    {
        foreach (var answer in client.TakeWaiting())
            answer(Json.ToElement(new JsonMap { ["error"] = new JsonMap { ["code"] = 503, ["message"] = "Agent disconnected" } }));
        if (client.IsAgent)
            server.Notify("notify_agent_event", new JsonMap { ["agent"] = client.Name, ["event"] = "disconnected" });
    }

    private object? Identify(ApiRequest request)
    {
        var client = request.Client ?? throw new ApiError(400, "No connection detected");
        if (client.Name.Length > 0)
            throw new ApiError(400, "Connection already identified");
        var name = request.Text("client_name");
        var version = request.Text("version");
        var kind = request.Text("type").ToLowerInvariant();
        var url = request.Text("url");
        if (!Kinds.Contains(kind))
            throw new ApiError(400, $"Invalid Client Type: {kind}");
        if (kind == "agent" && Agents.Any(agent => agent.Name == name))
            throw new ApiError(400, $"Agent '{name}' already registered and connected'");
        (client.Name, client.Version, client.Kind, client.Url) = (name, version, kind, url);
        if (client.IsAgent)
            TellOthers(client, new JsonMap { ["agent"] = name, ["event"] = "connected", ["data"] = client.Describe() });
        return new JsonMap { ["connection_id"] = client.Id };
    }

    private static object RegisterRemoteMethod(ApiRequest request)
    {
        if (request.Client is not { IsAgent: true } client)
            throw new ApiError(400, "Only connections of the 'agent' type can register methods");
        client.RemoteMethods.Add(request.Text("method_name"));
        return "ok";
    }

    private object SendEvent(ApiRequest request)
    {
        if (request.Client is not { IsAgent: true } client)
            throw new ApiError(400, "Only connections of the 'agent' type can send events");
        var name = request.Text("event");
        if (name is "connected" or "disconnected")
            throw new ApiError(400, $"Event '{name}' is reserved");
        var message = new JsonMap { ["agent"] = client.Name, ["event"] = name };
        if (request.Find("data") is { } data)
            message["data"] = data;
        TellOthers(client, message);
        return "ok";
    }

    private void TellOthers(Client sender, JsonMap agentEvent)
    {
        var message = JsonRpc.Notification("notify_agent_event", agentEvent);
        foreach (var client in server.Clients.Where(client => client != sender))
            client.Send(message);
    }

    private async ValueTask<object?> RequestAsync(ApiRequest request)
    {
        var name = request.Text("agent");
        var agent = Agents.FirstOrDefault(candidate => candidate.Name == name) ?? throw new ApiError(400, $"Agent {name} not connected");
        var id = nextRequest += 144;
        var message = new JsonMap { ["jsonrpc"] = "2.0", ["method"] = request.Text("method"), ["id"] = id };
        if (request.Find("arguments") is { } arguments)
            message["params"] = arguments;
        var answer = new TaskCompletionSource<JsonElement>();
        agent.Expect(id, element => answer.SetResult(element.Clone()));
        agent.Send(Json.Encode(message));
        var reply = await answer.Task;
        if (reply.TryGetProperty("error", out var error))
            throw new ApiError(424, $"Agent {name} RPC error", error);
        return reply.TryGetProperty("result", out var result) ? result : null;
    }
}
