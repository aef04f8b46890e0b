using Touchmark.GCode;

namespace Touchmark.Streaming;

/// <summary>The motion of all segments that are outside, end to end on one axis of plan seconds from the beginning of the print. Waits have no length on it.</summary>
internal sealed class PlanTimeline
{
    private readonly List<TimedMove> _moves = [];
    private bool _knownX;
    private bool _knownY;
    private bool _knownZ;
    private double _extruded;

    /// <summary>Where the last move ends, plan seconds.</summary>
    public double End { get; private set; }

    public bool IsEmpty => _moves.Count == 0;

    /// <summary>Where the head comes to rest at the end, as far as it is known; null before there is any motion.</summary>
    public PlanPoint? Rest => IsEmpty ? null : new(_moves[^1].Move.End.X, _moves[^1].Move.End.Y, _moves[^1].Move.End.Z, _extruded, _knownX && _knownY, _knownZ);

    /// <summary>Adds the moves of one segment.</summary>
    public void Append(SegmentPlan plan)
    {
        for (int i = 0; i < plan.Moves.Count; i++)
        {
            var move = plan.Moves[i];
            bool movesX = move.Start.X != move.End.X;
            bool movesY = move.Start.Y != move.End.Y;
            bool movesZ = move.Start.Z != move.End.Z;
            bool uncertain = (movesX && !_knownX) || (movesY && !_knownY) || (movesZ && !_knownZ);
            _moves.Add(new TimedMove(move, End, _extruded, _knownX && _knownY, _knownZ, uncertain));
            _knownX |= movesX;
            _knownY |= movesY;
            _knownZ |= movesZ;
            _extruded += move.ExtrudedMm;
            End += Math.Max(0, move.DurationSeconds);
        }
    }

    /// <summary>Homing or a macro put the head somewhere else: each axis is unknown until a move has taken it to a planned place.</summary>
    public void ForgetPosition() => _knownX = _knownY = _knownZ = false;

    /// <summary>Lets go of moves that end before <paramref name="seconds"/>.</summary>
    public void Trim(double seconds)
    {
        int passed = 0;
        while (passed < _moves.Count - 1 && _moves[passed].End < seconds)
        {
            passed++;
        }
        if (passed > 64 || passed > _moves.Count / 2)
        {
            _moves.RemoveRange(0, passed);
        }
    }

    /// <summary>Index of the move that is under way at <paramref name="seconds"/>, for <see cref="At"/>; there must be moves.</summary>
    public int Find(double seconds)
    {
        int low = 0;
        int high = Math.Max(0, _moves.Count - 1);
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_moves[middle].End < seconds)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }
        return high;
    }

    /// <summary>Where head and filament are at <paramref name="seconds"/>. <paramref name="index"/> starts from <see cref="Find"/> and only moves forward.</summary>
    public PlanPoint At(double seconds, ref int index)
    {
        while (index < _moves.Count - 1 && _moves[index].End < seconds)
        {
            index++;
        }
        var timed = _moves[index];
        double share = timed.Move.DurationSeconds <= 0 ? 1 : timed.Move.FractionAt(seconds - timed.Start);
        var (start, end) = (timed.Move.Start, timed.Move.End);
        return new PlanPoint(
            start.X + ((end.X - start.X) * share),
            start.Y + ((end.Y - start.Y) * share),
            start.Z + ((end.Z - start.Z) * share),
            timed.Extruded + (timed.Move.ExtrudedMm * share),
            timed.KnownXY,
            timed.KnownZ);
    }

    /// <summary>Whether the head is not to move any more after <paramref name="seconds"/>: there is nothing, or only filament moves.</summary>
    public bool StandsFrom(double seconds)
    {
        for (int i = _moves.Count - 1; i >= 0 && _moves[i].End > seconds + GateLimits.Step; i--)
        {
            if (_moves[i].Move.Start != _moves[i].Move.End)
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Filament at <paramref name="seconds"/>, mm from the beginning of the print.</summary>
    public double ExtrudedAt(double seconds)
    {
        int index = Find(seconds);
        return IsEmpty ? 0 : At(seconds, ref index).E;
    }

    /// <summary>The least and the most that the filament position is from one place to another, mm from the beginning of the print: a retraction lies between them.</summary>
    public (double Least, double Most) ExtrudedBetween(double from, double to)
    {
        double a = ExtrudedAt(from);
        double b = ExtrudedAt(to);
        var (least, most) = (Math.Min(a, b), Math.Max(a, b));
        for (int i = Find(from); i < _moves.Count && _moves[i].End < to; i++)
        {
            double end = _moves[i].Extruded + _moves[i].Move.ExtrudedMm;
            (least, most) = (Math.Min(least, end), Math.Max(most, end));
        }
        return (least, most);
    }

    /// <summary>Plan seconds between two places that belong to moves from an unknown position, whose real duration nobody knows.</summary>
    public double UncertainSeconds(double from, double to)
    {
        double sum = 0;
        for (int i = Find(from); i < _moves.Count && _moves[i].Start < to; i++)
        {
            if (_moves[i].Uncertain)
            {
                sum += Math.Max(0, Math.Min(to, _moves[i].End) - Math.Max(from, _moves[i].Start));
            }
        }
        return sum;
    }

    private readonly record struct TimedMove(PlannedMove Move, double Start, double Extruded, bool KnownXY, bool KnownZ, bool Uncertain)
    {
        public double End => Start + Move.DurationSeconds;
    }
}

/// <summary>Where head (mm) and filament (mm from the beginning) are meant to be, and on which axes that is known.</summary>
internal readonly record struct PlanPoint(double X, double Y, double Z, double E, bool KnownXY, bool KnownZ)
{
    /// <summary>Whether a sample lies straight above or below, as far as that is known.</summary>
    public bool IsInLineWith(in PrinterSample sample)
    {
        double x = sample.X - X;
        double y = sample.Y - Y;
        return !KnownXY || (x * x) + (y * y) <= GateLimits.MaxDistanceXY * GateLimits.MaxDistanceXY;
    }
}
