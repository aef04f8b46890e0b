namespace Touchmark.VirtualPrinter;

/// <summary>States of the Klipper host.</summary>
internal static class KlippyState
{
    public const string Startup = "startup";
    public const string Ready = "ready";
    public const string Shutdown = "shutdown";
    public const string Error = "error";
}

/// <summary>
/// One life of the Klipper host, from start to restart: its modules, their status objects and its state (Klipper's <c>klippy.py</c>). What must survive a
/// restart is in <see cref="Machine"/>.
/// </summary>
internal sealed class Klippy
{
    private const string ShutdownAdvice = "\nOnce the underlying issue is corrected, use the\n\"FIRMWARE_RESTART\" command to reset the firmware, reload the\nconfig, and restart the host software.\nPrinter is shutdown\n";
    private const string McuIsDown = "Can not update MCU 'mcu' config as it is shutdown\nOnce the underlying issue is corrected, use the\n\"FIRMWARE_RESTART\" command to reset the firmware, reload the\nconfig, and restart the host software.\nError configuring printer\n";
    private const string ConfigAdvice = "\nOnce the underlying issue is corrected, use the \"RESTART\"\ncommand to reload the config and restart the host software.\nPrinter is halted\n";
    private const string Starting = "Printer is not ready\nThe klippy host software is attempting to connect.  Please\nretry in a few moments.\n";
    private const string ReadyMessage = "Printer is ready";

    private readonly Machine machine;
    private readonly OrderedDictionary<string, Func<JsonMap>> objects = new(StringComparer.Ordinal);
    private readonly SystemStats system;
    private readonly IdleTimeout idle;
    private readonly MiscCommands misc;

    public Klippy(Machine machine, FileStore files, Action<string, JsonMap> callRemote, Action<bool> restart)
    {
        this.machine = machine;
        Scope = new ReactorScope(machine.Reactor);
        var config = machine.Config;
        var now = Scope.Now;
        GCode = new GCode(Scope, machine.Behaviour.Obeys) { Refusal = () => State == KlippyState.Ready ? null : StateMessage };
        var nozzle = new Heater("extruder", config, machine.Nozzle, machine.SensorNoise, now);
        var bed = config.HasBed ? new Heater("heater_bed", config, machine.Bed, machine.SensorNoise, now) : null;
        Toolhead = new Toolhead(Scope, new MotionHistory(machine.Record), new Kinematics(config, () => nozzle.CanExtrude), machine.Behaviour.Slowness, machine.TruePosition, now);
        misc = new MiscCommands(GCode, config, Toolhead, () => char.ToUpperInvariant(State[0]) + State[1..]);
        var moves = new MoveCommands(GCode, Toolhead);
        _ = new ArcCommands(GCode, moves, config);
        Motion = new ToolheadCommands(GCode, Toolhead, moves, Scope, machine);
        Heat = new HeatCommands(Scope, GCode, Toolhead, machine, nozzle, bed);
        Stats = new PrintStats(Scope, GCode, moves);
        Card = new SdCard(Scope, GCode, moves, files, Stats, config);
        idle = new IdleTimeout(Scope, GCode, Toolhead, config);
        Delayed = new DelayedGCode(Scope, GCode, config, Status);
        _ = new Macros(GCode, Toolhead, Heat, config, callRemote, Status);
        system = new SystemStats(machine, Scope);
        GCode.Register("M112", _ => Shutdown("Shutdown due to M112 command"), whenNotReady: true);
        GCode.Register("RESTART", _ => restart(false), "Reload config file and restart host software", whenNotReady: true);
        GCode.Register("FIRMWARE_RESTART", _ => restart(true), "Restart firmware, host, and reload config", whenNotReady: true);
        GCode.Register("SAVE_CONFIG", _ => restart(false), "Overwrite config file and restart");
        RegisterRecordedOnly();
        RegisterObjects(moves, config);
        if (BedMesh.IsIn(config))
        {
            objects["bed_mesh"] = new BedMesh(GCode, config, Toolhead, moves, machine).Status;
            objects["probe"] = static () => new JsonMap { ["name"] = "probe", ["last_query"] = false, ["last_z_result"] = 0.0 };
        }

        if (config.Has(TouchmarkExtra.Section))
        {
            Extra = Card.Extra = new TouchmarkExtra(this, machine, files.Root);
            objects[TouchmarkExtra.Section] = Extra.Status;
        }
    }

    /// <summary>Raised when the host becomes ready, shuts down or fails.</summary>
    public event Action? StateChanged;

    public ReactorScope Scope { get; }

    public GCode GCode { get; }

    public Toolhead Toolhead { get; }

    public ToolheadCommands Motion { get; }

    public HeatCommands Heat { get; }

    public DelayedGCode Delayed { get; }

    public PrintStats Stats { get; }

    public SdCard Card { get; }

    /// <summary>Null on a printer without it.</summary>
    public TouchmarkExtra? Extra { get; }

    public string State { get; private set; } = KlippyState.Startup;

    public string StateMessage { get; private set; } = Starting;

    public IEnumerable<string> ObjectNames => objects.Keys;

    /// <summary>The present status of one object; null when there is no such object.</summary>
    public JsonMap? Status(string name) => objects.TryGetValue(name, out var status) ? status() : null;

    /// <summary>Connects to the microcontroller: <c>ready</c>, or <c>error</c> when that is still shut down.</summary>
    public void Connect()
    {
        if (machine.IsMcuShutDown)
        {
            SetState(KlippyState.Error, McuIsDown);
            return;
        }

        Scope.Every(Heater.ReportTime, ReadSensors);
        Scope.Every(1, system.Tick);
        Scope.Every(0.25, () => Toolhead.History.Retire(Toolhead.EstimatedPrintTime, Toolhead.ToEventTime));
        SetState(KlippyState.Ready, ReadyMessage);
        Extra?.Link.Start();
    }

