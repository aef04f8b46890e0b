using System.Collections.Immutable;
using System.Text.Json;

namespace Touchmark.Moonraker;

/// <summary><c>printer.info</c>: what Klipper's host says of itself. <c>Version</c> is git-describe text such as <c>v0.13.0-730-g84104bbbd-dirty</c>.</summary>
public sealed record KlipperInfo(KlippyState State, string Message, string Version, string Hostname);

/// <summary><c>machine.system_info</c>, the parts that identify a host. The serial number is empty on a PC.</summary>
public sealed record HostInfo(string CpuSerial, string CpuModel, string Hardware);

/// <summary>One entry of <c>server.files.list</c>; size in bytes.</summary>
public sealed record StoredFile(string Path, long Size);

/// <content>The calls that Touchmark makes, typed.</content>
public sealed partial class MoonrakerClient
{
    /// <summary><c>REQUEST_LOG_SIZE</c> in klippy/webhooks.py.</summary>
    private const int RequestsInKlippersLog = 20;

    private static readonly TimeSpan HarmlessLimit = TimeSpan.FromSeconds(0.1);

    /// <summary>Says who is calling; Moonraker shows it to its other clients.</summary>
    public Task IdentifyAsync(string name, string version, CancellationToken cancellationToken) => CallAsync(
        "server.connection.identify",
        w =>
        {
            w.WriteString("client_name", name);
            w.WriteString("version", version);
            w.WriteString("type", "other");
            w.WriteString("url", "urn:touchmark");
        },
        UsualTimeout,
        cancellationToken);

    public async Task<KlipperInfo> GetKlipperInfoAsync(CancellationToken cancellationToken)
    {
        var result = await CallAsync("printer.info", null, UsualTimeout, cancellationToken);
        return new KlipperInfo(
            StatusMerge.ParseKlippy(result.Text("state", "")) ?? KlippyState.Error,
            result.Text("state_message", ""),
            result.Text("software_version", ""),
            result.Text("hostname", ""));
    }

    public async Task<HostInfo> GetHostInfoAsync(CancellationToken cancellationToken)
    {
        var result = await CallAsync("machine.system_info", null, UsualTimeout, cancellationToken);
        var cpu = Property(Property(result, "system_info"), "cpu_info");
        return new HostInfo(cpu.Text("serial_number", ""), cpu.Text("model", ""), cpu.Text("hardware_desc", ""));
    }

    /// <summary>
    /// <c>data_store.gcode_store_size</c> of <c>server.config</c>: how many scripts Moonraker keeps for any client to read. Null when the answer does not say.
    /// </summary>
    public async Task<int?> GetScriptStoreSizeAsync(CancellationToken cancellationToken)
    {
        var result = await CallAsync("server.config", null, UsualTimeout, cancellationToken);
        var store = Property(Property(result, "config"), "data_store");
        return store.TryGetNumber("gcode_store_size") is { } size ? (int)Math.Clamp(size, 0, int.MaxValue) : null;
    }

    /// <summary>Klipper's configuration as it understood it (<c>configfile.settings</c>), defaults filled in.</summary>
    public async Task<KlipperSettings> GetSettingsAsync(CancellationToken cancellationToken)
    {
        var status = await QueryAsync("configfile", "settings", cancellationToken);
        return new KlipperSettings(Property(Property(status, "configfile"), "settings"));
    }

    /// <summary>Names of all objects that can be asked for, such as <c>heater_bed</c>.</summary>
    public async Task<ImmutableSortedSet<string>> GetObjectsAsync(CancellationToken cancellationToken)
    {
        var result = await CallAsync("printer.objects.list", null, UsualTimeout, cancellationToken);
        var objects = Property(result, "objects");
        var names = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        if (objects.ValueKind == JsonValueKind.Array)
        {
            foreach (var entry in objects.EnumerateArray().Take(10_000))
            {
                if (StatusMerge.TryText(entry) is { Length: <= 200 } name)
                {
                    names.Add(name);
                }
            }
        }

        return names.ToImmutable();
    }

    /// <summary>One object's field (null: all fields), as <c>{object: {field: value}}</c>.</summary>
    public async Task<JsonElement> QueryAsync(string objectName, string? field, CancellationToken cancellationToken)
    {
        var result = await CallAsync("printer.objects.query", w => WriteObject(w, objectName, field), UsualTimeout, cancellationToken);
        return Property(result, "status");
    }

