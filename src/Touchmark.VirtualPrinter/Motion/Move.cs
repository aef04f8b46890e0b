namespace Touchmark.VirtualPrinter;

/// <summary>
/// One straight move between two toolhead positions and, once planned, its trapezoid: accelerate, cruise, decelerate. Velocities are mm/s along the
/// path, accelerations mm/s2, times s. Junction rules as in Klipper's <c>docs/Kinematics.md</c>.
/// </summary>
internal sealed class Move
{
    public Move(Position start, Position end, double speed, MotionLimits limits)
    {
        Start = start;
        End = end;
        Travel = end - start;
        Accel = limits.MaxAccel;
        JunctionDeviation = limits.JunctionDeviation;
        Distance = Math.Sqrt(Travel.X * Travel.X + Travel.Y * Travel.Y + Travel.Z * Travel.Z);
        var velocity = Math.Min(speed, limits.MaxVelocity);
        if (Distance < 1e-9)
        {
            End = start with { E = end.E };
            Travel = new Position(0, 0, 0, Travel.E);
            Distance = Math.Abs(Travel.E);
            Accel = 99999999.9;
            velocity = speed;
            IsExtrudeOnly = true;
        }

        Direction = Distance > 0 ? Travel * (1 / Distance) : default;
        Limit(velocity, Accel, limits.MinimumCruiseRatio, first: true);
    }

    public Position Start { get; }

    public Position End { get; }

    /// <summary>End minus start.</summary>
    public Position Travel { get; }

    /// <summary>Travel per mm of path.</summary>
    public Position Direction { get; }

    /// <summary>Length of the path in mm (of filament for an extruder-only move).</summary>
    public double Distance { get; }

    public bool IsExtrudeOnly { get; }

    public double Accel { get; private set; }

    public double JunctionDeviation { get; }

    /// <summary>The shortest time the move can take, at full speed throughout.</summary>
    public double MinTime { get; private set; }

    /// <summary>Highest squared cruising speed.</summary>
    public double MaxCruise2 { get; private set; }

    /// <summary>Highest squared speed at the start, from the junction with the move before.</summary>
    public double MaxStart2 { get; private set; }

    /// <summary>As <see cref="MaxStart2"/> under the reduced acceleration that keeps short zigzags from shaking the machine.</summary>
    public double MaxSmoothStart2 { get; private set; }

    /// <summary>Change of squared speed over the whole move at full acceleration.</summary>
    public double Gain2 { get; private set; }

    /// <summary>As <see cref="Gain2"/> with the part that the minimum cruise ratio leaves.</summary>
    public double SmoothGain2 { get; private set; }

    public double StartSpeed { get; private set; }

    public double CruiseSpeed { get; private set; }

    public double EndSpeed { get; private set; }

    public double AccelTime { get; private set; }

    public double CruiseTime { get; private set; }

    public double DecelTime { get; private set; }

    public double Duration => AccelTime + CruiseTime + DecelTime;

    /// <summary>Work to do once it is known at which print time the move ends.</summary>
    public List<Action<double>>? AtEnd { get; set; }

    /// <summary>Lowers the speed and acceleration, as slow axes and the extruder demand.</summary>
    public void Limit(double speed, double accel, double minimumCruiseRatio, bool first = false)
    {
        var cruise2 = speed * speed;
        if (first || cruise2 < MaxCruise2)
        {
            MaxCruise2 = cruise2;
            MinTime = Distance / speed;
        }

        Accel = Math.Min(Accel, accel);
        Gain2 = 2 * Distance * Accel;
        SmoothGain2 = Math.Min(first ? double.MaxValue : SmoothGain2, Gain2 * (1 - minimumCruiseRatio));
    }

