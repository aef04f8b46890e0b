using System.Text.Json;

namespace Touchmark.VirtualPrinter;

/// <summary>
/// For tests only, and not part of any real printer: <c>GET /virtual/state</c> tells the truth about the machine, <c>POST /virtual/fault</c> breaks it.
/// </summary>
internal sealed class FaultDoor(MoonrakerServer server)
{
    public async Task<object?> HandleAsync(HttpContext context, string path) => (context.Request.Method, path) switch
    {
        ("GET", "/virtual/state") => await HttpDoor.CallAsync(server, () => ValueTask.FromResult<object?>(State())),
        ("POST", "/virtual/fault") => await FaultAsync(context),
        _ => throw new ApiError(404, "Not Found"),
    };

    /// <summary>The faults by name.</summary>
    public object? Inject(string fault)
    {
        switch (fault)
        {
            case "klippy_killed":
                server.KillKlippy();
                break;
            case "klippy_revived":
                server.Revive();
                break;
            case "drop_connections":
                foreach (var client in server.Clients.ToArray())
                    client.Close();
                break;
            case "heater_fault":
                server.Klippy?.Heat.Nozzle.OpenSensor();
                break;
            case "heater_broken":
                server.Machine.Nozzle.IsHeaterBroken = true;
                break;
            case "heater_weak":
                server.Machine.Nozzle.Weaken((server.Klippy?.Heat.Nozzle.Target ?? 0) - 7, 1 + HeatCommands.FanOnNozzle);
                break;
            case "mcu_lost":
                server.Klippy?.Shutdown("Lost communication with MCU 'mcu'");
                break;
            case "freeze":
                server.Freeze(frozen: true);
                break;
            case "real_time":
                server.Reactor.SetSpeed(1);
                break;
            case "hurry":
                server.Reactor.SetSpeed(server.Machine.Options.Speed);
                break;
            case "thaw":
                server.Freeze(frozen: false);
                break;
            default:
                throw new ApiError(400, "Unknown fault. There are: klippy_killed, klippy_revived, drop_connections, heater_fault, heater_broken, heater_weak, mcu_lost, freeze, thaw, real_time, hurry");
        }

        return "ok";
    }

    /// <summary>Where the machine truly is and what it truly does.</summary>
    public JsonMap State()
    {
        var klippy = server.Klippy;
        var toolhead = klippy?.Toolhead;
        var position = toolhead is null ? server.Machine.TruePosition : toolhead.History.TrueAt(toolhead.EstimatedPrintTime, toolhead.Offset);
        return new JsonMap
        {
            ["eventtime"] = server.Reactor.Now,
            ["klippy_state"] = server.KlippyStateName,
            ["position"] = position.ToArray(),
            ["homed_axes"] = toolhead?.Kinematics.HomedAxes ?? "",
            ["motors"] = MotorState(toolhead),
            ["queued_seconds"] = toolhead is null ? 0.0 : Math.Max(0, toolhead.PrintTime - toolhead.EstimatedPrintTime),
            ["look_ahead_moves"] = toolhead?.QueuedMoves ?? 0,
            ["moves"] = toolhead?.History.Added ?? 0L,
            ["stalls"] = toolhead?.Stalls ?? 0,
            ["nozzle"] = HeaterState(klippy?.Heat.Nozzle, server.Machine.Nozzle),
            ["bed"] = server.Machine.Config.HasBed ? HeaterState(klippy?.Heat.Bed, server.Machine.Bed) : null,
            // A microcontroller in shutdown switches the fan off; Klipper's own status does not know it.
            ["fan_speed"] = klippy is null || klippy.State == KlippyState.Shutdown ? 0.0 : klippy.Heat.FanSpeed,
            ["armed"] = klippy?.Delayed.Armed() ?? [],
            ["connections"] = server.Clients.Count,
        };
    }

    private static JsonMap MotorState(Toolhead? toolhead)
    {
        var motors = new JsonMap();
        for (var motor = 0; motor < Motors.Names.Length; motor++)
            motors[Motors.Names[motor]] = toolhead?.Motors.IsPowered(motor) ?? false;
        return motors;
    }

    private static JsonMap HeaterState(Heater? heater, ThermalBody body) => new()
    {
        ["temperature"] = body.Temperature,
        ["target"] = heater?.Target ?? 0.0,
        ["power"] = body.Power,
    };

    private async Task<object?> FaultAsync(HttpContext context)
    {
        if (context.Request.ContentLength is null or > 4096)
            throw new ApiError(400, "Bad Request");
        string? fault;
        try
        {
            using var body = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
            fault = body.RootElement.ValueKind == JsonValueKind.Object && body.RootElement.TryGetProperty("fault", out var name) ? name.ToString() : null;
        }
        catch (JsonException)
        {
            throw new ApiError(400, "Bad Request");
        }

        return new JsonMap { ["result"] = await HttpDoor.CallAsync(server, () => ValueTask.FromResult(Inject(fault ?? ""))) };
    }
}