    /// <summary>The configuration cannot be used: nothing starts.</summary>
    public void Refuse(string reason) => SetState(KlippyState.Error, reason + ConfigAdvice);

    /// <summary>An immediate stop: motion and heat end now, and only a firmware restart brings the printer back.</summary>
    public void Shutdown(string reason)
    {
        if (State is KlippyState.Shutdown or KlippyState.Error)
            return;
        machine.IsMcuShutDown = true;
        StopMotion(reason + ShutdownAdvice);
        Heat.Nozzle.Cut();
        Heat.Bed?.Cut();
        Toolhead.Motors.Cut();
        Card.Stop();
        Extra?.ShutDown(reason);
        idle.Stop();
        SetState(KlippyState.Shutdown, reason + ShutdownAdvice);
    }

    /// <summary>Ends this life; the microcontroller stops for want of orders.</summary>
    public void End()
    {
        Extra?.Stop();
        StopMotion(McuIsDown);
        Scope.End();
    }

    /// <summary>
    /// The host is killed: what the microcontroller already has (<paramref name="seconds"/> of motion) still happens, then it shuts itself down.
    /// </summary>
    public void Kill(double seconds)
    {
        Extra?.Stop();
        Scope.End();
        machine.IsMcuShutDown = true;
        machine.Reactor.Schedule(Scope.Now + seconds, () =>
        {
            StopMotion(McuIsDown);
            Heat.Nozzle.Cut();
            Heat.Bed?.Cut();
        });
    }

    private void StopMotion(string reason)
    {
        machine.TruePosition = Toolhead.Halt(reason);
        Toolhead.History.Retire(Toolhead.EstimatedPrintTime, Toolhead.ToEventTime);
    }

    private void ReadSensors()
    {
        foreach (var heater in Heat.Bed is null ? [Heat.Nozzle] : new[] { Heat.Bed, Heat.Nozzle })
        {
            if (heater.Read(Scope.Now) is { } fault)
                Shutdown(fault);
        }
    }

    private void SetState(string state, string message)
    {
        State = state;
        StateMessage = message;
        if (state == KlippyState.Shutdown)
            GCode.Respond("// Klipper state: Shutdown");
        StateChanged?.Invoke();
    }

    /// <summary>Commands that the recorded printer has and that ask for nothing a virtual one could show: accepted, without effect.</summary>
    private void RegisterRecordedOnly()
    {
        var known = GCode.Commands.Select(command => command.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var command in Recorded.Section("commands").EnumerateObject().Where(command => !known.Contains(command.Name)))
            GCode.Register(command.Name, static _ => { }, command.Value.TryGetProperty("help", out var help) ? help.GetString() : null);
    }

    private void RegisterObjects(MoveCommands moves, PrinterConfig config)
    {
        var commands = new JsonMap();
        foreach (var (name, help) in GCode.Commands)
            commands[name] = help is null ? new JsonMap() : new JsonMap { ["help"] = help };
        var gcode = new JsonMap { ["commands"] = commands };
        var configFile = new JsonMap
        {
            ["config"] = config.Raw,
            ["settings"] = config.Settings,
            ["warnings"] = Array.Empty<string>(),
            ["save_config_pending"] = false,
            ["save_config_pending_items"] = new JsonMap(),
        };
        objects["gcode"] = () => gcode;
        objects["webhooks"] = () => new JsonMap { ["state"] = State, ["state_message"] = StateMessage };
        objects["configfile"] = () => configFile;
        objects["mcu"] = system.Mcu;
        foreach (var macro in config.Named("gcode_macro"))
            objects["gcode_macro " + macro] = () => misc.Macro(macro);
        objects["heaters"] = Heat.HeatersStatus;
        if (Heat.Bed is not null)
            objects["heater_bed"] = Heat.BedStatus;
        objects["fan"] = Heat.FanStatus;
        objects["heater_fan hotend_fan"] = Heat.HotendFanStatus;
        objects["temperature_sensor chamber"] = () => Sensor(Machine.Ambient + 0.01);
        objects["temperature_host host"] = () => new JsonMap { ["temperature"] = 42.0 };
        objects["temperature_sensor host"] = () => Sensor(42);
        objects["output_pin caselight"] = misc.CaseLight;
        objects["pause_resume"] = Card.PauseStatus;
        objects["filament_switch_sensor runout"] = misc.Runout;
        objects["gcode_move"] = moves.Status;
        objects["print_stats"] = Stats.Status;
        objects["virtual_sdcard"] = Card.Status;
        objects["display_status"] = () => new JsonMap { ["progress"] = misc.Progress ?? Card.Progress, ["message"] = misc.Message };
        objects["exclude_object"] = misc.ExcludeObject;
        objects["firmware_retraction"] = misc.Retraction;
        objects["idle_timeout"] = idle.Status;
        objects["skew_correction"] = () => new JsonMap { ["current_profile_name"] = "" };
        objects["query_endstops"] = Motion.EndstopStatus;
        objects["stepper_enable"] = Motion.StepperStatus;
        objects["motion_report"] = Motion.MotionReport;
        objects["toolhead"] = Motion.Status;
        objects["extruder"] = Heat.ExtruderStatus;
        objects["system_stats"] = system.Status;
        objects["manual_probe"] = () => new JsonMap { ["is_active"] = false, ["z_position"] = null, ["z_position_lower"] = null, ["z_position_upper"] = null };
    }

    private static JsonMap Sensor(double temperature) => new() { ["temperature"] = temperature, ["measured_min_temp"] = temperature, ["measured_max_temp"] = temperature };
}
