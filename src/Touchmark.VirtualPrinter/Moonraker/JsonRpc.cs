using System.Text.Json;

namespace Touchmark.VirtualPrinter;

/// <summary>JSON-RPC 2.0 as Moonraker speaks it on <c>/websocket</c>: requests, batches, notifications, and answers of agents.</summary>
internal static class JsonRpc
{
    private const int MaxDepth = 64;

    public static byte[] Notification(string method, params ReadOnlySpan<object?> parameters)
    {
        var message = new JsonMap { ["jsonrpc"] = "2.0", ["method"] = method };
        if (parameters.Length > 0)
            message["params"] = parameters.ToArray();
        return Json.Encode(message);
    }

    /// <summary>Takes one message from <paramref name="client"/>; the answer, if one is due, goes to it when it is known.</summary>
    public static async Task ReceiveAsync(MoonrakerServer server, Client client, ReadOnlyMemory<byte> text)
    {
        JsonElement message;
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = MaxDepth });
            message = document.RootElement.Clone();
        }
        catch (JsonException)
        {
            client.Send(Json.Encode(Error(null, -32700, "Parse error")));
            return;
        }

        if (message.ValueKind != JsonValueKind.Array)
        {
            if (await AnswerAsync(server, client, message) is { } answer)
                client.Send(Json.Encode(answer));
            return;
        }

        if (message.GetArrayLength() == 0)
        {
            client.Send(Json.Encode(Error(null, -32600, "Invalid Request")));
            return;
        }

        var answers = new List<object?>();
        foreach (var item in message.EnumerateArray())
        {
            if (await AnswerAsync(server, client, item) is { } answer)
                answers.Add(answer);
        }

        if (answers.Count > 0)
            client.Send(Json.Encode(answers));
    }

    private static async ValueTask<JsonMap?> AnswerAsync(MoonrakerServer server, Client client, JsonElement message)
    {
        if (message.ValueKind != JsonValueKind.Object)
            return Error(null, -32600, "Invalid Request");
        var id = message.TryGetProperty("id", out var given) ? (object?)given : null;
        if (!message.TryGetProperty("method", out var name) && id is JsonElement { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out var request))
        {
            client.Answer(request, message);
            return null;
        }

        if (name.ValueKind != JsonValueKind.String || !message.TryGetProperty("jsonrpc", out var version) || version.ValueKind != JsonValueKind.String || version.GetString() != "2.0")
            return Error(id, -32600, "Invalid Request");
        var parameters = message.TryGetProperty("params", out var found) ? found : default;
        if (parameters.ValueKind is not (JsonValueKind.Object or JsonValueKind.Undefined or JsonValueKind.Null))
            return Error(id, -32602, "Invalid params:");
        try
        {
            var result = await server.CallAsync(new ApiRequest(name.GetString()!, parameters, client));
            return id is null ? null : new JsonMap { ["jsonrpc"] = "2.0", ["result"] = result, ["id"] = id };
        }
        catch (ApiError error)
        {
            return id is null ? null : Error(id, error.Code == 404 ? -32601 : error.Code, error.Message, error.Details);
        }
        catch (CommandError error)
        {
            return id is null ? null : Error(id, 400, error.Message);
        }
    }

    private static JsonMap Error(object? id, int code, string message, object? details = null)
    {
        var error = new JsonMap { ["code"] = code, ["message"] = message };
        if (details is not null)
            error["data"] = details;
        return new JsonMap { ["jsonrpc"] = "2.0", ["error"] = error, ["id"] = id };
    }
}
