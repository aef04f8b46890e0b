namespace Touchmark.Streaming;

/// <summary>
/// Finds out how far along the plan the head is: dynamic time alignment of the samples with the planned path (Viterbi over steps of plan time). Progress
/// never goes back, never outruns the printer's clock, and may stand still. All places that explain the samples are kept until they no longer do, so
/// lines that lie side by side are told apart by what comes next, not by one sample.
/// </summary>
internal sealed class PathAligner(PlanTimeline timeline)
{
    private float[] _costs = [0];
    private float[] _next = [];
    private float[] _pace = [];
    private PlanPoint[] _points = [];
    private int _count = 1;
    private long _first;
    private long _seen;
    private double _time = double.NaN;

    /// <summary>The likeliest place, plan seconds; never goes back.</summary>
    public double Progress { get; private set; }

    /// <summary>The earliest place that is still thought possible, plan seconds.</summary>
    public double Earliest => _first * GateLimits.Step;

    /// <summary>Plan seconds between the first and the last place that explain the samples about as well as the best: large where a path repeats itself.</summary>
    public double Spread { get; private set; }

    /// <summary>Whether the place that explains the last sample best has a planned position: a move from an unknown place fits every sample.</summary>
    public bool IsPlanned { get; private set; } = true;

    /// <summary>Whether the last sample fits nothing but a move from an unknown place, and the head was already seen beyond that move.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Distance in XY of the last sample from the nearest place that could have been reached, mm; infinite where there was none.</summary>
    public double Distance { get; private set; }

    /// <summary>Plan seconds that the head can have covered by <paramref name="time"/> since the last sample that was on the path.</summary>
    public double Reach(double time, double fastest) => double.IsNaN(_time) ? 0 : (Math.Max(0, time - _time) * fastest * GateLimits.MaxPace) + GateLimits.PaceSlack;

    /// <summary>All motion so far is over: the head is at the end of the timeline at <paramref name="time"/> of the printer's clock.</summary>
    public void MoveToEnd(double time)
    {
        _first = LastNode;
        _costs[0] = 0;
        _count = 1;
        _time = time;
        (IsPlanned, IsLost) = (true, false);
        Progress = timeline.End;
    }

    /// <summary>The head stands at this place at <paramref name="time"/> of the printer's clock, whatever the samples say.</summary>
    public void StandAt(double seconds, double time)
    {
        _first = (long)Math.Ceiling(seconds / GateLimits.Step);
        _costs[0] = 0;
        _count = 1;
        _time = time;
        (IsPlanned, IsLost) = (true, false);
        Progress = Math.Max(Progress, seconds);
    }

    /// <summary>Takes one sample. False: the head cannot be on the path there; nothing is changed, so that a later sample may be matched from where we were.</summary>
    /// <param name="sample">Later than every sample before.</param>
    /// <param name="filament">The sample's filament position on the plan's scale, mm.</param>
    /// <param name="slowest">Least plan seconds that a second of the printer's clock holds, by the feed rate that its owner set.</param>
    /// <param name="fastest">Most of them.</param>
    public bool Advance(in PrinterSample sample, double filament, double slowest, double fastest)
    {
        if (double.IsNaN(_time))
        {
            _time = sample.EventTime;
        }
        double elapsed = sample.EventTime - _time;
        double from = Earliest;
        double reach = Reach(sample.EventTime, fastest);
        double uncertain = timeline.UncertainSeconds(from, (_first + _count) * GateLimits.Step + reach);
        int steps = (int)Math.Min(LastNode - _first, Math.Ceiling((reach + uncertain) / GateLimits.Step));
        int width = (int)Math.Min(LastNode - _first, _count - 1 + (long)steps) + 1;
        if (width <= 0 || timeline.IsEmpty)
        {
            _time = sample.EventTime;
            return true;
        }

        SetPace(elapsed * slowest, elapsed * fastest, reach, steps, sample.Velocity);
        Place(width);
        Ensure(ref _next, width);
        Distance = double.PositiveInfinity;
        float best = float.PositiveInfinity;
        int bestAt = 0;
        for (int node = 0; node < width; node++)
        {
            double emission = Emission(node, sample, filament);
            float cost = double.IsPositiveInfinity(emission) ? float.PositiveInfinity : (float)emission + Arrival(node, steps, _first + node == LastNode, elapsed * fastest);
            _next[node] = cost;
            if (cost < best)
            {
                best = cost;
                bestAt = node;
            }
        }
        if (float.IsPositiveInfinity(best))
        {
            return false;
        }

        bestAt = IsAtEnd(bestAt, width, sample, filament) ? width - 1 : bestAt;
        Progress = Math.Max(Progress, Math.Min((_first + bestAt) * GateLimits.Step, timeline.End));
        IsPlanned = IsKnownXY(bestAt);
        _seen = IsPlanned ? Math.Max(_seen, _first + bestAt) : _seen;
        IsLost = !IsPlanned && _first + bestAt < _seen;
        Keep(best, width);
        _time = sample.EventTime;
        return true;
    }

    private long LastNode => (long)Math.Ceiling(timeline.End / GateLimits.Step);

