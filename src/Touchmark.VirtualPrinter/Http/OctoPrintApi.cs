using System.Text.Json;

namespace Touchmark.VirtualPrinter;

/// <summary>The few OctoPrint routes that slicers use to upload (Moonraker's <c>octoprint_compat.py</c>).</summary>
internal sealed class OctoPrintApi(MoonrakerServer server)
{
    public async Task<object?> HandleAsync(string verb, string path, JsonElement arguments) => (verb, path) switch
    {
        ("GET", "/api/version") => new JsonMap { ["server"] = "1.5.0", ["api"] = "0.1", ["text"] = $"OctoPrint (Moonraker {Recorded.Section("server_info").GetProperty("moonraker_version").GetString()})" },
        ("GET", "/api/server") => new JsonMap { ["server"] = "1.5.0", ["safemode"] = server.Klippy?.State == KlippyState.Ready ? null : "settings" },
        ("GET", "/api/settings") => Recorded.Section("api_settings"),
        ("GET", "/api/printerprofiles") => Recorded.Section("api_profiles"),
        ("GET", "/api/job") => await HttpDoor.CallAsync(server, () => ValueTask.FromResult<object?>(Job())),
        ("GET", "/api/printer") => await HttpDoor.CallAsync(server, () => ValueTask.FromResult<object?>(Printer())),
        ("POST", "/api/login") => new JsonMap { ["_is_external_client"] = false, ["_login_mechanism"] = "apikey", ["name"] = "_api", ["active"] = true, ["user"] = true, ["admin"] = true, ["apikey"] = null, ["permissions"] = Array.Empty<string>(), ["groups"] = new[] { "admins", "users" } },
        ("POST", "/api/printer/command") => await CommandAsync(arguments),
        (_, "/api/login" or "/api/version" or "/api/server" or "/api/settings" or "/api/job" or "/api/printer") => throw new ApiError(405, "Method Not Allowed"),
        _ => throw new ApiError(404, "Not Found"),
    };

    private async Task<object?> CommandAsync(JsonElement arguments)
    {
        if (!arguments.TryGetProperty("commands", out var commands) || commands.ValueKind != JsonValueKind.Array)
            throw new ApiError(400, "Missing Argument [commands]");
        foreach (var command in commands.EnumerateArray())
        {
            var script = command.ToString();
            await HttpDoor.CallAsync(server, () => server.RunScriptAsync(script));
        }

        return new JsonMap();
    }

    private string Text => server.Klippy?.State switch
    {
        KlippyState.Ready when server.Klippy.Stats.State is "printing" => "Printing",
        KlippyState.Ready when server.Klippy.Stats.State is "paused" => "Paused",
        KlippyState.Ready => "Operational",
        KlippyState.Shutdown or KlippyState.Error => "Error",
        _ => "Offline",
    };

    private JsonMap Job() => new()
    {
        ["job"] = new JsonMap
        {
            ["file"] = new JsonMap { ["name"] = null },
            ["estimatedPrintTime"] = null,
            ["filament"] = new JsonMap { ["length"] = null },
            ["user"] = null,
        },
        ["progress"] = new JsonMap { ["completion"] = null, ["filepos"] = null, ["printTime"] = null, ["printTimeLeft"] = null, ["printTimeOrigin"] = null },
        ["state"] = Text,
    };

    private JsonMap Printer()
    {
        var temperature = new JsonMap();
        if (server.Klippy?.Heat.Bed is { } bed)
            temperature["bed"] = new JsonMap { ["actual"] = Math.Round(bed.Temperature, 2), ["offset"] = 0, ["target"] = bed.Target };
        if (server.Klippy?.Heat.Nozzle is { } nozzle)
            temperature["tool0"] = new JsonMap { ["actual"] = Math.Round(nozzle.Temperature, 2), ["offset"] = 0, ["target"] = nozzle.Target };
        var text = Text;
        return new JsonMap
        {
            ["temperature"] = temperature,
            ["state"] = new JsonMap
            {
                ["text"] = text,
                ["flags"] = new JsonMap
                {
                    ["operational"] = text is not ("Error" or "Offline"),
                    ["paused"] = text == "Paused",
                    ["printing"] = text == "Printing",
                    ["cancelling"] = false,
                    ["pausing"] = false,
                    ["error"] = text == "Error",
                    ["ready"] = text == "Operational",
                    ["closedOrError"] = text is "Error" or "Offline",
                },
            },
        };
    }
}
