using System.Globalization;

namespace Touchmark.VirtualPrinter;

/// <summary>Waiting, homing, motors, endstops and speed limits (Klipper's <c>toolhead.py</c>, <c>homing.py</c>, <c>stepper_enable.py</c>).</summary>
internal sealed class ToolheadCommands
{
    private static readonly string[] AxisNames = ["X", "Y", "Z"];
    private static readonly string[] LimitNames = ["VELOCITY", "ACCEL", "MINIMUM_CRUISE_RATIO", "SQUARE_CORNER_VELOCITY"];

    /// <summary>Rest before and after a motor is switched off, s.</summary>
    private const double DisableStallTime = 0.100;

    private readonly GCode gcode;
    private readonly Toolhead toolhead;
    private readonly MoveCommands moves;
    private readonly ReactorScope scope;
    private readonly double homingScatter;
    private readonly bool homesAtOnce;
    private JsonMap lastQuery = [];

    public ToolheadCommands(GCode gcode, Toolhead toolhead, MoveCommands moves, ReactorScope scope, Machine machine)
    {
        this.gcode = gcode;
        this.toolhead = toolhead;
        this.moves = moves;
        this.scope = scope;
        homingScatter = machine.Identity.HomingScatter * machine.Options.HomingSpeed;
        homesAtOnce = machine.Behaviour.IsIdeal;
        gcode.Register("G4", command => toolhead.DwellAsync(command.Number("P", 0, min: 0) / 1000));
        gcode.Register("M400", _ => toolhead.WaitMovesAsync());
        gcode.Register("G28", HomeAsync);
        gcode.Register("M84", _ => MotorsOff());
        gcode.Register("M18", _ => MotorsOff());
        gcode.Register("M119", async _ => gcode.Respond(string.Join(' ', (await QueryEndstopsAsync()).Select(pair => $"{pair.Key}:{pair.Value}"))));
        gcode.Register("QUERY_ENDSTOPS", async _ => gcode.Respond(string.Join(' ', (await QueryEndstopsAsync()).Select(pair => $"{pair.Key}:{pair.Value}"))), "Report on the status of each endstop");
        gcode.Register("M204", SetAcceleration);
        gcode.Register("SET_VELOCITY_LIMIT", SetLimits, "Set printer velocity limits");
        gcode.Register("SET_KINEMATIC_POSITION", SetKinematicPosition, "Force a low-level kinematic position");
        gcode.Register("SET_STEPPER_ENABLE", SetStepperAsync, "Enable/disable individual stepper by name");
    }

    public JsonMap StepperStatus()
    {
        var steppers = new JsonMap();
        for (var motor = 0; motor < Motors.Names.Length; motor++)
            steppers[Motors.Names[motor]] = toolhead.Motors.IsOrdered(motor);
        return new JsonMap { ["steppers"] = steppers };
    }

    public JsonMap EndstopStatus() => new() { ["last_query"] = lastQuery };

    public JsonMap Status()
    {
        var limits = toolhead.Kinematics.Limits;
        return new JsonMap
        {
            ["homed_axes"] = toolhead.Kinematics.HomedAxes,
            ["axis_minimum"] = new object[] { toolhead.Kinematics.AxisOf(0).Min, toolhead.Kinematics.AxisOf(1).Min, toolhead.Kinematics.AxisOf(2).Min, 0 },
            ["axis_maximum"] = new object[] { toolhead.Kinematics.AxisOf(0).Max, toolhead.Kinematics.AxisOf(1).Max, toolhead.Kinematics.AxisOf(2).Max, 0 },
            ["print_time"] = toolhead.PrintTime,
            ["stalls"] = toolhead.Stalls,
            ["estimated_print_time"] = toolhead.EstimatedPrintTime,
            ["extruder"] = "extruder",
            ["position"] = toolhead.Commanded.ToArray(),
            ["max_velocity"] = limits.MaxVelocity,
            ["max_accel"] = limits.MaxAccel,
            ["minimum_cruise_ratio"] = limits.MinimumCruiseRatio,
            ["square_corner_velocity"] = limits.SquareCornerVelocity,
            ["extra_axes"] = new JsonMap { ["extruder"] = 3 },
        };
    }

    public JsonMap MotionReport()
    {
        var (position, speed, extruder) = toolhead.History.At(toolhead.EstimatedPrintTime);
        return new JsonMap
        {
            ["live_position"] = position.ToArray(),
            ["live_velocity"] = speed,
            ["live_extruder_velocity"] = extruder,
            ["steppers"] = new[] { "extruder", "stepper_x", "stepper_y", "stepper_z" },
            ["trapq"] = new[] { "extruder", "toolhead" },
        };
    }

    /// <summary>Reads the endstops, which needs the motion queue to run dry first and a moment on the wire.</summary>
    public async ValueTask<JsonMap> QueryEndstopsAsync()
    {
        var at = toolhead.LastMoveTime();
        await scope.Until(toolhead.ToEventTime(at));
        var truth = toolhead.Commanded + toolhead.Offset;
        var result = new JsonMap();
        for (var axis = 0; axis < 3; axis++)
        {
            var rail = toolhead.Kinematics.AxisOf(axis);
            result[rail.Stepper] = truth[axis] <= rail.Endstop + 1e-6 ? "TRIGGERED" : "open";
        }

        lastQuery = result;
        return result;
    }

