namespace Touchmark.VirtualPrinter;

/// <summary>Moonraker's memory of the console (<c>server.gcode_store</c>): the last scripts and responses, whole, for any client to read.</summary>
internal sealed class GCodeStore(int size)
{
    private readonly Queue<JsonMap> entries = new();

    public void Add(string message, string kind, double time)
    {
        if (size == 0)
            return;
        if (entries.Count == size)
            entries.Dequeue();
        entries.Enqueue(new JsonMap { ["message"] = message, ["time"] = time, ["type"] = kind });
    }

    public JsonMap[] Latest(int count) => [.. entries.Skip(Math.Max(0, entries.Count - Math.Max(0, count)))];
}

/// <summary>Temperatures once a second (<c>server.temperature_store</c>), for the last 20 minutes.</summary>
internal sealed class TemperatureStore
{
    public const int Size = 1200;

    private static readonly string[] Sensors = ["heater_bed", "temperature_sensor chamber", "temperature_sensor host", "extruder"];
    private static readonly (string Field, string Plural)[] Fields = [("temperature", "temperatures"), ("target", "targets"), ("power", "powers")];

    private readonly OrderedDictionary<string, OrderedDictionary<string, Queue<double>>> series = [];

    public void Add(Klippy? klippy)
    {
        if (klippy is null)
            return;
        foreach (var sensor in Sensors)
        {
            if (klippy.Status(sensor) is not { } status)
                continue;
            if (!series.TryGetValue(sensor, out var kept))
                series[sensor] = kept = [];
            foreach (var (field, plural) in Fields)
            {
                if (!status.TryGetValue(field, out var value))
                    continue;
                if (!kept.TryGetValue(plural, out var values))
                    kept[plural] = values = new Queue<double>();
                if (values.Count == Size)
                    values.Dequeue();
                values.Enqueue(Math.Round((double)value!, 2));
            }
        }
    }

    public JsonMap Status()
    {
        var result = new JsonMap();
        foreach (var (sensor, kept) in series)
        {
            var values = new JsonMap();
            foreach (var (plural, numbers) in kept)
                values[plural] = numbers.ToArray();
            result[sensor] = values;
        }

        return result;
    }
}

/// <summary>Load figures of the host, told every second (<c>machine.proc_stats</c>, <c>notify_proc_stat_update</c>).</summary>
internal sealed class ProcStats
{
    private readonly MoonrakerServer server;
    private readonly Machine machine;
    private readonly Queue<JsonMap> samples = new();
    private long received = 22_857_060;

    public ProcStats(MoonrakerServer server, Machine machine, ApiTable api)
    {
        this.server = server;
        this.machine = machine;
        samples.Enqueue(Sample());
        api.Add("machine.proc_stats", _ => All());
    }

    public void Tick()
    {
        var sample = Sample();
        if (samples.Count == 30)
            samples.Dequeue();
        samples.Enqueue(sample);
        received += 7000;
        if (server.Clients.Count == 0)
            return;
        server.Notify("notify_proc_stat_update", new JsonMap
        {
            ["moonraker_stats"] = sample,
            ["cpu_temp"] = null,
            ["network"] = Network(),
            ["system_cpu_usage"] = CpuUsage(),
            ["system_memory"] = Memory(),
            ["websocket_connections"] = server.Clients.Count,
        });
    }

    private static JsonMap CpuUsage() => new() { ["cpu"] = 1.5, ["cpu0"] = 1.96, ["cpu1"] = 0.0 };

    private static JsonMap Memory() => new() { ["total"] = 24_684_092, ["available"] = 24_273_716, ["used"] = 410_376 };

    private JsonMap All() => new()
    {
        ["moonraker_stats"] = samples.ToArray(),
        ["throttled_state"] = null,
        ["cpu_temp"] = null,
        ["network"] = Network(),
        ["system_cpu_usage"] = CpuUsage(),
        ["system_uptime"] = server.Reactor.Now,
        ["system_memory"] = Memory(),
        ["websocket_connections"] = server.Clients.Count,
    };

    private JsonMap Sample() => new()
    {
        ["time"] = server.Reactor.UnixNow,
        ["cpu_usage"] = Math.Round(machine.Noise.Between(0.2, 0.6), 2),
        ["memory"] = 53_292,
        ["mem_units"] = "kB",
    };

    private JsonMap Network()
    {
        var packets = received / 150;
        static JsonMap Interface(long bytes, long packets) => new()
        {
            ["rx_bytes"] = bytes, ["tx_bytes"] = bytes, ["rx_packets"] = packets, ["tx_packets"] = packets,
            ["rx_errs"] = 0, ["tx_errs"] = 0, ["rx_drop"] = 0, ["tx_drop"] = 0, ["bandwidth"] = bytes == 0 ? 0.0 : 7000.5,
        };
        return new JsonMap { ["lo"] = Interface(received, packets), ["ifb0"] = Interface(0, 0), ["ifb1"] = Interface(0, 0), ["eth0"] = Interface(received / 4, packets / 4) };
    }
}
