using System.Globalization;

namespace Touchmark.VirtualPrinter;

/// <summary>Heaters, fans and sensors (Klipper's <c>heaters.py</c>, <c>fan.py</c>, <c>heater_fan.py</c>).</summary>
internal sealed class HeatCommands
{
    /// <summary>How much more heat the nozzle loses with the part fan full, share.</summary>
    public const double FanOnNozzle = 0.35;

    private readonly ReactorScope scope;
    private readonly GCode gcode;
    private readonly Toolhead toolhead;
    private readonly Machine machine;
    private readonly Heater nozzle;
    private readonly Heater? bed;
    private double pressureAdvance;

    public HeatCommands(ReactorScope scope, GCode gcode, Toolhead toolhead, Machine machine, Heater nozzle, Heater? bed)
    {
        this.scope = scope;
        this.gcode = gcode;
        this.toolhead = toolhead;
        this.machine = machine;
        this.nozzle = nozzle;
        this.bed = bed;
        pressureAdvance = machine.Config.Number("extruder", "pressure_advance");
        gcode.Register("M104", command => Set(nozzle, command.Number("S", 0)));
        gcode.Register("M109", command => SetAndWaitAsync(nozzle, command.Number("S", 0)));
        if (bed is not null)
        {
            gcode.Register("M140", command => Set(bed, command.Number("S", 0)));
            gcode.Register("M190", command => SetAndWaitAsync(bed, command.Number("S", 0)));
        }

        gcode.Register("M105", _ => gcode.Respond(Temperatures()), whenNotReady: true);
        gcode.Register("TURN_OFF_HEATERS", _ => TurnOff(), "Turn off all heaters");
        gcode.Register("SET_HEATER_TEMPERATURE", command => Set(Named(command), command.Number("TARGET", 0)), "Sets a heater temperature");
        gcode.Register("TEMPERATURE_WAIT", WaitAsync, "Wait for a temperature on a sensor");
        gcode.Register("M106", command => SetFan(command.Number("S", 255, min: 0) / 255));
        gcode.Register("M107", _ => SetFan(0));
        gcode.Register("SET_PRESSURE_ADVANCE", command => pressureAdvance = command.Number("ADVANCE", pressureAdvance, min: 0), "Set pressure advance parameters");
        gcode.Register("ACTIVATE_EXTRUDER", static _ => { }, "Change the active extruder");
    }

    public Heater Nozzle => nozzle;

    public Heater? Bed => bed;

    public double FanSpeed { get; private set; }

    private IEnumerable<Heater> Heaters => bed is null ? [nozzle] : [bed, nozzle];

    public void TurnOff()
    {
        toolhead.AtEndOfMoves(static _ => { });
        foreach (var heater in Heaters)
            heater.SetTarget(0, scope.Now);
    }

    public JsonMap ExtruderStatus() => new()
    {
        ["temperature"] = Math.Round(nozzle.Temperature, 2),
        ["target"] = nozzle.Target,
        ["power"] = nozzle.Power,
        ["can_extrude"] = nozzle.CanExtrude,
        ["pressure_advance"] = pressureAdvance,
        ["smooth_time"] = 0.04,
        ["motion_queue"] = null,
    };

    public JsonMap BedStatus() => new() { ["temperature"] = Math.Round(bed!.Temperature, 2), ["target"] = bed.Target, ["power"] = bed.Power };

    public JsonMap HeatersStatus() => new()
    {
        ["available_heaters"] = Heaters.Select(heater => heater.Name).ToArray(),
        ["available_sensors"] = bed is null
            ? new[] { "temperature_sensor chamber", "temperature_sensor host", "extruder" }
            : ["heater_bed", "temperature_sensor chamber", "temperature_sensor host", "extruder"],
        ["available_monitors"] = Array.Empty<string>(),
    };

    public JsonMap FanStatus() => new() { ["speed"] = FanSpeed, ["rpm"] = null };

    public JsonMap HotendFanStatus() => new() { ["speed"] = nozzle.Target > 0 || nozzle.Temperature >= 50 ? 1.0 : 0.0, ["rpm"] = null };

    private string Temperatures() => string.Join(' ', Heaters.Select(heater => string.Create(
        CultureInfo.InvariantCulture, $"{(heater == nozzle ? "T0" : "B")}:{heater.Temperature:F1} /{heater.Target:F1}")));

    private void Set(Heater heater, double target)
    {
        toolhead.AtEndOfMoves(static _ => { });
        heater.SetTarget(target, scope.Now);
    }

    private async ValueTask SetAndWaitAsync(Heater heater, double target)
    {
        Set(heater, target);
        while (heater.IsBusy && !toolhead.IsHalted)
        {
            toolhead.LastMoveTime();
            gcode.Respond(Temperatures());
            await scope.Until(scope.Now + 1);
        }
    }

    private async ValueTask WaitAsync(GCodeCommand command)
    {
        var sensor = command.Text("SENSOR");
        var heater = Heaters.FirstOrDefault(candidate => candidate.Name == sensor)
            ?? throw new CommandError($"The value '{sensor}' is not valid for SENSOR. Options: {string.Join(", ", Heaters.Select(candidate => $"'{candidate.Name}'"))}");
        var low = command.Number("MINIMUM", double.MinValue);
        var high = command.Number("MAXIMUM", double.MaxValue, above: low);
        if (!command.Has("MINIMUM") && !command.Has("MAXIMUM"))
            throw new CommandError("Error on 'TEMPERATURE_WAIT': missing MINIMUM or MAXIMUM.");
        while ((heater.Temperature < low || heater.Temperature > high) && !toolhead.IsHalted)
        {
            toolhead.LastMoveTime();
            gcode.Respond(Temperatures());
            await scope.Until(scope.Now + 1);
        }
    }

    private Heater Named(GCodeCommand command)
    {
        var name = command.Text("HEATER");
        return Heaters.FirstOrDefault(heater => heater.Name == name)
            ?? throw new CommandError($"The value '{name}' is not valid for HEATER. Options: {string.Join(", ", Heaters.Select(heater => $"'{heater.Name}'"))}");
    }

    /// <summary>A fan changes when the moves before it are done.</summary>
    private void SetFan(double speed) => toolhead.AtEndOfMoves(at => scope.Schedule(toolhead.ToEventTime(at), () =>
    {
        FanSpeed = Math.Min(1, speed);
        machine.Nozzle.Draught = 1 + FanOnNozzle * FanSpeed;
        machine.Bed.Draught = 1 + 0.08 * FanSpeed;
    }));
}
