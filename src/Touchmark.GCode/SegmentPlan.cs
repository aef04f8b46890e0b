namespace Touchmark.GCode;

/// <summary>A point in machine coordinates, mm.</summary>
public readonly record struct Position(double X, double Y, double Z)
{
    public double DistanceTo(Position other) =>
        Math.Sqrt(((other.X - X) * (other.X - X)) + ((other.Y - Y) * (other.Y - Y)) + ((other.Z - Z) * (other.Z - Z)));
}

/// <summary>What a segment holds. A line that blocks the printer's queue is a segment of its own: it is never sent, its sender waits for it.</summary>
public enum SegmentKind
{
    /// <summary>Moves and everything that does not block.</summary>
    Motion = 0,

    /// <summary>M109, M190, M191: wait until a heater has reached its target.</summary>
    WaitForHeater = 1,

    /// <summary>G28.</summary>
    Home = 2,

    /// <summary>G4: <see cref="SegmentPlan.DurationSeconds"/> is the time to wait.</summary>
    Dwell = 3,

    /// <summary>M400: wait until all motion has ended.</summary>
    Synchronise = 4,

    /// <summary>A macro of the machine's profile: it may move, heat and block, and nothing is known about its duration.</summary>
    Macro = 5,
}

/// <summary>One straight move as the printer's planner will run it: speed up from <paramref name="StartSpeed"/> to
/// <paramref name="CruiseSpeed"/>, hold it, slow down to <paramref name="EndSpeed"/>.</summary>
/// <param name="Start">Machine coordinates, mm.</param>
/// <param name="End">Machine coordinates, mm.</param>
/// <param name="ExtrudedMm">Filament, mm; negative for a retraction.</param>
/// <param name="StartSpeed">mm/s along the path, or of filament when the head stands still.</param>
/// <param name="CruiseSpeed">mm/s.</param>
/// <param name="EndSpeed">mm/s.</param>
/// <param name="Acceleration">mm/s².</param>
/// <param name="DurationSeconds">s.</param>
public readonly record struct PlannedMove(
    Position Start, Position End, double ExtrudedMm, double StartSpeed, double CruiseSpeed, double EndSpeed, double Acceleration, double DurationSeconds)
{
    /// <summary>Share of the move done after so many seconds of it, 0 to 1.</summary>
    public double FractionAt(double seconds)
    {
        if (seconds <= 0)
        {
            return 0;
        }

        if (seconds >= DurationSeconds)
        {
            return 1;
        }

        double up = (CruiseSpeed - StartSpeed) / Acceleration;
        double down = (CruiseSpeed - EndSpeed) / Acceleration;
        double upLength = (StartSpeed + CruiseSpeed) / 2 * up;
        double downLength = (EndSpeed + CruiseSpeed) / 2 * down;
        double hold = Math.Max(0, DurationSeconds - up - down);
        double length = upLength + (CruiseSpeed * hold) + downLength;
        double done;
        if (seconds < up)
        {
            done = (StartSpeed + (Acceleration * seconds / 2)) * seconds;
        }
        else if (seconds < up + hold)
        {
            done = upLength + (CruiseSpeed * (seconds - up));
        }
        else
        {
            double left = DurationSeconds - seconds;
            done = length - ((EndSpeed + (Acceleration * left / 2)) * left);
        }

        return length <= 0 ? 1 : Math.Clamp(done / length, 0, 1);
    }

    /// <summary>Where the head is after so many seconds of this move.</summary>
    public Position PositionAt(double seconds)
    {
        double share = FractionAt(seconds);
        return new Position(Start.X + ((End.X - Start.X) * share), Start.Y + ((End.Y - Start.Y) * share), Start.Z + ((End.Z - Start.Z) * share));
    }
}

/// <summary>What a segment must physically do.</summary>
public sealed record SegmentPlan
{
    public required SegmentKind Kind { get; init; }

    /// <summary>Number of its first line in the canonical text, from 1.</summary>
    public required long FirstLine { get; init; }

    /// <summary>How many canonical lines it has.</summary>
    public required int Lines { get; init; }

    /// <summary>How many of <see cref="Moves"/> each of its lines makes, in order.</summary>
    public IReadOnlyList<int> LineMoves { get; init; } = [];

    /// <summary>Seconds of motion (or of waiting, for a dwell) by the kinematic model of spec/gcode.md.</summary>
    public required double DurationSeconds { get; init; }

    /// <summary>Every move in order, arcs as their chords.</summary>
    public required IReadOnlyList<PlannedMove> Moves { get; init; }

    /// <summary>Net filament, mm.</summary>
    public required double ExtrudedMm { get; init; }

    /// <summary>Last nozzle target set within it, °C.</summary>
    public double? NozzleTargetC { get; init; }

    /// <summary>Last bed target set within it, °C.</summary>
    public double? BedTargetC { get; init; }

    /// <summary>Last chamber target set within it, °C.</summary>
    public double? ChamberTargetC { get; init; }

    /// <summary>Last fan speed set within it, 0 to 1.</summary>
    public double? FanSpeed { get; init; }
}
