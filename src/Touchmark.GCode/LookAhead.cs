namespace Touchmark.GCode;

/// <summary>A straight move that a line asks for, before planning. Lengths in mm, speed in mm/s.</summary>
internal readonly record struct RawMove(Position Start, Position End, double ExtrudedMm, double Speed);

/// <summary>Plans speeds over a queue of moves as Klipper's toolhead does (klippy/toolhead.py): each move is a trapezoid, a junction is passed at
/// the speed that square corner velocity and acceleration allow, and a speed is only final once no later move can change it.
/// Velocities are held squared ("V2", mm²/s²), as that is what acceleration changes linearly with distance.</summary>
internal sealed class LookAhead(MachineLimits limits)
{
    /// <summary>Seconds of motion at nominal speed between attempts to finish the front of the queue.</summary>
    private const double FlushSeconds = 0.150;

    /// <summary>With more moves than this the queue is planned to a stop: memory stays bounded, and the plan errs on the slow side.</summary>
    private const int MaxQueued = 8192;

    private const double Unlimited = 99999999.9;

    private readonly double _maxExtrudeOnlyV = limits.ExtrudeOnlyVelocity;
    private readonly double _maxExtrudeOnlyAccel = limits.ExtrudeOnlyAcceleration;
    private readonly double _maxZV = limits.MaxZVelocity ?? limits.MaxVelocity;
    private readonly double _maxZAccel = limits.MaxZAcceleration ?? limits.MaxAcceleration;
    private readonly List<PlannedMove> _final = [];
    private Entry[] _queue = new Entry[256];
    private int _count;
    private double _untilFlush = FlushSeconds;

    /// <summary>Finished moves in order; whoever takes them clears the list.</summary>
    public List<PlannedMove> Final => _final;

    public void Add(in RawMove move, MotionState state)
    {
        if (_count == _queue.Length)
        {
            Array.Resize(ref _queue, _count * 2);
        }

        ref Entry entry = ref _queue[_count];
        entry = Create(move, state);
        if (_count++ > 0)
        {
            Join(ref _queue[_count - 2], ref entry);
            _untilFlush -= entry.NominalSeconds;
        }

        if (_count >= MaxQueued)
        {
            Finish();
        }
        else if (_untilFlush <= 0)
        {
            Plan(toStop: false);
        }
    }

    /// <summary>Length of a move's path, and the longest path of its kind that takes no more than <paramref name="seconds"/> from rest to rest;
    /// whatever comes before and after a move, it takes no more than from rest to rest. In mm, of filament where the head stands still.</summary>
    public (double Length, double Reach) Reach(in RawMove move, MotionState state, double seconds)
    {
        Entry entry = Create(move, state);
        double speed = Math.Sqrt(entry.MaxCruiseV2);

        // A path of length l peaks at v² = l s at most, where s is the acceleration that minimum_cruise_ratio leaves, and takes l / v + v / a.
        double smooth = entry.SmoothDeltaV2 / (2 * entry.Length);
        double root = seconds / ((1 / Math.Sqrt(smooth)) + (Math.Sqrt(smooth) / entry.Acceleration));
        double cruised = speed * (seconds - (speed / entry.Acceleration));
        return (entry.Length, root < speed / Math.Sqrt(smooth) ? root * root : cruised);
    }

    /// <summary>Plans everything: the head stops after the last move.</summary>
    public void Finish() => Plan(toStop: true);

    private Entry Create(in RawMove move, MotionState state)
    {
        var entry = new Entry
        {
            Move = move,
            X = move.End.X - move.Start.X,
            Y = move.End.Y - move.Start.Y,
            Z = move.End.Z - move.Start.Z,
            Acceleration = state.Acceleration,
        };
        entry.Length = Math.Sqrt((entry.X * entry.X) + (entry.Y * entry.Y) + (entry.Z * entry.Z));
        double speed = Math.Min(move.Speed, state.Velocity);
        double pseudoAcceleration = state.Acceleration * (1 - state.MinimumCruiseRatio);
        if (entry.Length < 1e-9)
        {
            entry.Length = Math.Abs(move.ExtrudedMm);
            entry.Acceleration = Unlimited;
            speed = move.Speed;
            entry.E = Math.Sign(move.ExtrudedMm);
        }
        else
        {
            entry.Travels = true;
            entry.X /= entry.Length;
            entry.Y /= entry.Length;
            entry.Z /= entry.Length;
            entry.E = move.ExtrudedMm / entry.Length;
            entry.JunctionDeviation = state.SquareCornerVelocity * state.SquareCornerVelocity * (Math.Sqrt(2) - 1) / state.Acceleration;
        }

        if (entry.Travels && entry.Z != 0)
        {
            double perZ = 1 / Math.Abs(entry.Z);
            speed = Math.Min(speed, _maxZV * perZ);
            entry.Acceleration = Math.Min(entry.Acceleration, _maxZAccel * perZ);
        }

        if (entry.E != 0 && ((entry.X == 0 && entry.Y == 0) || entry.E < 0))
        {
            double perE = 1 / Math.Abs(entry.E);
            speed = Math.Min(speed, _maxExtrudeOnlyV * perE);
            entry.Acceleration = Math.Min(entry.Acceleration, _maxExtrudeOnlyAccel * perE);
        }

        entry.NominalSeconds = entry.Length / speed;
        entry.MaxCruiseV2 = speed * speed;
        entry.DeltaV2 = 2 * entry.Length * entry.Acceleration;
        entry.SmoothDeltaV2 = Math.Min(entry.DeltaV2, 2 * entry.Length * pseudoAcceleration);
        return entry;
    }

