using System.Globalization;
using System.Text.Json;

namespace Touchmark.VirtualPrinter;

/// <summary>A request that Moonraker refuses: <c>code</c> and <c>message</c> as they go over the wire.</summary>
internal sealed class ApiError(int code, string message, object? details = null) : Exception(message)
{
    public int Code => code;

    public object? Details => details;
}

/// <summary>One call of an API method, whichever transport it came by.</summary>
/// <param name="Method">The method's JSON-RPC name, e.g. <c>printer.info</c>.</param>
/// <param name="Arguments">Its parameters: an object, or undefined.</param>
/// <param name="Client">The websocket that it came by; null for HTTP.</param>
internal sealed record ApiRequest(string Method, JsonElement Arguments, Client? Client)
{
    public JsonElement? Find(string name) =>
        Arguments.ValueKind == JsonValueKind.Object && Arguments.TryGetProperty(name, out var value) ? value : null;

    public string Text(string name) => TextOr(name, null) ?? throw new ApiError(400, $"Missing Argument [{name}]");

    public string? TextOr(string name, string? otherwise) => Find(name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Null } or null => otherwise,
        { } other => other.ToString(),
    };

    public int IntOr(string name, int otherwise) => Find(name) switch
    {
        { ValueKind: JsonValueKind.Number } number when number.TryGetInt32(out var value) => value,
        { ValueKind: JsonValueKind.String } text when int.TryParse(text.GetString(), CultureInfo.InvariantCulture, out var value) => value,
        null => otherwise,
        _ => throw new ApiError(400, $"Unable to convert argument [{name}] to <class 'int'>: value received: {Find(name)}"),
    };

    public bool BoolOr(string name, bool otherwise) => Find(name) switch
    {
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { ValueKind: JsonValueKind.String } text => string.Equals(text.GetString(), "true", StringComparison.OrdinalIgnoreCase),
        _ => otherwise,
    };
}

/// <summary>The methods that Moonraker offers, by name.</summary>
internal sealed class ApiTable
{
    private readonly Dictionary<string, Func<ApiRequest, ValueTask<object?>>> methods = new(StringComparer.Ordinal);

    public void Add(string method, Func<ApiRequest, object?> handler) => methods[method] = request => ValueTask.FromResult(handler(request));

    public void AddAsync(string method, Func<ApiRequest, ValueTask<object?>> handler) => methods[method] = handler;

    public bool Has(string method) => methods.ContainsKey(method);

    public ValueTask<object?> CallAsync(ApiRequest request) =>
        methods.TryGetValue(request.Method, out var handler) ? handler(request) : throw new ApiError(-32601, "Method not found");
}
