using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace Touchmark.Acceptance;

/// <summary>A front end such as Mainsail at a printer: subscribed to everything, it keeps every message that it gets, and can ask for whatever Moonraker tells.</summary>
internal sealed class FrontEnd : IAsyncDisposable
{
    private static readonly string[] Addresses =
    [
        "server/info", "server/gcode_store?count=1000", "server/temperature_store", "server/history/list", "server/history/totals", "server/files/list", "server/files/roots",
        "server/files/get_directory?path=gcodes&extended=true", "machine/proc_stats", "machine/system_info", "printer/info", "printer/gcode/help", "printer/objects/list",
        "server/config", "server/database/list", "server/job_queue/status", "server/announcements/list", "server/extensions/list",
    ];

    private readonly HttpClient http;
    private readonly ClientWebSocket socket = new();
    private readonly CancellationTokenSource stop = new();
    private readonly Channel<string> messages = Channel.CreateUnbounded<string>();
    private readonly StringBuilder told = new();
    private Task listening = Task.CompletedTask;

    private FrontEnd(string printer) => http = new HttpClient { BaseAddress = new Uri(printer) };

    /// <summary>Every message so far.</summary>
    public byte[] Told
    {
        get
        {
            lock (told)
            {
                return Encoding.UTF8.GetBytes(told.ToString());
            }
        }
    }

    public static async Task<FrontEnd> OpenAsync(string printer)
    {
        var end = new FrontEnd(printer);
        await end.socket.ConnectAsync(new Uri(printer.Replace("http", "ws", StringComparison.Ordinal) + "/websocket"), TestContext.Current.CancellationToken);
        var objects = string.Join(',', (await end.ObjectsAsync()).Select(name => $"{JsonSerializer.Serialize(name)}:null"));
        await end.socket.SendAsync(Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","method":"printer.objects.subscribe","params":{"objects":{""" + objects + """}},"id":1}"""), WebSocketMessageType.Text, true, TestContext.Current.CancellationToken);
        end.listening = end.ListenAsync();
        return end;
    }

    /// <summary>Uploads a file and has it printed.</summary>
    public async Task PrintAsync(string file)
    {
        var content = new ByteArrayContent(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var form = new MultipartFormDataContent { { new StringContent("true"), "print" }, { content, "file", Path.GetFileName(file) } };
        using var answer = await http.PostAsync("server/files/upload", form, TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public async Task PostAsync(string address)
    {
        using var answer = await http.PostAsync(address, null, TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>Returns when Klipper's extra has found its gateway.</summary>
    public Task ConnectedAsync() => UntilAsync(message => Find(message, "touchmark", "gateway") is { } gateway && gateway.GetString() == "connected");

    /// <summary>Returns when the job that runs has come so far.</summary>
    public Task ProgressAsync(double share) => UntilAsync(message => Find(message, "virtual_sdcard", "progress") is { } progress && progress.GetDouble() > share);

    /// <summary>Returns when the history has taken down the end of a job, and tells how it ended.</summary>
    public async Task<string> FinishedAsync()
    {
        var end = "";
        await UntilAsync(message => message.TryGetProperty("method", out var method) && method.GetString() == "notify_history_changed" && message.GetProperty("params")[0] is var change
            && change.GetProperty("action").GetString() == "finished" && (end = change.GetProperty("job").GetProperty("status").GetString()!).Length > 0);
        return end;
    }

    /// <summary>Everything that was told, and everything that is told to whoever asks: the address, and what stands there.</summary>
    public async Task<IReadOnlyDictionary<string, byte[]>> EverythingAsync()
    {
        var all = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var address in Addresses.Append("printer/objects/query?" + string.Join('&', (await ObjectsAsync()).Select(Uri.EscapeDataString))))
        {
            all[address.Split('?')[0]] = await http.GetByteArrayAsync(address, TestContext.Current.CancellationToken);
        }

        all["websocket"] = Told;
        return all;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await listening;
        socket.Dispose();
        http.Dispose();
        stop.Dispose();
    }

    /// <summary>A field of an object's status: in the answer to the subscription, which has all of it, or in what changed since.</summary>
    private static JsonElement? Find(JsonElement message, string name, string field)
    {
        var all = message.TryGetProperty("result", out var answer) && answer.TryGetProperty("status", out var first) ? first
            : message.TryGetProperty("method", out var method) && method.GetString() == "notify_status_update" ? message.GetProperty("params")[0] : default;
        return all.ValueKind == JsonValueKind.Object && all.TryGetProperty(name, out var status) && status.TryGetProperty(field, out var value) ? value : null;
    }

    private async Task<IEnumerable<string>> ObjectsAsync() => JsonSerializer.Deserialize<JsonElement>(await http.GetByteArrayAsync("printer/objects/list", TestContext.Current.CancellationToken))
        .GetProperty("result").GetProperty("objects").EnumerateArray().Select(name => name.GetString()!);

    private async Task UntilAsync(Func<JsonElement, bool> wanted)
    {
        while (!wanted(JsonSerializer.Deserialize<JsonElement>(await messages.Reader.ReadAsync(TestContext.Current.CancellationToken))))
        {
        }
    }

    private async Task ListenAsync()
    {
        var buffer = new byte[1024 * 1024];
        try
        {
            while (true)
            {
                var length = 0;
                WebSocketReceiveResult part;
                do
                {
                    part = await socket.ReceiveAsync(new ArraySegment<byte>(buffer, length, buffer.Length - length), stop.Token);
                    length += part.Count;
                }
                while (!part.EndOfMessage);
                var message = Encoding.UTF8.GetString(buffer, 0, length);
                lock (told)
                {
                    told.AppendLine(message);
                }

                messages.Writer.TryWrite(message);
            }
        }
        catch (Exception over) when (over is WebSocketException or OperationCanceledException)
        {
            messages.Writer.TryComplete();
        }
    }
}
