using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Touchmark.VirtualPrinter.Tests;

/// <summary>Plays what the recorded client sent to the virtual printer, at the recorded times, and collects where the answers differ.</summary>
internal sealed partial class Replay(string file) : IDisposable
{
    /// <summary>How much longer (s) than the recorded printer the virtual one may take over one answer.</summary>
    private const double Patience = 60;

    /// <summary>Methods whose whole result must be equal, not just alike; those of <see cref="Personal"/> but for what is this machine's own.</summary>
    private static readonly HashSet<string> Exact = new(StringComparer.Ordinal)
    {
        "server.info", "server.files.roots", "printer.objects.list", "printer.gcode.help", "printer.gcode.script", "access.info", "server.announcements.list",
        "server.database.list", "server.job_queue.status", "server.extensions.list", "server.extensions.request", "server.files.thumbnails", "server.config",
        "printer.emergency_stop", "printer.restart", "printer.firmware_restart", "printer.print.start", "printer.print.pause", "printer.print.resume",
        "printer.print.cancel", "connection.register_remote_method", "connection.send_event", "printer.info",
    };

    private static readonly string[] Personal = ["hostname", "process_id", "websocket_count"];

    private readonly TestPrinter printer = Scenario.Prepare(file);
    private readonly Dictionary<string, TestClient> clients = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, long), string> methods = [];
    private readonly List<string> differences = [];
    private double started;

    public async Task<List<string>> RunAsync()
    {
        var lines = Recording.Read(file);
        started = printer.Now;
        var answers = new List<Line>();
        Line? http = null;
        foreach (var label in lines.Where(line => line.Transport == "ws").Select(line => line.Client).Distinct(StringComparer.Ordinal).Where(label => label is not ("agent-dup" or "agent")))
            clients[label] = printer.Connect();
        foreach (var line in lines)
        {
            if (started + line.Time > printer.Now)
                printer.Advance(started + line.Time - printer.Now);
            Scenario.At(file, line, printer, clients);
            if (line.Transport == "http")
            {
                if (line.IsSent)
                    http = line;
                else
                    await CompareHttpAsync(http!, line);
            }
            else if (line.Transport == "ws" && line.IsSent)
            {
                foreach (var earlier in answers)
                    Wait(earlier);
                Send(line);
            }
            else if (line.IsAnswer)
            {
                answers.Add(line);
            }
        }

        foreach (var answer in answers)
        {
            Wait(answer);
            CompareAnswer(answer);
        }

        CompareOdd(lines);
        foreach (var (label, client) in clients)
            CompareNotifications(label, client, lines);
        return differences;
    }

    public void Dispose() => printer.Dispose();

    private TestClient ClientOf(string label)
    {
        if (!clients.TryGetValue(label, out var client))
            clients[label] = client = printer.Connect();
        return client;
    }

    private void Send(Line line)
    {
        var client = ClientOf(line.Client);
        if (line.Message.TryGetProperty("raw", out var raw))
        {
            client.Send(raw.GetString() == "batch of server.info, printer.info"
                ? """[{"jsonrpc":"2.0","method":"server.info","id":901},{"jsonrpc":"2.0","method":"printer.info","id":902}]"""
                : raw.GetString()!);
        }
        else if (line.Method is { } method)
        {
            if (line.Id is { } id)
                methods[(line.Client, id)] = method;
            client.Send(line.Message.GetRawText());
        }
        else
        {
            // An agent's answer: to the request that it got last, whose id is ours and not the recorded one.
            var asked = client.Messages.Last(message => message.TryGetProperty("method", out _) && message.TryGetProperty("id", out _)).GetProperty("id").GetInt64();
            client.Send(line.Message.GetRawText().Replace($"\"id\":{line.Id}", $"\"id\":{asked}", StringComparison.Ordinal));
        }
    }

    private void Wait(Line answer)
    {
        if (methods.ContainsKey((answer.Client, answer.Id!.Value)))
            ClientOf(answer.Client).WaitFor(answer.Id!.Value, Patience);
    }

    private void CompareAnswer(Line recorded)
    {
        if (!methods.TryGetValue((recorded.Client, recorded.Id!.Value), out var method))
            return;
        var actual = ClientOf(recorded.Client).Answer(recorded.Id!.Value)!.Value;
        var place = $"line {recorded.Number + 1}, {method}";
        if (recorded.Message.TryGetProperty("error", out var error))
        {
            var refused = actual.TryGetProperty("error", out var found) ? found.GetRawText() : "a result";
            if (Normal(refused) != Normal(error.GetRawText()))
                differences.Add($"{place}: answered {refused}, recorded {error.GetRawText()}");
        }
        else if (!actual.TryGetProperty("result", out var result))
        {
            differences.Add($"{place}: answered {actual.GetRawText()}, recorded a result");
        }
        else
        {
            CompareValue(place, "result " + method, recorded.Message.GetProperty("result"), result);
            if (Exact.Contains(method) && Impersonal(result) != Impersonal(recorded.Message.GetProperty("result")))
                differences.Add($"{place}: answered {result.GetRawText()}, recorded {recorded.Message.GetProperty("result").GetRawText()}");
        }
    }

    /// <summary>The value must look like all that was recorded of its kind, and have every member that was recorded here.</summary>
    private void CompareValue(string place, string kind, JsonElement recorded, JsonElement actual)
    {
        foreach (var (part, value, partial) in Recording.Parts(kind, actual))
        {
            if (Recording.SchemaOf(part) is { } schema)
                differences.AddRange(schema.Differences(value, part, partial).Select(difference => $"{place}: {difference}"));
            else
                differences.Add($"{place}: {part} was never recorded");
        }

        foreach (var missing in Missing(recorded, actual, ""))
            differences.Add($"{place}: {missing} is missing");
    }

    private static IEnumerable<string> Missing(JsonElement recorded, JsonElement actual, string path)
    {
        if (recorded.ValueKind != JsonValueKind.Object || actual.ValueKind != JsonValueKind.Object)
            yield break;
        foreach (var member in recorded.EnumerateObject().Where(member => !Scenario.IsFree($"{path}.{member.Name}")))
        {
            if (!actual.TryGetProperty(member.Name, out var value))
            {
                yield return $"{path}.{member.Name}";
                continue;
            }

            foreach (var inner in Missing(member.Value, value, $"{path}.{member.Name}"))
                yield return inner;
        }
    }

    private async Task CompareHttpAsync(Line sent, Line recorded)
    {
        var path = sent.Message.GetProperty("path").GetString()!;
        var (contentType, body) = Body(sent.Message);
        var (status, reason, headers, actual) = await printer.HttpAsync(sent.Method!, path, contentType, body);
        var place = $"line {sent.Number + 1}, {sent.Method} {path}";
        if (status != recorded.Message.GetProperty("status").GetInt32())
            differences.Add($"{place}: status {status}, recorded {recorded.Message.GetProperty("status")}: {actual.GetRawText()}");
        var recordedHeaders = recorded.Message.GetProperty("headers");
        if (headers.ContentType != recordedHeaders.GetProperty("Content-Type").GetString())
            differences.Add($"{place}: Content-Type {headers.ContentType}");
        if (recordedHeaders.TryGetProperty("Location", out var location) && headers.Location != location.GetString())
            differences.Add($"{place}: Location {headers.Location}, recorded {location}");
        var recordedBody = recorded.Message.GetProperty("body");
        if (recordedBody.TryGetProperty("error", out var error))
        {
            var text = actual.TryGetProperty("error", out var found) ? found.GetProperty("message").GetString() : null;
            if (Normal(text ?? "") != Normal(error.GetProperty("message").GetString()!))
                differences.Add($"{place}: error {text}, recorded {error.GetProperty("message")}");
            if (status >= 400 && Normal(reason ?? "") != Normal(recorded.Message.GetProperty("reason").GetString()!))
                differences.Add($"{place}: reason {reason}, recorded {recorded.Message.GetProperty("reason")}");
        }

        var kind = path.StartsWith("/printer/objects/query", StringComparison.Ordinal) ? "result printer.objects.query" : $"http {sent.Method} {path.Split('?')[0]}";
        if (kind.StartsWith("result", StringComparison.Ordinal) && recordedBody.TryGetProperty("result", out var recordedResult) && actual.TryGetProperty("result", out var result))
            CompareValue(place, kind, recordedResult, result);
        else
            CompareValue(place, kind, recordedBody, actual);
    }

    private static (string? ContentType, byte[]? Body) Body(JsonElement message)
    {
        var contentType = message.GetProperty("headers").TryGetProperty("Content-Type", out var type) ? type.GetString() : null;
        var body = message.GetProperty("body");
        if (body.ValueKind == JsonValueKind.Null)
            return (contentType, null);
        if (body.ValueKind != JsonValueKind.String)
            return (contentType, Encoding.UTF8.GetBytes(body.GetRawText()));
        if (Multipart().Match(body.GetString()!) is not { Success: true } form)
            return (contentType, Encoding.UTF8.GetBytes(body.GetString()!));
        var boundary = contentType!.Split("boundary=")[1];
        var text = new StringBuilder();
        foreach (Match field in Field().Matches(form.Groups["fields"].Value))
        {
            var value = field.Groups["value"].Value.Length == 64 ? Convert.ToHexStringLower(SHA256.HashData(Scenario.Cube10)) : field.Groups["value"].Value;
            text.Append($"--{boundary}\r\nContent-Disposition: form-data; name=\"{field.Groups["name"].Value}\"\r\n\r\n{value}\r\n");
        }

        text.Append($"--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{form.Groups["name"].Value}\"\r\nContent-Type: application/octet-stream\r\n\r\n");
        return (contentType, [.. Encoding.UTF8.GetBytes(text.ToString()), .. Scenario.Cube10, .. Encoding.UTF8.GetBytes($"\r\n--{boundary}--\r\n")]);
    }

    /// <summary>Answers without an id of their own: errors for what is no request, and batches.</summary>
    private void CompareOdd(List<Line> lines)
    {
        foreach (var line in lines.Where(line => !line.IsSent && line.Transport == "ws"))
        {
            if (line.Message.ValueKind == JsonValueKind.Array)
            {
                var batch = clients[line.Client].Messages.Find(message => message.ValueKind == JsonValueKind.Array);
                if (batch.ValueKind != JsonValueKind.Array || Impersonal(batch) != Impersonal(line.Message))
                    differences.Add($"line {line.Number + 1}, batch: answered {batch}");
            }
            else if (line.Method is null && line.Message.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.Null
                && !clients[line.Client].Messages.Exists(message => JsonElement.DeepEquals(message, line.Message)))
            {
                differences.Add($"line {line.Number + 1}: no {line.Message}");
            }
        }
    }

    private void CompareNotifications(string label, TestClient client, List<Line> lines)
    {
        foreach (var message in client.Messages.Where(message => message.ValueKind == JsonValueKind.Object && message.TryGetProperty("method", out _) && message.TryGetProperty("params", out _)))
        {
            foreach (var (part, value, partial) in Recording.Parts("notify " + message.GetProperty("method").GetString(), message.GetProperty("params")))
            {
                if (Recording.SchemaOf(part) is not { } schema)
                    differences.Add($"{part} was never recorded");
                else
                    differences.AddRange(schema.Differences(value, part, partial));
            }
        }

        var received = lines.Where(line => !line.IsSent && line.Transport == "ws" && line.Client == label).ToList();
        var recorded = received.Where(line => line.Method is not null).Select(line => Event(line.Message)).OfType<string>().ToList();
        var actual = client.Messages
            .Select((message, index) => (Text: message.ValueKind == JsonValueKind.Object && message.TryGetProperty("method", out _) ? Event(message) : null, Time: client.Times[index]))
            .Where(told => told.Text is not null)
            .ToList();
        // The recorded client did not read on after its last answer.
        while (actual.Count > recorded.Count && actual[^1].Time - started >= received[^1].Time)
            actual.RemoveAt(actual.Count - 1);
        var texts = actual.Select(told => told.Text!).ToList();
        if (Scenario.IsUnordered(file))
        {
            recorded.Sort(StringComparer.Ordinal);
            texts.Sort(StringComparer.Ordinal);
        }

        if (!recorded.SequenceEqual(texts, StringComparer.Ordinal))
            differences.Add($"client '{label}' was told\n    {string.Join("\n    ", texts)}\n  recorded\n    {string.Join("\n    ", recorded)}");
    }

    /// <summary>What a notification tells of, without what depends on the moment; null for those that only tell of the moment.</summary>
    private static string? Event(JsonElement message)
    {
        var method = message.GetProperty("method").GetString()!;
        var parameters = message.TryGetProperty("params", out var found) ? found : default;
        switch (method)
        {
            case "notify_status_update" or "notify_proc_stat_update":
                return null;
            case "notify_gcode_response":
                var text = parameters[0].GetString()!;
                return Temperatures().IsMatch(text) ? null : "console " + (Coordinates().IsMatch(text) ? Digits().Replace(text, "#") : Normal(text));
            case "notify_history_changed":
                var job = parameters[0].GetProperty("job");
                return $"history {parameters[0].GetProperty("action")} {job.GetProperty("filename")} {job.GetProperty("status")}";
            case "notify_filelist_changed":
                return $"files {parameters[0].GetProperty("action")} {parameters[0].GetProperty("item").GetProperty("path")}";
            default:
                return method + (parameters.ValueKind == JsonValueKind.Undefined ? "" : " " + parameters.GetRawText());
        }
    }

    private static string Impersonal(JsonElement value) => string.Join('\n', Flatten(value, "").Order(StringComparer.Ordinal));

    private static IEnumerable<string> Flatten(JsonElement value, string path) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().Where(member => !Personal.Contains(member.Name)).SelectMany(member => Flatten(member.Value, path + "." + member.Name)),
        JsonValueKind.Array => value.EnumerateArray().SelectMany((item, index) => Flatten(item, $"{path}[{index}]")),
        JsonValueKind.String => [$"{path}={Normal(value.GetString()!)}"],
        _ => [$"{path}={value.GetRawText()}"],
    };

    /// <summary>The extruder's position is where earlier traffic, that was not recorded, had left it.</summary>
    private static string Normal(string text) => ExtruderPosition().Replace(text, "[E]");

    [GeneratedRegex(@"\[-?\d+\.\d+\]", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ExtruderPosition();

    [GeneratedRegex(@"^(B|T0):\d", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Temperatures();

    [GeneratedRegex(@"^(X:|// mcu:)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Coordinates();

    [GeneratedRegex(@"-?\d+(\.\d+)?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Digits();

    [GeneratedRegex(@"^<multipart fields=\{(?<fields>.*?)\} filename=(?<name>.*), \d+ bytes of file>$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Multipart();

    [GeneratedRegex("'(?<name>[^']*)': '(?<value>[^']*)'", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Field();
}
