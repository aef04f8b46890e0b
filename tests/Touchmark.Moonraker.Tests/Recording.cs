using System.Text.Json.Nodes;

namespace Touchmark.Moonraker.Tests;

/// <summary>One recorded conversation with the real Moonraker (v0.10.0-31, Klipper v0.13.0-730).</summary>
internal sealed class Recording
{
    private readonly List<(string Method, JsonNode? Parameters, JsonNode Answer)> _calls = [];
    private readonly List<JsonNode> _notifications = [];

    public static Recording Load(string name)
    {
        var recording = new Recording();
        var open = new Dictionary<long, JsonNode>();
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Recorded", name + ".jsonl")))
        {
            var entry = JsonNode.Parse(line)!;
            if ((string?)entry["transport"] != "ws")
            {
                continue;
            }

            if (entry["msg"] is not JsonObject message)
            {
                continue;
            }

            if ((string?)entry["dir"] == "send")
            {
                // Some recorded requests are malformed on purpose.
                if (message["id"] is JsonValue asked && asked.TryGetValue<long>(out var number))
                {
                    open[number] = message;
                }
            }
            else if (message["id"] is JsonValue id && id.TryGetValue<long>(out var answered) && open.Remove(answered, out var request))
            {
                recording._calls.Add(((string)request["method"]!, request["params"], message));
            }
            else if (message["method"] is not null)
            {
                recording._notifications.Add(message);
            }
        }

        return recording;
    }

    public IEnumerable<JsonNode> Results(string method) => _calls.Where(c => c.Method == method && c.Answer["result"] is not null).Select(c => c.Answer["result"]!);

    public IEnumerable<JsonNode> Notifications(string method) => _notifications.Where(n => (string?)n["method"] == method).Select(n => n["params"]!);

    /// <summary>Lets the stand-in answer each recorded method with the first recorded result; queries with the objects that were asked for.</summary>
    public void AnswerFrom(StandInMoonraker server)
    {
        foreach (var method in _calls.Select(c => c.Method).Distinct())
        {
            if (Results(method).FirstOrDefault() is not { } result)
            {
                continue;
            }

            if (method != "printer.objects.query")
            {
                server.Answer(method, result.ToJsonString());
                continue;
            }

            server.Answer(method, parameters =>
            {
                var asked = parameters!["objects"]!.AsObject().Select(o => o.Key).ToHashSet();
                var status = result["status"]!.AsObject().Where(o => asked.Contains(o.Key)).Select(o => KeyValuePair.Create(o.Key, o.Value?.DeepClone()));
                return new JsonObject { ["eventtime"] = (double)result["eventtime"]!, ["status"] = new JsonObject(status) }.ToJsonString();
            });
        }
    }
}
