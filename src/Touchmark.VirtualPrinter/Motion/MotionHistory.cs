using System.Globalization;

namespace Touchmark.VirtualPrinter;

/// <summary>
/// The motion that the steppers carry out: planned moves with their print times, from which position and speed at any instant follow in closed form.
/// Finished moves stay for a while for readers, and go to the printer's own record.
/// </summary>
internal sealed class MotionHistory(TextWriter? record)
{
    /// <summary>How long (s) finished moves are kept for <c>motion_report/dump_trapq</c>.</summary>
    private const double KeepTime = 2.0;

    private readonly List<Segment> segments = [];
    private int recorded;
    private Position resting;

    /// <summary>A trapezoid in print time. <see cref="Offset"/> takes the toolhead's coordinates to where the machine truly is.</summary>
    internal readonly record struct Segment(double Time, Move Move, double Cut, Position Offset)
    {
        public double End => Time + Cut;

        /// <summary>Position, speed along the path and speed of the extruder at print time <paramref name="at"/>.</summary>
        public (Position Position, double Speed, double ExtruderSpeed) At(double at)
        {
            var t = Math.Clamp(at - Time, 0, Cut);
            double distance, speed;
            var accel = Move.Accel;
            if (t < Move.AccelTime)
            {
                distance = (Move.StartSpeed + 0.5 * accel * t) * t;
                speed = Move.StartSpeed + accel * t;
            }
            else
            {
                distance = (Move.StartSpeed + Move.CruiseSpeed) * 0.5 * Move.AccelTime;
                t -= Move.AccelTime;
                if (t < Move.CruiseTime)
                {
                    distance += Move.CruiseSpeed * t;
                    speed = Move.CruiseSpeed;
                }
                else
                {
                    t -= Move.CruiseTime;
                    distance += Move.CruiseSpeed * Move.CruiseTime + (Move.CruiseSpeed - 0.5 * accel * t) * t;
                    speed = Math.Max(0, Move.CruiseSpeed - accel * t);
                }
            }

            // A finished move is at its end exactly, without the rounding of the way there.
            var whole = at - Time >= Move.Duration;
            var position = whole ? Move.End : Move.Start + Move.Direction * Math.Min(distance, Move.Distance);
            return (position, Move.IsExtrudeOnly ? 0 : speed, speed * Move.Direction.E);
        }

        /// <summary>The rows of <c>dump_trapq</c>: time, duration, start velocity, acceleration, start position, direction.</summary>
        public IEnumerable<object[]> Describe(bool extruder)
        {
            var at = Time;
            foreach (var (duration, speed, accel) in new[]
            {
                (Move.AccelTime, Move.StartSpeed, Move.Accel),
                (Move.CruiseTime, Move.CruiseSpeed, 0.0),
                (Move.DecelTime, Move.CruiseSpeed, -Move.Accel),
            })
            {
                if (duration <= 0)
                    continue;
                var start = At(at).Position;
                yield return extruder
                    ? [at, duration, speed * Move.Direction.E, accel * Move.Direction.E, new[] { start.E, 0.0, 0.0 }, new[] { 1.0, 0.0, 0.0 }]
                    : [at, duration, speed, accel, new[] { start.X, start.Y, start.Z }, new[] { Move.Direction.X, Move.Direction.Y, Move.Direction.Z }];
                at += duration;
            }
        }
    }

    /// <summary>Moves that were ever added, for batches of <c>dump_trapq</c>.</summary>
    public long Added { get; private set; }

    public void Add(double time, Move move, Position offset)
    {
        segments.Add(new Segment(time, move, move.Duration, offset));
        Added++;
    }

    /// <summary>The commanded position to report while nothing moves.</summary>
    public void Rest(Position position) => resting = position;

    public (Position Position, double Speed, double ExtruderSpeed) At(double time)
    {
        var index = IndexAt(time);
        if (index >= 0 && time < segments[index].End)
            return segments[index].At(time);
        return (index + 1 < segments.Count ? segments[index + 1].Move.Start : resting, 0, 0);
    }

    /// <summary>Where the machine truly is, whatever its coordinates are called.</summary>
    public Position TrueAt(double time, Position restingOffset)
    {
        var index = IndexAt(time);
        if (index >= 0 && time < segments[index].End)
            return segments[index].At(time).Position + segments[index].Offset;
        return index + 1 < segments.Count ? segments[index + 1].Move.Start + segments[index + 1].Offset : resting + restingOffset;
    }

    /// <summary>Stops everything at print time <paramref name="time"/>: later motion never happens. Gives the position reached.</summary>
    public Position CutAt(double time)
    {
        var index = IndexAt(time);
        if (index >= 0 && segments[index].End > time)
        {
            resting = segments[index].At(time).Position;
            segments[index] = segments[index] with { Cut = time - segments[index].Time };
        }
        else if (index + 1 < segments.Count)
        {
            resting = segments[index + 1].Move.Start;
        }

        segments.RemoveRange(index + 1, segments.Count - index - 1);
        return resting;
    }

    /// <summary>Writes what was carried out before <paramref name="time"/> to the record and forgets what no reader can ask for any more.</summary>
    public void Retire(double time, Func<double, double> toEventTime)
    {
        if (record is not null)
        {
            for (; recorded < segments.Count && segments[recorded].End <= time; recorded++)
            {
                var segment = segments[recorded];
                var end = segment.At(segment.End).Position + segment.Offset;
                record.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{toEventTime(segment.Time):F6},{toEventTime(segment.End):F6},{end.X:F6},{end.Y:F6},{end.Z:F6},{end.E:F6}"));
            }
        }

        var old = IndexAt(time - KeepTime);
        if (old > 0)
        {
            segments.RemoveRange(0, old);
            recorded = Math.Max(0, recorded - old);
        }
    }

    /// <summary>The last <paramref name="count"/> moves that were added and are still kept.</summary>
    public IEnumerable<Segment> Latest(long count) => segments.Skip((int)Math.Max(0, segments.Count - count));

    /// <summary>Index of the last segment that has begun at <paramref name="time"/>; -1 when none has.</summary>
    private int IndexAt(double time)
    {
        int low = -1, high = segments.Count - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (segments[middle].Time <= time)
                low = middle;
            else
                high = middle - 1;
        }

        return low;
    }
}
