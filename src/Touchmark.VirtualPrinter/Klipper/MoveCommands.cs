using System.Globalization;

namespace Touchmark.VirtualPrinter;

/// <summary>Moves and coordinates (Klipper's <c>gcode_move.py</c>): where the next line starts, offsets, units, speed and extrusion factors.</summary>
internal sealed class MoveCommands
{
    /// <summary>Bounds of speeds and factors, so that no programmed number overflows.</summary>
    private const double Slowest = 1e-6;
    private const double Fastest = 1e6;

    private static readonly string[] AxisNames = ["X", "Y", "Z", "E"];

    private readonly GCode gcode;
    private readonly Toolhead toolhead;
    private readonly Dictionary<string, State> saved = new(StringComparer.Ordinal);
    private bool absolute = true;
    private bool absoluteExtrude = true;
    private Position basePosition;
    private Position last;
    private Position homing;
    private double speed = 25;
    private double speedFactor = 1.0 / 60;
    private double extrudeFactor = 1;

    public MoveCommands(GCode gcode, Toolhead toolhead)
    {
        this.gcode = gcode;
        this.toolhead = toolhead;
        gcode.Failed += ResetLast;
        gcode.Register("G0", MoveAsync);
        gcode.Register("G1", MoveAsync);
        gcode.Register("G20", static _ => throw new CommandError("Machine does not support G20 (inches) command"));
        gcode.Register("G21", static _ => { });
        gcode.Register("M82", _ => absoluteExtrude = true);
        gcode.Register("M83", _ => absoluteExtrude = false);
        gcode.Register("G90", _ => absolute = true);
        gcode.Register("G91", _ => absolute = false);
        gcode.Register("G92", SetOrigin);
        gcode.Register("M114", _ => ReportPosition(), whenNotReady: true);
        gcode.Register("M220", SetSpeedFactor);
        gcode.Register("M221", SetExtrudeFactor);
        gcode.Register("SET_GCODE_OFFSET", SetOffsetAsync, "Set a virtual offset to g-code positions");
        gcode.Register("SAVE_GCODE_STATE", command => Save(command.Text("NAME", "default")), "Save G-Code coordinate state");
        gcode.Register("RESTORE_GCODE_STATE", command => RestoreAsync(command.Text("NAME", "default"), command.Number("MOVE", 0) != 0, command.Number("MOVE_SPEED", speed, above: 0)), "Restore a previously saved G-Code state");
        gcode.Register("GET_POSITION", _ => ReportAll(), "Return information on the current location of the toolhead", whenNotReady: true);
    }

    public Position Last => last;

    public bool IsAbsolute => absolute;

    /// <summary>The extruder position that slicers count, before <c>G92</c> and factors.</summary>
    public double ExtrudeFactor => extrudeFactor;

    private Position GCodePosition
    {
        get
        {
            var position = last - basePosition;
            return position with { E = position.E / extrudeFactor };
        }
    }

    public JsonMap Status() => new()
    {
        ["speed_factor"] = speedFactor * 60,
        ["speed"] = speed / speedFactor,
        ["extrude_factor"] = extrudeFactor,
        ["absolute_coordinates"] = absolute,
        ["absolute_extrude"] = absoluteExtrude,
        ["homing_origin"] = homing.ToArray(),
        ["position"] = last.ToArray(),
        ["gcode_position"] = GCodePosition.ToArray(),
        ["axis_map"] = new JsonMap { ["X"] = 0, ["Y"] = 1, ["Z"] = 2, ["E"] = 3 },
    };

    /// <summary>Takes over the toolhead's position, after something else moved it.</summary>
    public void ResetLast() => last = toolhead.Commanded;

    /// <summary>After homing: the axis is where its endstop says and carries the offset of <c>SET_GCODE_OFFSET</c> only.</summary>
    public void ResetHomed(int axis)
    {
        ResetLast();
        basePosition = basePosition.With(axis, homing[axis]);
    }

    /// <summary>Moves to a position in the machine's coordinates at <paramref name="mmPerSecond"/>.</summary>
    public ValueTask MoveToAsync(Position target, double mmPerSecond)
    {
        last = target;
        return toolhead.MoveAsync(target, mmPerSecond);
    }

    public void Save(string name) => saved[name] = new State(absolute, absoluteExtrude, basePosition, last, homing, speed, speedFactor, extrudeFactor);

    public async ValueTask RestoreAsync(string name, bool move, double moveSpeed)
    {
        if (!saved.TryGetValue(name, out var state))
            throw new CommandError($"Unknown g-code state: {name}");
        var extruded = last.E - state.Last.E;
        (absolute, absoluteExtrude, basePosition, _, homing, speed, speedFactor, extrudeFactor) = state;
        basePosition = basePosition with { E = state.Base.E + extruded };
        if (move)
            await MoveToAsync(state.Last with { E = last.E }, moveSpeed);
    }

