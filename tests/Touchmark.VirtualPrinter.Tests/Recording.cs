using System.Text.Json;

namespace Touchmark.VirtualPrinter.Tests;

/// <summary>One line of recorded traffic with the real Moonraker.</summary>
internal sealed record Line(int Number, double Time, bool IsSent, string Transport, string Client, JsonElement Message)
{
    public string? Method => Message.ValueKind == JsonValueKind.Object && Message.TryGetProperty("method", out var method) ? method.GetString() : null;

    public long? Id => Message.ValueKind == JsonValueKind.Object && Message.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.Number ? id.GetInt64() : null;

    public bool IsRequest => IsSent && Transport == "ws" && Method is not null;

    public bool IsAnswer => !IsSent && Transport == "ws" && Method is null && Id is not null;
}

/// <summary>The recorded files, and what all of them together teach.</summary>
internal static class Recording
{
    private static readonly Lazy<Dictionary<string, Schema>> Learned = new(Learn);

    public static IEnumerable<string> Files => Directory.GetFiles(Folder, "*.jsonl").Select(path => Path.GetFileNameWithoutExtension(path)!).Order(StringComparer.Ordinal);

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Transcripts");

    public static List<Line> Read(string file)
    {
        var lines = new List<Line>();
        foreach (var text in File.ReadLines(Path.Combine(Folder, file + ".jsonl")))
        {
            using var document = JsonDocument.Parse(text);
            var line = document.RootElement.Clone();
            lines.Add(new Line(
                lines.Count,
                line.GetProperty("t").GetDouble(),
                line.GetProperty("dir").GetString() == "send",
                line.GetProperty("transport").GetString()!,
                line.TryGetProperty("client", out var client) ? client.GetString()! : "",
                line.GetProperty("msg")));
        }

        return lines;
    }

    /// <summary>The schema of <c>result METHOD</c>, <c>notify METHOD</c>, <c>status OBJECT</c> or <c>http VERB PATH</c>; null when never recorded.</summary>
    public static Schema? SchemaOf(string kind) => Learned.Value.GetValueOrDefault(kind);

    /// <summary>Splits a message into the parts that have a schema of their own.</summary>
    public static IEnumerable<(string Kind, JsonElement Value, bool Partial)> Parts(string kind, JsonElement value)
    {
        if (kind is "result printer.objects.query" or "result printer.objects.subscribe")
        {
            // Fields that were asked for by name are a part of the object only.
            foreach (var status in value.GetProperty("status").EnumerateObject())
                yield return ("status " + status.Name, status.Value, true);
        }
        else if (kind == "notify notify_status_update")
        {
            foreach (var status in value[0].EnumerateObject())
                yield return ("status " + status.Name, status.Value, true);
        }
        else
        {
            yield return (kind, value, false);
        }
    }

    private static Dictionary<string, Schema> Learn()
    {
        var schemas = new Dictionary<string, Schema>(StringComparer.Ordinal);
        foreach (var file in Files)
        {
            var requests = new Dictionary<(string, long), string>();
            Line? http = null;
            foreach (var line in Read(file))
            {
                if (line.Transport == "http")
                {
                    if (line.IsSent)
                        http = line;
                    else
                        Add("http " + http!.Method + " " + http.Message.GetProperty("path").GetString()!.Split('?')[0], line.Message.GetProperty("body"));
                }
                else if (line.IsRequest && line.Id is { } id)
                {
                    requests[(line.Client, id)] = line.Method!;
                }
                else if (line.IsAnswer && line.Message.TryGetProperty("result", out var result) && requests.TryGetValue((line.Client, line.Id!.Value), out var method))
                {
                    Add("result " + method, result);
                }
                else if (!line.IsSent && line.Method is { } notification && line.Message.TryGetProperty("params", out var parameters))
                {
                    Add("notify " + notification, parameters);
                }
            }
        }

        return schemas;

        void Add(string kind, JsonElement value)
        {
            foreach (var (part, element, _) in Parts(kind, value))
            {
                if (!schemas.TryGetValue(part, out var schema))
                    schemas[part] = schema = new Schema();
                schema.Learn(element);
            }
        }
    }
}
