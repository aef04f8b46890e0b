using System.Security.Cryptography;

namespace Touchmark.VirtualPrinter;

/// <summary>The <c>server.*</c>, <c>machine.*</c> and <c>access.*</c> methods that are Moonraker's own.</summary>
internal static class ServerApi
{
    private static readonly string[] Feeds = ["moonraker", "klipper"];
    private static readonly string[] Namespaces = ["gcode_metadata", "announcements", "moonraker"];
    private static readonly string[] LoginSources = ["moonraker"];

    public static void Register(MoonrakerServer server, ApiTable api, Machine machine)
    {
        api.Add("server.info", _ => Info(server));
        api.Add("server.config", _ => Config(machine));
        api.Add("server.gcode_store", request => new JsonMap { ["gcode_store"] = server.Store.Latest(request.IntOr("count", int.MaxValue)) });
        api.Add("server.temperature_store", _ => server.Temperatures.Status());
        api.Add("server.announcements.list", _ => new JsonMap { ["entries"] = Array.Empty<string>(), ["feeds"] = Feeds });
        api.Add("server.database.list", _ => new JsonMap { ["namespaces"] = Namespaces, ["backups"] = Array.Empty<string>() });
        api.Add("server.job_queue.status", _ => new JsonMap { ["queued_jobs"] = Array.Empty<string>(), ["queue_state"] = "paused" });
        api.Add("server.webcams.list", _ => new JsonMap { ["webcams"] = Array.Empty<string>() });
        api.Add("machine.system_info", _ => new JsonMap { ["system_info"] = SystemInfo(machine) });
        api.Add("access.info", _ => new JsonMap
        {
            ["default_source"] = "moonraker",
            ["available_sources"] = LoginSources,
            ["login_required"] = false,
            ["trusted"] = true,
        });
        api.Add("access.oneshot_token", _ => RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 32));
        api.Add("access.get_api_key", _ => new Noise(machine.Options.Seed).Hex(32).ToLowerInvariant());
    }

    private static JsonMap Info(MoonrakerServer server)
    {
        var info = Recorded.Map("server_info");
        info["klippy_connected"] = server.Klippy is not null;
        info["klippy_state"] = server.KlippyStateName;
        info["websocket_count"] = server.Clients.Count;
        return info;
    }

    private static JsonMap Config(Machine machine)
    {
        var config = new JsonMap();
        foreach (var member in Recorded.Section("server_config").GetProperty("config").EnumerateObject())
            config[member.Name] = member.Value;
        config["data_store"] = new JsonMap { ["temperature_store_size"] = TemperatureStore.Size, ["gcode_store_size"] = machine.Options.GCodeStoreSize };
        return new JsonMap
        {
            ["config"] = config,
            ["orig"] = Recorded.Section("server_config").GetProperty("orig"),
            ["files"] = Recorded.Section("server_config").GetProperty("files"),
        };
    }

    private static JsonMap SystemInfo(Machine machine)
    {
        var info = new JsonMap();
        foreach (var member in Recorded.Section("system_info").GetProperty("system_info").EnumerateObject())
            info[member.Name] = member.Value;
        var cpu = new JsonMap();
        foreach (var member in Recorded.Section("system_info").GetProperty("system_info").GetProperty("cpu_info").EnumerateObject())
            cpu[member.Name] = member.Value;
        cpu["serial_number"] = machine.Identity.CpuSerial;
        info["cpu_info"] = cpu;
        info["network"] = new JsonMap
        {
            ["eth0"] = new JsonMap
            {
                ["mac_address"] = machine.Identity.MacAddress,
                ["ip_addresses"] = new[] { new JsonMap { ["family"] = "ipv4", ["address"] = "192.0.2.2", ["is_link_local"] = false } },
            },
        };
        return info;
    }
}