    /// <summary>How fast the corner between two moves may be taken.</summary>
    private void Join(ref Entry previous, ref Entry move)
    {
        if (!move.Travels || !previous.Travels)
        {
            return;
        }

        double v2 = Math.Min(Math.Min(move.MaxCruiseV2, previous.MaxCruiseV2), previous.MaxStartV2 + previous.DeltaV2);
        double extruderStep = Math.Abs(move.E - previous.E);
        if (extruderStep > 0)
        {
            double v = limits.InstantaneousCornerVelocity / extruderStep;
            v2 = Math.Min(v2, v * v);
        }

        // Approximated centripetal velocity: half-angle formulas for the angle between the two moves.
        double cosine = -((move.X * previous.X) + (move.Y * previous.Y) + (move.Z * previous.Z));
        double sinHalf = Math.Sqrt(Math.Max(0.5 * (1 - cosine), 0));
        double cosHalf = Math.Sqrt(Math.Max(0.5 * (1 + cosine), 0));
        if (sinHalf < 1 && cosHalf > 0)
        {
            double radius = sinHalf / (1 - sinHalf);
            double quarterTangent = 0.25 * sinHalf / cosHalf;
            v2 = Math.Min(v2, radius * move.JunctionDeviation * move.Acceleration);
            v2 = Math.Min(v2, radius * previous.JunctionDeviation * previous.Acceleration);
            v2 = Math.Min(v2, move.DeltaV2 * quarterTangent);
            v2 = Math.Min(v2, previous.DeltaV2 * quarterTangent);
        }

        move.MaxStartV2 = v2;
        move.MaxSmoothStartV2 = Math.Min(v2, previous.MaxSmoothStartV2 + previous.SmoothDeltaV2);
    }

    /// <summary>Walks back from a stop after the last move to find the speeds at the junctions, then forward to fill in what cannot
    /// accelerate. Unless <paramref name="toStop"/>, only the moves before the last peak of speed are finished: nothing later can change them.</summary>
    private void Plan(bool toStop)
    {
        _untilFlush = FlushSeconds;
        int finished = toStop ? _count : 0;
        bool searching = !toStop;
        double nextStartV2 = 0, nextSmoothStartV2 = 0, peakV2 = 0;
        int undecided = 0;
        for (int i = _count - 1; i >= 0; i--)
        {
            ref Entry move = ref _queue[i];
            double reachable = nextStartV2 + move.DeltaV2;
            double start = Math.Min(move.MaxStartV2, reachable);
            double smoothReachable = nextSmoothStartV2 + move.SmoothDeltaV2;
            double smoothStart = Math.Min(move.MaxSmoothStartV2, smoothReachable);
            move.CruiseV2 = -1;
            undecided++;
            if (smoothStart < smoothReachable)
            {
                if (smoothStart + move.SmoothDeltaV2 > nextSmoothStartV2 || undecided > 1)
                {
                    if (searching && peakV2 > 0)
                    {
                        finished = i + undecided;
                        searching = false;
                    }

                    peakV2 = (smoothStart + smoothReachable) / 2;
                }

                move.CruiseV2 = Math.Min(Math.Min((start + reachable) / 2, move.MaxCruiseV2), peakV2);
                undecided = 0;
            }

            move.StartV2 = start;
            move.EndV2 = nextStartV2;
            nextStartV2 = start;
            nextSmoothStartV2 = smoothStart;
        }

        double previousCruise = 0;
        for (int i = 0; i < finished; i++)
        {
            ref Entry move = ref _queue[i];
            double cruise = move.CruiseV2 < 0 ? Math.Min(previousCruise, move.StartV2) : move.CruiseV2;
            _final.Add(Trapezoid(move, Math.Min(move.StartV2, cruise), cruise, Math.Min(move.EndV2, cruise)));
            previousCruise = cruise;
        }

        Array.Copy(_queue, finished, _queue, 0, _count - finished);
        _count -= finished;
    }

    private static PlannedMove Trapezoid(in Entry move, double startV2, double cruiseV2, double endV2)
    {
        double start = Math.Sqrt(startV2);
        double cruise = Math.Sqrt(cruiseV2);
        double end = Math.Sqrt(endV2);
        double held = move.Length - (((2 * cruiseV2) - startV2 - endV2) / (2 * move.Acceleration));
        double seconds = (((2 * cruise) - start - end) / move.Acceleration) + (cruise > 0 ? Math.Max(0, held) / cruise : 0);
        return new PlannedMove(move.Move.Start, move.Move.End, move.Move.ExtrudedMm, start, cruise, end, move.Acceleration, seconds);
    }

    public void Wipe()
    {
        Array.Clear(_queue);
        _count = 0;
        _final.Clear();
    }

    private struct Entry
    {
        public RawMove Move;

        /// <summary>Unit vector of the path; E is filament per mm of it. Without travel the path is the filament itself.</summary>
        public double X, Y, Z, E;
        public bool Travels;
        public double Length, Acceleration, JunctionDeviation, NominalSeconds;
        public double MaxStartV2, MaxCruiseV2, DeltaV2, MaxSmoothStartV2, SmoothDeltaV2;
        public double StartV2, CruiseV2, EndV2;
    }
}