    /// <summary>What an advance by 0, 1, … steps costs, given how much time has passed.</summary>
    private void SetPace(double least, double most, double reach, int steps, double velocity)
    {
        Ensure(ref _pace, steps + 1);
        double stall = velocity > GateLimits.RestingVelocity ? GateLimits.StallCostMoving : GateLimits.StallCostResting;
        for (int advance = 0; advance <= steps; advance++)
        {
            double seconds = advance * GateLimits.Step;
            double off = (seconds < least ? seconds - least : Math.Max(0, seconds - most)) / GateLimits.SpreadPace;
            // Beyond the reach lie only moves of unknown duration.
            _pace[advance] = (float)(seconds > reach ? GateLimits.MaxExtrusionCost : off < 0 ? Math.Min(off * off, stall - (off / 10)) : off * off);
        }
    }

    /// <summary>The cheapest way to a node from the places of the sample before.</summary>
    private float Arrival(int node, int steps, bool isLast, double expected)
    {
        float best = float.PositiveInfinity;
        for (int source = Math.Max(0, node - steps); source < _count && source <= node; source++)
        {
            // At the end of all that was sent there is nothing to do but to stand.
            float pace = isLast && (node - source) * GateLimits.Step <= expected ? 0 : _pace[node - source];
            best = Math.Min(best, _costs[source] + pace);
        }
        return best;
    }

    /// <summary>Computes the path half a step before and after every node, so that a node stands for the piece of path around it.</summary>
    private void Place(int width)
    {
        Ensure(ref _points, width + 1);
        int index = timeline.Find(Math.Max(0, (_first - 0.5) * GateLimits.Step));
        for (int node = 0; node <= width; node++)
        {
            _points[node] = timeline.At(Math.Clamp((_first + node - 0.5) * GateLimits.Step, 0, timeline.End), ref index);
        }
    }

    /// <summary>Whether a node stands for a piece of planned path: between a place before homing and one behind it there is none.</summary>
    private bool IsKnownXY(int node) => _points[node].KnownXY && _points[node + 1].KnownXY;

    private double Emission(int node, in PrinterSample sample, double filament)
    {
        ref readonly var a = ref _points[node];
        ref readonly var b = ref _points[node + 1];
        bool knownXY = IsKnownXY(node);
        bool knownZ = a.KnownZ && b.KnownZ;
        double cost = 0;
        if (knownXY)
        {
            double dx = b.X - a.X;
            double dy = b.Y - a.Y;
            double length = (dx * dx) + (dy * dy);
            double share = length <= 0 ? 0 : Math.Clamp((((sample.X - a.X) * dx) + ((sample.Y - a.Y) * dy)) / length, 0, 1);
            double offX = sample.X - a.X - (share * dx);
            double offY = sample.Y - a.Y - (share * dy);
            double squared = (offX * offX) + (offY * offY);
            Distance = Math.Min(Distance, Math.Sqrt(squared));
            if (squared > GateLimits.MaxDistanceXY * GateLimits.MaxDistanceXY)
            {
                return double.PositiveInfinity;
            }
            cost += squared / (GateLimits.SpreadXY * GateLimits.SpreadXY);
        }
        if (knownZ)
        {
            double offZ = Math.Max(0, Math.Max(Math.Min(a.Z, b.Z) - sample.Z, sample.Z - Math.Max(a.Z, b.Z)));
            if (offZ > GateLimits.MaxDistanceZ)
            {
                return double.PositiveInfinity;
            }
            cost += offZ * offZ / (GateLimits.SpreadZ * GateLimits.SpreadZ);
        }
        double offE = (filament - ((a.E + b.E) / 2)) / GateLimits.SpreadE;
        // An axis that is not known costs as much as a middling match: a place that really fits wins against it.
        return cost + (knownXY ? 0 : 1) + (knownZ ? 0 : 1) + Math.Min(GateLimits.MaxExtrusionCost, offE * offE);
    }

    /// <summary>Keeps the places that are not hopeless, with the best one at cost 0.</summary>
    private void Keep(float best, int width)
    {
        int from = 0;
        int to = width - 1;
        while (IsHopeless(from, best))
        {
            from++;
        }
        while (IsHopeless(to, best))
        {
            to--;
        }
        _count = to - from + 1;
        Ensure(ref _costs, _count);
        int first = _count;
        int last = 0;
        for (int i = 0; i < _count; i++)
        {
            float cost = _next[from + i] - best;
            if (cost <= GateLimits.AsGood)
            {
                (first, last) = (Math.Min(first, i), i);
            }
            _costs[i] = IsHopeless(from + i, best) ? float.PositiveInfinity : cost;
        }
        _first += from;
        Spread = (last - first) * GateLimits.Step;
    }

    /// <summary>
    /// Where nothing but filament moves any more, its position alone would have to tell the place from the end; a scale that is off by as much as the gateway
    /// draws back would keep a head from ever arriving. What is missing there is still missed (<see cref="FilamentCheck"/>).
    /// </summary>
    private bool IsAtEnd(int best, int width, in PrinterSample sample, double filament) =>
        _first + width - 1 == LastNode && sample.Velocity <= GateLimits.RestingVelocity && !float.IsPositiveInfinity(_next[width - 1])
        && filament >= _points[width].E - GateLimits.SpreadE && timeline.StandsFrom((_first + best) * GateLimits.Step);

    private bool IsHopeless(int node, float best) =>
        _next[node] - best > (IsKnownXY(node) ? GateLimits.Hopeless : GateLimits.HopelessUnplanned);

    /// <summary>Makes room; what was in the array is not needed any more.</summary>
    private static void Ensure<T>(ref T[] array, int length)
    {
        if (array.Length < length)
        {
            array = new T[Math.Max(length, 2 * array.Length)];
        }
    }
}