    /// <summary>Finds how fast the corner between <paramref name="before"/> and this move may be taken.</summary>
    /// <param name="before">The move before.</param>
    /// <param name="extruderJump">Speed step that the extruder takes at once, mm/s.</param>
    public void Join(Move before, double extruderJump)
    {
        if (IsExtrudeOnly || before.IsExtrudeOnly)
            return;
        var extruderStep = Math.Abs(Direction.E - before.Direction.E);
        var limit2 = extruderStep > 0 ? extruderJump / extruderStep * (extruderJump / extruderStep) : double.MaxValue;
        limit2 = Math.Min(limit2, Math.Min(MaxCruise2, Math.Min(before.MaxCruise2, before.MaxStart2 + before.Gain2)));

        var cosine = -(Direction.X * before.Direction.X + Direction.Y * before.Direction.Y + Direction.Z * before.Direction.Z);
        var sineHalf = Math.Sqrt(Math.Max(0, 0.5 * (1 - cosine)));
        var cosineHalf = Math.Sqrt(Math.Max(0, 0.5 * (1 + cosine)));
        if (1 - sineHalf > 1e-12 && cosineHalf > 1e-12)
        {
            // Radius of the arc that deviates from the corner by the junction deviation, and the arc that both moves' midpoints touch.
            var radius = sineHalf / (1 - sineHalf);
            var quarterTangent = 0.25 * sineHalf / cosineHalf;
            limit2 = Math.Min(limit2, Math.Min(radius * JunctionDeviation * Accel, radius * before.JunctionDeviation * before.Accel));
            limit2 = Math.Min(limit2, Math.Min(Gain2 * quarterTangent, before.Gain2 * quarterTangent));
        }

        MaxStart2 = limit2;
        MaxSmoothStart2 = Math.Min(limit2, before.MaxSmoothStart2 + before.SmoothGain2);
    }

    /// <summary>Fixes the trapezoid from the squared speeds at its three corners.</summary>
    public void Plan(double start2, double cruise2, double end2)
    {
        var half = 0.5 / Accel;
        var accelDistance = (cruise2 - start2) * half;
        var decelDistance = (cruise2 - end2) * half;
        var cruiseDistance = Distance - accelDistance - decelDistance;
        StartSpeed = Math.Sqrt(start2);
        CruiseSpeed = Math.Sqrt(cruise2);
        EndSpeed = Math.Sqrt(end2);
        AccelTime = accelDistance <= 0 ? 0 : accelDistance / ((StartSpeed + CruiseSpeed) * 0.5);
        CruiseTime = cruiseDistance <= 0 ? 0 : cruiseDistance / CruiseSpeed;
        DecelTime = decelDistance <= 0 ? 0 : decelDistance / ((EndSpeed + CruiseSpeed) * 0.5);
    }

    /// <summary>The same trapezoid in <paramref name="factor"/> times the time.</summary>
    public void Stretch(double factor)
    {
        StartSpeed /= factor;
        CruiseSpeed /= factor;
        EndSpeed /= factor;
        Accel /= factor * factor;
        AccelTime *= factor;
        CruiseTime *= factor;
        DecelTime *= factor;
    }
}

/// <summary>The speed limits that moves are made under; they can change between moves (M204, SET_VELOCITY_LIMIT).</summary>
internal sealed record MotionLimits(double MaxVelocity, double MaxAccel, double MinimumCruiseRatio, double SquareCornerVelocity)
{
    /// <summary>The same, kept to numbers that stay numbers when they are squared and divided.</summary>
    public MotionLimits Bounded() => new(
        Math.Clamp(MaxVelocity, 1e-3, 1e6), Math.Clamp(MaxAccel, 1e-3, 1e9), MinimumCruiseRatio, Math.Clamp(SquareCornerVelocity, 0, 1e6));

    /// <summary>How far a rounded corner may leave the programmed one, mm: chosen so that a right angle is taken at the square corner velocity.</summary>
    public double JunctionDeviation => SquareCornerVelocity * SquareCornerVelocity * (Math.Sqrt(2) - 1) / MaxAccel;
}