    /// <summary>
    /// Subscribes to motion, heaters, fan and states. Moonraker then notifies every 250 ms with changed fields, which arrive merged in
    /// <see cref="Status"/> and <see cref="Updates"/>. Replaces this connection's former subscription.
    /// </summary>
    public async Task<PrinterStatus> SubscribeAsync(CancellationToken cancellationToken)
    {
        var wanted = (await GetObjectsAsync(cancellationToken)).Where(IsWatched).Take(64).ToHashSet(StringComparer.Ordinal);
        _subscribed = wanted;
        var state = PrinterStatus.Unknown;
        await CallAsync(
            "printer.objects.subscribe",
            w =>
            {
                w.WriteStartObject("objects");
                foreach (var name in wanted)
                {
                    w.WriteNull(name);
                }

                w.WriteEndObject();
            },
            // In the order of the messages: a notification that follows at once must be merged into this, never the other way round.
            result =>
            {
                state = StatusMerge.Apply(PrinterStatus.Unknown, Property(result, "status"), result.Number("eventtime", 0), wanted);
                Publish(state);
            },
            UsualTimeout,
            cancellationToken);
        return state;
    }

    /// <summary>Runs a script that is no secret (heaters, fan, safe-rest). Answers when its last line is queued.</summary>
    /// <exception cref="MoonrakerException">Klipper refused a line; the ones before it are queued.</exception>
    public Task RunScriptAsync(string script, TimeSpan? timeout, CancellationToken cancellationToken) =>
        CallAsync("printer.gcode.script", w => w.WriteString("script", script), timeout, cancellationToken);

    /// <summary>
    /// Stops at once; <c>M112</c> in a script would queue behind what runs. Only a firmware restart leads back. A Klipper that shuts down writes the last requests of each
    /// client to its log, whole scripts too: harmless ones push them out first, for which it has a tenth of a second.
    /// </summary>
    public async Task EmergencyStopAsync(CancellationToken cancellationToken)
    {
        var harmless = Task.WhenAll(Enumerable.Range(0, RequestsInKlippersLog).Select(_ => CallAsync("printer.info", null, UsualTimeout, cancellationToken)));
        try
        {
            await harmless.WaitAsync(HarmlessLimit, _time, cancellationToken);
        }
        catch (Exception failure) when (failure is TimeoutException or MoonrakerException)
        {
            // To stop is more urgent.
        }

        await CallAsync("printer.emergency_stop", null, UsualTimeout, cancellationToken);
    }

    /// <summary>Restarts Klipper and its micro-controllers. Subscribe again afterwards.</summary>
    public Task FirmwareRestartAsync(CancellationToken cancellationToken) => CallAsync("printer.firmware_restart", null, UsualTimeout, cancellationToken);

    /// <summary>How many commands <c>server.gcode_store</c> holds; answers of the printer are not counted, and no text is kept.</summary>
    public async Task<int> CountStoredScriptsAsync(CancellationToken cancellationToken)
    {
        var result = await CallAsync("server.gcode_store", w => w.WriteNumber("count", 1000), UsualTimeout, cancellationToken);
        var entries = Property(result, "gcode_store");
        return entries.ValueKind == JsonValueKind.Array ? entries.EnumerateArray().Count(e => e.Text("type", "") == "command") : 0;
    }

    /// <summary>Path of the configuration that Klipper was started with (<c>printer.info</c>).</summary>
    public async Task<string> GetConfigFileAsync(CancellationToken cancellationToken) =>
        (await CallAsync("printer.info", null, UsualTimeout, cancellationToken)).Text("config_file", "");

    /// <summary>Path of a file root such as <c>config</c> on the printer's host; empty when there is none.</summary>
    public async Task<string> GetFileRootAsync(string root, CancellationToken cancellationToken)
    {
        var result = await CallAsync("server.files.roots", null, UsualTimeout, cancellationToken);
        return result.ValueKind == JsonValueKind.Array && result.EnumerateArray().FirstOrDefault(r => r.Text("name", "") == root) is { ValueKind: JsonValueKind.Object } found
            ? found.Text("path", "")
            : "";
    }

    /// <summary>Files under a root such as <c>gcodes</c>.</summary>
    public async Task<IReadOnlyList<StoredFile>> ListFilesAsync(string root, CancellationToken cancellationToken)
    {
        var result = await CallAsync("server.files.list", w => w.WriteString("root", root), UsualTimeout, cancellationToken);
        return result.ValueKind == JsonValueKind.Array
            ? [.. result.EnumerateArray().Select(f => new StoredFile(f.Text("path", ""), (long)f.Number("size", 0)))]
            : [];
    }

    private static bool IsWatched(string name) =>
        name is "toolhead" or "motion_report" or "gcode_move" or "fan" or "print_stats" or "idle_timeout" or "webhooks" || StatusMerge.IsHeater(name);

    private static void WriteObject(Utf8JsonWriter writer, string objectName, string? field)
    {
        writer.WriteStartObject("objects");
        if (field is null)
        {
            writer.WriteNull(objectName);
        }
        else
        {
            writer.WriteStartArray(objectName);
            writer.WriteStringValue(field);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static JsonElement Property(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) ? value : default;
}
