using System.Text.Json;

namespace Touchmark.VirtualPrinter;

/// <summary>
/// Moonraker's bridge to Klipper's own API (<c>/klippysocket</c>): requests with <c>id</c>, <c>method</c> and <c>params</c>; subscriptions answer with the
/// client's own template. Of the endpoints, those that a watcher of motion needs.
/// </summary>
internal sealed class KlippySocket(MoonrakerServer server, Action<byte[]> send)
{
    private const double BatchPeriod = 0.500;

    private bool closed;

    public void Close() => closed = true;

    public async Task ReceiveAsync(ReadOnlyMemory<byte> text)
    {
        object? id = null;
        try
        {
            using var document = JsonDocument.Parse(text);
            var message = document.RootElement.Clone();
            if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("method", out var method) || method.ValueKind != JsonValueKind.String)
                return;
            id = message.TryGetProperty("id", out var given) ? given : null;
            var arguments = message.TryGetProperty("params", out var found) ? found : default;
            var result = await CallAsync(method.GetString()!, new ApiRequest(method.GetString()!, arguments, null));
            if (id is not null)
                send(Json.Encode(new JsonMap { ["id"] = id, ["result"] = result }));
        }
        catch (JsonException)
        {
            // Klipper drops what it cannot read.
        }
        catch (ApiError error)
        {
            send(Json.Encode(new JsonMap { ["id"] = id, ["error"] = new JsonMap { ["error"] = "WebRequestError", ["message"] = error.Message } }));
        }
    }

    private async ValueTask<object?> CallAsync(string method, ApiRequest request)
    {
        switch (method)
        {
            case "info":
                return await server.CallAsync(request with { Method = "printer.info" });
            case "objects/list" or "objects/query" or "gcode/script" or "emergency_stop" or "gcode/help":
                var answer = await server.CallAsync(request with { Method = "printer." + method.Replace('/', '.') });
                return answer is "ok" ? new JsonMap() : answer;
            case "motion_report/dump_trapq":
                return DumpMoves(request);
            default:
                throw new ApiError(400, $"webhooks: No registered callback for path '{method}'");
        }
    }

    /// <summary>Every move with its print time, in batches, about as far ahead as the queue reaches.</summary>
    private JsonMap DumpMoves(ApiRequest request)
    {
        var klippy = server.Klippy ?? throw new ApiError(503, "Klippy Host not connected");
        if (klippy.Extra is { IsGuarding: true })
            throw new ApiError(400, "motion_report/dump_trapq is refused while a protected job runs and for a minute after it ([touchmark] guard_motion_report)");
        var name = request.Text("name");
        if (name is not ("toolhead" or "extruder"))
            throw new ApiError(400, $"The value '{name}' is not valid for name");
        var template = request.Find("response_template") ?? Json.ToElement(new JsonMap());
        var history = klippy.Toolhead.History;
        var sent = history.Added;
        var over = false;
        klippy.Scope.Every(BatchPeriod, () =>
        {
            over |= klippy.Extra is { IsGuarding: true };
            if (closed || over || history.Added == sent)
                return;
            var moves = history.Latest(history.Added - sent).Select(segment => segment.Describe(name == "extruder")).SelectMany(pieces => pieces).ToArray();
            sent = history.Added;
            if (moves.Length == 0)
                return;
            var message = new JsonMap();
            foreach (var member in template.ValueKind == JsonValueKind.Object ? template.EnumerateObject().ToArray() : [])
                message[member.Name] = member.Value;
            message["params"] = new JsonMap { ["data"] = moves };
            send(Json.Encode(message));
        });
        return new JsonMap { ["header"] = new[] { "time", "duration", "start_velocity", "acceleration", "start_position", "direction" } };
    }
}