    public void MotorsOff()
    {
        var at = toolhead.ToEventTime(toolhead.LastMoveTime());
        toolhead.Kinematics.ClearHomed();
        for (var motor = 0; motor < Motors.Names.Length; motor++)
            toolhead.Motors.Set(motor, on: false, at);
    }

    private async ValueTask SetStepperAsync(GCodeCommand command)
    {
        var motor = Array.IndexOf(Motors.Names, command.Text("STEPPER"));
        if (motor < 0)
            throw new CommandError($"The value '{command.Text("STEPPER")}' is not valid for STEPPER");
        var on = command.Number("ENABLE", 1) != 0;
        if (toolhead.Motors.IsOrdered(motor) == on)
            return;
        if (!on)
            await toolhead.DwellAsync(DisableStallTime);
        toolhead.Motors.Set(motor, on, toolhead.ToEventTime(toolhead.LastMoveTime()));
        if (!on)
            await toolhead.DwellAsync(DisableStallTime);
    }

    private async ValueTask HomeAsync(GCodeCommand command)
    {
        var named = AxisNames.Where(command.Has).ToArray();
        for (var axis = 0; axis < 3; axis++)
        {
            if (named.Length == 0 || named.Contains(AxisNames[axis]))
                await HomeAsync(axis);
        }
    }

    /// <summary>Runs towards the endstop twice: fast, then slowly after backing off.</summary>
    private async ValueTask HomeAsync(int axis)
    {
        var rail = toolhead.Kinematics.AxisOf(axis);
        toolhead.Motors.Set(axis, on: true, toolhead.ToEventTime(toolhead.LastMoveTime()));
        var truth = (toolhead.Commanded + toolhead.Offset)[axis];
        toolhead.Kinematics.SetHomed(axis);
        if (homesAtOnce)
        {
            toolhead.SetPosition(toolhead.Commanded.With(axis, rail.Endstop));
            moves.ResetHomed(axis);
            return;
        }

        await ApproachAsync(axis, rail.Endstop + 1.5 * (rail.Max - rail.Endstop), rail.HomingSpeed * homingScatter, Math.Max(0, truth - rail.Endstop));
        if (rail.RetractDistance > 0)
        {
            await moves.MoveToAsync(toolhead.Commanded.With(axis, rail.Endstop + rail.RetractDistance), rail.RetractSpeed);
            await ApproachAsync(axis, rail.Endstop + 2 * rail.RetractDistance, rail.SecondHomingSpeed * homingScatter, rail.RetractDistance);
        }

        moves.ResetHomed(axis);
    }

    private async ValueTask ApproachAsync(int axis, double from, double speed, double distance)
    {
        var rail = toolhead.Kinematics.AxisOf(axis);
        toolhead.LastMoveTime();
        toolhead.SetPosition(toolhead.Commanded.With(axis, from));
        moves.ResetLast();
        await toolhead.DripAsync(toolhead.Commanded.With(axis, rail.Endstop), speed, distance);
        toolhead.SetPosition(toolhead.Commanded.With(axis, rail.Endstop));
        moves.ResetLast();
    }

    private void SetAcceleration(GCodeCommand command)
    {
        var accel = command.Has("S") || !command.Has("P") || !command.Has("T")
            ? command.Number("S", above: 0)
            : Math.Min(command.Number("P", above: 0), command.Number("T", above: 0));
        toolhead.Kinematics.Limits = (toolhead.Kinematics.Limits with { MaxAccel = accel }).Bounded();
    }

    private void SetLimits(GCodeCommand command)
    {
        var limits = toolhead.Kinematics.Limits;
        toolhead.Kinematics.Limits = limits = new MotionLimits(
            command.Number("VELOCITY", limits.MaxVelocity, above: 0),
            command.Number("ACCEL", limits.MaxAccel, above: 0),
            command.Number("MINIMUM_CRUISE_RATIO", limits.MinimumCruiseRatio, min: 0, max: 0.999),
            command.Number("SQUARE_CORNER_VELOCITY", limits.SquareCornerVelocity, min: 0)).Bounded();
        if (!LimitNames.Any(command.Has))
        {
            gcode.RespondInfo(string.Create(
                CultureInfo.InvariantCulture,
                $"max_velocity: {limits.MaxVelocity:F6}\nmax_accel: {limits.MaxAccel:F6}\nminimum_cruise_ratio: {limits.MinimumCruiseRatio:F6}\nsquare_corner_velocity: {limits.SquareCornerVelocity:F6}"));
        }
    }

    private void SetKinematicPosition(GCodeCommand command)
    {
        toolhead.LastMoveTime();
        var position = toolhead.Commanded;
        for (var axis = 0; axis < 3; axis++)
        {
            position = position.With(axis, command.Number(AxisNames[axis], position[axis]));
            toolhead.Kinematics.SetHomed(axis);
        }

        toolhead.SetPosition(position);
        moves.ResetLast();
    }
}
