using System.Text.Json;

namespace Touchmark.VirtualPrinter;

/// <summary>
/// Klipper's status timer: every 250 ms of printer time it answers the queries that came in since, and tells each subscriber which fields changed.
/// </summary>
internal sealed class StatusBeat(Klippy klippy, Behaviour behaviour, Func<IEnumerable<Client>> clients)
{
    private readonly List<(Dictionary<string, HashSet<string>?> Objects, TaskCompletionSource<object?> Answer)> queries = [];
    private readonly Dictionary<string, JsonMap> previous = new(StringComparer.Ordinal);

    /// <summary>Raised after each beat.</summary>
    public event Action? Beaten;

    public void Start() => klippy.Scope.Every(behaviour.ReportPeriod, Beat);

    /// <summary>Answers with the asked fields at the next beat.</summary>
    public Task<object?> QueryAsync(Dictionary<string, HashSet<string>?> objects)
    {
        var answer = new TaskCompletionSource<object?>();
        queries.Add((objects, answer));
        return answer.Task;
    }

    /// <summary>Reads which objects and fields are asked for: names with null for all fields, or a list of field names.</summary>
    public static Dictionary<string, HashSet<string>?> ReadObjects(ApiRequest request)
    {
        var objects = request.Find("objects") is { ValueKind: JsonValueKind.Object } given ? given : throw new ApiError(400, "Invalid argument 'objects'");
        var result = new Dictionary<string, HashSet<string>?>(StringComparer.Ordinal);
        foreach (var member in objects.EnumerateObject())
        {
            result[member.Name] = member.Value.ValueKind switch
            {
                JsonValueKind.Null => null,
                JsonValueKind.Array => [.. member.Value.EnumerateArray().Select(field => field.ToString())],
                _ => throw new ApiError(400, "Invalid argument 'objects'"),
            };
        }

        return result;
    }

    private void Beat()
    {
        var now = new Dictionary<string, JsonMap>(StringComparer.Ordinal);
        // Copies, since some objects are changed in place.
        JsonMap StatusOf(string name)
        {
            if (!now.TryGetValue(name, out var status))
                now[name] = status = klippy.Status(name) is { } found ? behaviour.Report(name, found.Copy(), klippy.Scope.Now) : [];
            return status;
        }

        var changes = new Dictionary<string, JsonMap>(StringComparer.Ordinal);
        foreach (var client in clients())
        {
            if (client.Subscription.Count == 0)
                continue;
            var news = new JsonMap();
            foreach (var (name, fields) in client.Subscription)
            {
                if (!changes.TryGetValue(name, out var changed))
                {
                    changes[name] = changed = Changes(previous.GetValueOrDefault(name), StatusOf(name));
                    previous[name] = StatusOf(name);
                }

                var seen = Filter(changed, fields);
                if (seen.Count > 0)
                    news[name] = seen;
            }

            if (news.Count > 0)
                client.Send(JsonRpc.Notification("notify_status_update", news, klippy.Scope.Now));
        }

        var answered = queries.ToArray();
        queries.Clear();
        foreach (var (objects, answer) in answered)
        {
            var status = new JsonMap();
            foreach (var (name, fields) in objects)
            {
                status[name] = Pick(StatusOf(name), fields);
                previous[name] = StatusOf(name);
            }

            answer.SetResult(new JsonMap { ["eventtime"] = klippy.Scope.Now, ["status"] = status });
        }

        behaviour.Look(klippy);
        Beaten?.Invoke();
    }

    private static JsonMap Changes(JsonMap? before, JsonMap after)
    {
        var result = new JsonMap();
        foreach (var (field, value) in after)
        {
            if (before is null || !before.TryGetValue(field, out var old) || !Json.Same(old, value))
                result[field] = value;
        }

        return result;
    }

    private static JsonMap Filter(JsonMap map, HashSet<string>? fields)
    {
        if (fields is null)
            return map;
        var result = new JsonMap();
        foreach (var (field, value) in map)
        {
            if (fields.Contains(field))
                result[field] = value;
        }

        return result;
    }

    /// <summary>As <see cref="Filter"/>, with null for a field that the object does not have.</summary>
    private static JsonMap Pick(JsonMap map, HashSet<string>? fields)
    {
        if (fields is null)
            return map;
        var result = new JsonMap();
        foreach (var field in fields)
            result[field] = map.GetValueOrDefault(field);
        return result;
    }
}
