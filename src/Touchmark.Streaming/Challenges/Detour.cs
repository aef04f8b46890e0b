using Touchmark.GCode;

namespace Touchmark.Streaming;

/// <summary>
/// A way out and back in the middle of travel: straight, rising by a little, with the filament drawn back. The head comes back to the very point that it left, so
/// what is printed is what the toolpath says. Judged by whether a sample was seen on the way.
/// </summary>
internal sealed class Detour
{
    private readonly Position _at;
    private readonly double _x;
    private readonly double _y;
    private readonly double _length;
    private readonly double _away;
    private double _time = double.NaN;
    private double _gap;
    private bool _seen;

    private Detour(Position at, Position by, PlannedMove[] moves, double from)
    {
        _at = at;
        _length = Math.Sqrt((by.X * by.X) + (by.Y * by.Y));
        (_x, _y) = (by.X / _length, by.Y / _length);
        By = by;
        Moves = moves;
        (From, To) = (from, from + moves.Sum(static move => move.DurationSeconds));
        _away = (To - From) * (1 - (ChallengeLimits.DetourSeen / _length)) - 0.05;
    }

    /// <summary>Out, and back with the signs turned; mm.</summary>
    public Position By { get; }

    public PlannedMove[] Moves { get; }

    /// <summary>Where it begins, plan seconds.</summary>
    public double From { get; }

    public double To { get; }

    /// <summary>Draws one that starts where <paramref name="before"/> ends; null where none fits.</summary>
    public static Detour? Draw(in PlannedMove before, in PlannedMove after, MachineLimits limits, double from, Func<int, int> draw)
    {
        const int Tries = 12;
        var at = before.End;
        if (at.Z + ChallengeLimits.DetourLift > limits.MaxZ)
        {
            return null;
        }
        for (int attempt = 0; attempt < Tries; attempt++)
        {
            double length = (ChallengeLimits.ShortestDetour + draw(ChallengeLimits.LongestDetour - ChallengeLimits.ShortestDetour + 1)) / 10.0;
            double angle = draw(3600) * Math.PI / 1800;
            var by = new Position(Math.Round(length * Math.Cos(angle), 3), Math.Round(length * Math.Sin(angle), 3), ChallengeLimits.DetourLift);
            var end = new Position(at.X + by.X, at.Y + by.Y, at.Z + by.Z);
            if (end.X >= limits.MinX + ChallengeLimits.DetourInset && end.X <= limits.MaxX - ChallengeLimits.DetourInset
                && end.Y >= limits.MinY + ChallengeLimits.DetourInset && end.Y <= limits.MaxY - ChallengeLimits.DetourInset
                && !IsAlong(by, before) && !IsAlong(by, after))
            {
                double rise = by.Z / at.DistanceTo(end);
                double acceleration = Math.Min(before.Acceleration, (limits.MaxZAcceleration ?? limits.MaxAcceleration) / rise);
                double speed = Math.Min(ChallengeLimits.DetourSpeed, (limits.MaxZVelocity ?? limits.MaxVelocity) / rise);
                return new Detour(at, by, [Rest(at, end, speed, acceleration), Rest(end, at, speed, acceleration)], from);
            }
        }
        return null;
    }

    /// <summary>A travel that now ends in rest, or begins in it; null where it is too short for that.</summary>
    public static PlannedMove? Replan(in PlannedMove move, double startSpeed, double endSpeed)
    {
        double length = move.Start.DistanceTo(move.End);
        double reachable = Math.Sqrt(((2 * move.Acceleration * length) + (startSpeed * startSpeed) + (endSpeed * endSpeed)) / 2);
        if (reachable < Math.Max(startSpeed, endSpeed))
        {
            return null;
        }
        double cruise = Math.Clamp(move.CruiseSpeed, Math.Max(startSpeed, endSpeed), reachable);
        double ramps = ((2 * cruise * cruise) - (startSpeed * startSpeed) - (endSpeed * endSpeed)) / (2 * move.Acceleration);
        double seconds = (((2 * cruise) - startSpeed - endSpeed) / move.Acceleration) + (Math.Max(0, length - ramps) / cruise);
        return move with { StartSpeed = startSpeed, CruiseSpeed = cruise, EndSpeed = endSpeed, DurationSeconds = seconds };
    }

    /// <summary>Takes a sample when motion up to <paramref name="executed"/> was seen done, plan seconds. Null: not decided yet, or never to be: the samples were
    /// too far apart to tell (<see cref="IsOver"/>).</summary>
    public bool? Judge(in PrinterSample sample, double executed)
    {
        if (executed < From - ChallengeLimits.DetourMargin - 1)
        {
            return null;
        }
        _gap = double.IsNaN(_time) ? double.PositiveInfinity : Math.Max(double.IsPositiveInfinity(_gap) ? 0 : _gap, sample.EventTime - _time);
        _time = sample.EventTime;
        if (executed < From - ChallengeLimits.DetourMargin)
        {
            return null;
        }
        double dx = sample.X - _at.X;
        double dy = sample.Y - _at.Y;
        double along = (dx * _x) + (dy * _y);
        double across = Math.Abs((dx * _y) - (dy * _x));
        _seen |= along >= ChallengeLimits.DetourSeen && along <= _length + ChallengeLimits.DetourAcross && across <= ChallengeLimits.DetourAcross;
        IsOver = executed > To + ChallengeLimits.DetourMargin;
        return _seen ? true : IsOver && _gap * Math.Max(1, sample.SpeedFactor) < _away ? false : null;
    }

    public bool IsOver { get; private set; }

    private static PlannedMove Rest(Position start, Position end, double speed, double acceleration) =>
        Replan(new PlannedMove(start, end, 0, 0, speed, 0, acceleration, 0), 0, 0)!.Value;

    private static bool IsAlong(Position by, in PlannedMove move)
    {
        double x = move.End.X - move.Start.X;
        double y = move.End.Y - move.Start.Y;
        double lengths = Math.Sqrt(((x * x) + (y * y)) * ((by.X * by.X) + (by.Y * by.Y)));
        return lengths > 0 && Math.Abs((x * by.X) + (y * by.Y)) / lengths > Math.Cos(ChallengeLimits.DetourAngle * Math.PI / 180);
    }
}