    /// <summary>Turns a programmed word into machine coordinates, as absolute or relative mode says.</summary>
    public double Resolve(int axis, double value) => axis == 3
        ? (absolute && absoluteExtrude ? value * extrudeFactor + basePosition.E : last.E + value * extrudeFactor)
        : absolute ? value + basePosition[axis] : last[axis] + value;

    public void ReadSpeed(GCodeCommand command)
    {
        if (command.Word("F") is not { } feed)
            return;
        if (feed <= 0)
            throw new CommandError($"Invalid speed in '{command.Line}'");
        speed = Math.Clamp(feed * speedFactor, Slowest, Fastest);
    }

    /// <summary>A piece of an arc in machine coordinates.</summary>
    public ValueTask MoveAtFeedAsync(Position target) => MoveToAsync(target, speed);

    private ValueTask MoveAsync(GCodeCommand command)
    {
        var target = last;
        for (var axis = 0; axis < 4; axis++)
        {
            if (command.Word(AxisNames[axis]) is { } value)
                target = target.With(axis, Resolve(axis, value));
        }

        last = target;
        ReadSpeed(command);
        return toolhead.MoveAsync(last, speed);
    }

    private void SetOrigin(GCodeCommand command)
    {
        var any = false;
        for (var axis = 0; axis < 4; axis++)
        {
            if (!command.Has(AxisNames[axis]))
                continue;
            any = true;
            var value = command.Number(AxisNames[axis]) * (axis == 3 ? extrudeFactor : 1);
            basePosition = basePosition.With(axis, last[axis] - value);
        }

        if (!any)
            basePosition = last;
    }

    private void SetSpeedFactor(GCodeCommand command)
    {
        var factor = Math.Clamp(command.Number("S", 100, above: 0) / 6000, Slowest, Fastest);
        speed = Math.Clamp(speed / speedFactor * factor, Slowest, Fastest);
        speedFactor = factor;
    }

    private void SetExtrudeFactor(GCodeCommand command)
    {
        var factor = Math.Clamp(command.Number("S", 100, above: 0) / 100, Slowest, Fastest);
        var e = (last.E - basePosition.E) / extrudeFactor;
        basePosition = basePosition with { E = last.E - e * factor };
        extrudeFactor = factor;
    }

    private async ValueTask SetOffsetAsync(GCodeCommand command)
    {
        var delta = new Position();
        for (var axis = 0; axis < 4; axis++)
        {
            double offset;
            if (command.Has(AxisNames[axis]))
                offset = command.Number(AxisNames[axis]);
            else if (command.Has(AxisNames[axis] + "_ADJUST"))
                offset = homing[axis] + command.Number(AxisNames[axis] + "_ADJUST");
            else
                continue;
            delta = delta.With(axis, offset - homing[axis]);
            basePosition = basePosition.With(axis, basePosition[axis] + delta[axis]);
            homing = homing.With(axis, offset);
        }

        if (command.Number("MOVE", 0) != 0)
            await MoveToAsync(last + delta, command.Number("MOVE_SPEED", speed, above: 0));
    }

    private void ReportPosition()
    {
        var p = GCodePosition;
        gcode.Respond(string.Create(CultureInfo.InvariantCulture, $"X:{p.X:F3} Y:{p.Y:F3} Z:{p.Z:F3} E:{p.E:F3}"));
    }

    private void ReportAll()
    {
        var p = toolhead.Commanded;
        static string Show(Position at, bool e) => string.Create(CultureInfo.InvariantCulture, $"X:{at.X:F6} Y:{at.Y:F6} Z:{at.Z:F6}") + (e ? string.Create(CultureInfo.InvariantCulture, $" E:{at.E:F6}") : "");
        var steps = toolhead.Commanded + toolhead.Offset;
        gcode.RespondInfo(string.Create(CultureInfo.InvariantCulture, $"""
            mcu: stepper_x:{steps.X * 80:F0} stepper_y:{steps.Y * 80:F0} stepper_z:{steps.Z * 400:F0}
            stepper: stepper_x:{p.X:F6} stepper_y:{p.Y:F6} stepper_z:{p.Z:F6}
            kinematic: {Show(p, false)}
            toolhead: {Show(p, true)}
            gcode: {Show(last, true)}
            gcode base: {Show(basePosition, true)}
            gcode homing: {Show(homing, false)}
            """));
    }

    private sealed record State(bool Absolute, bool AbsoluteExtrude, Position Base, Position Last, Position Homing, double Speed, double SpeedFactor, double ExtrudeFactor);
}
