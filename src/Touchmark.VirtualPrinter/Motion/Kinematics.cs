using System.Globalization;

namespace Touchmark.VirtualPrinter;

/// <summary>What a Cartesian machine with one extruder can do: range, homing state, slow Z, extrusion limits (Klipper's <c>cartesian.py</c>, <c>extruder.py</c>).</summary>
internal sealed class Kinematics(PrinterConfig config, Func<bool> canExtrude)
{
    private readonly bool[] homed = new bool[3];

    public MotionLimits Limits { get; set; } = new(config.MaxVelocity, config.MaxAccel, config.MinimumCruiseRatio, config.SquareCornerVelocity);

    /// <summary>Speed step that the extruder takes at once, mm/s.</summary>
    public double ExtruderJump => config.ExtruderJump;

    public string HomedAxes => string.Concat((homed[0] ? "x" : "") + (homed[1] ? "y" : "") + (homed[2] ? "z" : ""));

    public Axis AxisOf(int axis) => config.Axes[axis];

    public bool IsHomed(int axis) => homed[axis];

    public void SetHomed(int axis, bool value = true) => homed[axis] = value;

    public void ClearHomed() => Array.Clear(homed);

    /// <summary>Refuses a move that leaves the range or is not allowed; slows one that the Z axis or the extruder cannot follow.</summary>
    public void Check(Move move)
    {
        if (!move.IsExtrudeOnly)
        {
            for (var axis = 0; axis < 3; axis++)
            {
                var end = move.End[axis];
                if (move.Travel[axis] == 0)
                    continue;
                if (!homed[axis])
                    throw Refuse(move, "Must home axis first");
                if (end < config.Axes[axis].Min || end > config.Axes[axis].Max)
                    throw Refuse(move, "Move out of range");
            }

            Slow(move);
        }

        if (move.Travel.E != 0)
            CheckExtruder(move);
    }

    /// <summary>Keeps the Z axis within its own speed and acceleration.</summary>
    public void Slow(Move move)
    {
        if (move.Travel.Z == 0)
            return;
        var ratio = move.Distance / Math.Abs(move.Travel.Z);
        move.Limit(config.MaxZVelocity * ratio, config.MaxZAccel * ratio, Limits.MinimumCruiseRatio);
    }

    private void CheckExtruder(Move move)
    {
        if (!canExtrude())
            throw new CommandError("Extrude below minimum temp\nSee the 'min_extrude_temp' config option for details");
        var ratio = Math.Abs(move.Direction.E);
        if ((move.Travel.X == 0 && move.Travel.Y == 0) || move.Travel.E < 0)
        {
            if (Math.Abs(move.Travel.E) > config.MaxExtrudeOnlyDistance)
            {
                throw new CommandError(string.Create(
                    CultureInfo.InvariantCulture,
                    $"Extrude only move too long ({move.Travel.E:F3}mm vs {config.MaxExtrudeOnlyDistance:F3}mm)\nSee the 'max_extrude_only_distance' config option for details"));
            }

            move.Limit(config.MaxExtrudeOnlyVelocity / ratio, config.MaxExtrudeOnlyAccel / ratio, Limits.MinimumCruiseRatio);
        }
        else if (ratio > config.MaxExtrudeRatio && Math.Abs(move.Travel.E) > config.NozzleDiameter * config.MaxExtrudeRatio)
        {
            throw new CommandError(string.Create(
                CultureInfo.InvariantCulture,
                $"Move exceeds maximum extrusion ({ratio * config.FilamentArea:F3}mm^2 vs {config.MaxExtrudeRatio * config.FilamentArea:F3}mm^2)\nSee the 'max_extrude_cross_section' config option for details"));
        }
    }

    private static CommandError Refuse(Move move, string reason) => new(string.Create(
        CultureInfo.InvariantCulture, $"{reason}: {move.End.X:F3} {move.End.Y:F3} {move.End.Z:F3} [{move.End.E:F3}]"));
}

/// <summary>One linear axis: range in mm and how it homes (speeds in mm/s).</summary>
internal sealed record Axis(string Stepper, double Min, double Max, double Endstop, double HomingSpeed, double SecondHomingSpeed, double RetractSpeed, double RetractDistance);
