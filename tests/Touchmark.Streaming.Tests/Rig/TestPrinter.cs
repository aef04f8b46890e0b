using System.Globalization;
using System.Text;
using Touchmark.GCode;

namespace Touchmark.Streaming.Tests;

/// <summary>
/// An ideal printer on simulated time: runs the plans of the scripts that it is given, with Klipper's way of answering (a script is taken over while less
/// than a second of motion is queued), its 0.35 s from idle to the first step, heaters that take their time, and homing that blocks.
/// </summary>
internal sealed class TestPrinter(IReadOnlyList<SegmentPlan> plans)
{
    public const double QueueSeconds = 1.0;
    public const double StartSeconds = 0.353;

    private readonly Queue<(ulong Number, SegmentPlan Plan, List<Work> Work)> _waiting = new();
    private readonly Queue<Work> _moves = new();
    private readonly Queue<ulong> _answers = new();
    private Work? _move;
    private double _factor = 1;
    private double _fan;
    private Position _planned;
    private double _inMove;
    private double _queued;
    private double _startDelay;
    private double _busy;
    private double _extruded;
    private Position _position = new(20, 30, 5);
    private double _nozzle = 22;
    private double _bed = 22;
    private double _nozzleTarget;
    private double _bedTarget;
    private HomedAxes _homed;
    private double _velocity;
    private double _raised;
    private double _dwell;

    public double Time { get; private set; } = 5000;

    /// <summary>Where the head would be instead: the machine's real G28 ends elsewhere than the plan assumes.</summary>
    public Position HomeEnd { get; init; } = new(110, 110, 10);

    /// <summary>1: exactly as planned; 0.9: the machine is a tenth slower than its model.</summary>
    public double Pace { get; init; } = 1;

    /// <summary>Duration of G28, s; it runs 160 mm along X.</summary>
    public double HomingSeconds { get; init; } = 4;

    /// <summary>°C/s.</summary>
    public double NozzleRate { get; init; } = 8;

    /// <summary>Where the nozzle is when nobody has heated it, °C.</summary>
    public double NozzleAtStart { get => _nozzle; init => _nozzle = value; }

    /// <summary>Nothing is ever executed.</summary>
    public bool IsStuck { get; set; }

    public PrinterState State { get; set; }

    /// <summary>What a stop leaves unexecuted is dropped, as an emergency stop does.</summary>
    public void Drop()
    {
        _waiting.Clear();
        _moves.Clear();
        _move = null;
        _queued = 0;
        _homed = HomedAxes.None;
    }

    /// <summary>The feed-rate knob: what was taken over already runs at the speed of before.</summary>
    public double SpeedFactor
    {
        get => _factor;
        set => _factor = value;
    }

    /// <summary>What the heater can hold at most, °C.</summary>
    public double HottestNozzle { get; set; } = double.PositiveInfinity;

    /// <summary>Lines that set speed or fan are taken and do nothing, as by a proxy that only plays.</summary>
    public bool IsDeaf { get; set; }

    /// <summary>Detours are not made, as by a proxy that knows the toolpath.</summary>
    public bool SkipsDetours { get; set; }

    /// <summary>The moves that were executed, with the filament that each took.</summary>
    public List<PlannedMove> Executed { get; } = [];

    public List<string> Lines { get; } = [];

    public double ExecutedSeconds { get; private set; }

    /// <summary>The executed moves that left material on their way.</summary>
    public IEnumerable<PlannedMove> Printed => Executed.Where(static move => move.ExtrudedMm > 0 && move.Start != move.End);

    /// <summary>Longest time that the head stood where the toolpath had it, hot, with nothing to do, s.</summary>
    public double LongestDwell { get; private set; }

    /// <summary>How often the head had to start from standing because nothing was queued.</summary>
    public int Starts { get; private set; }

    public void Send(ulong number, ReadOnlySpan<byte> script)
    {
        string[] lines = Encoding.ASCII.GetString(script).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (string line in lines)
        {
            Run(line);
        }
        var plan = plans[(int)number - 1];
        _waiting.Enqueue((number, plan, Read(plan, lines)));
    }

    public void Run(string line)
    {
        Lines.Add(line);
        if (line.StartsWith("M104", StringComparison.Ordinal))
        {
            _nozzleTarget = Target(line);
        }
        else if (line.StartsWith("M140", StringComparison.Ordinal))
        {
            _bedTarget = Target(line);
        }
        else if (line == "TURN_OFF_HEATERS")
        {
            (_nozzleTarget, _bedTarget) = (0, 0);
        }
    }

    /// <summary>Takes lines of the gateway's own that move the head relative to where it will be; answered as number 0.</summary>
    public void MoveHead(IReadOnlyList<string> lines)
    {
        var at = _waiting.Count > 0 || _moves.Count > 0 || _move is not null ? _planned : _position;
        var work = new List<Work>();
        foreach (string line in lines)
        {
            Lines.Add(line);
            if (line.StartsWith("G1 ", StringComparison.Ordinal))
            {
                double by = double.Parse(line[4..].Split(' ')[0], CultureInfo.InvariantCulture);
                var end = line[3] == 'Z' ? at with { Z = at.Z + by } : at;
                work.Add(new Work(new PlannedMove(at, end, line[3] == 'E' ? by : 0, 10, 10, 10, 1000, Math.Abs(by) / 10)));
                at = end;
                _raised += line[3] == 'Z' ? by : 0;
            }
        }
        _planned = at;
        var moves = work.Select(static item => item.Move).ToList();
        _waiting.Enqueue((0, new SegmentPlan { Kind = SegmentKind.Motion, FirstLine = 1, Lines = lines.Count, DurationSeconds = moves.Sum(static move => move.DurationSeconds), Moves = moves, ExtrudedMm = 0 }, work));
    }

    public bool TryTakeAnswer(out ulong number) => _answers.TryDequeue(out number);

    public void Advance(double seconds)
    {
        Time += seconds;
        _nozzle = Toward(_nozzle, _nozzleTarget == 0 ? 22 : Math.Min(_nozzleTarget, HottestNozzle), NozzleRate * seconds);
        _bed = Toward(_bed, _bedTarget == 0 ? 22 : _bedTarget, 3 * seconds);
        _velocity = 0;
        if (IsStuck)
        {
            TakeOver();
            return;
        }
        if (_busy > 0)
        {
            _busy -= seconds;
            _position = _position with { X = _position.X + (160 / HomingSeconds * seconds) };
            _velocity = 160 / HomingSeconds;
            if (_busy <= 0)
            {
                (_position, _homed, _velocity) = (HomeEnd, HomedAxes.All, 0);
                _answers.Enqueue(_waiting.Dequeue().Number);
            }
            return;
        }
        TakeOver();
        Move(seconds * Pace);
        _dwell = _moves.Count == 0 && _move is null && _raised == 0 && Executed.Count > 0 && _nozzle > 180 ? _dwell + seconds : 0;
        LongestDwell = Math.Max(LongestDwell, _dwell);
    }

    public PrinterSample Sample() => new()
    {
        EventTime = Time,
        X = _position.X,
        Y = _position.Y,
        Z = _position.Z,
        E = 1000 + _extruded,
        Velocity = _velocity,
        NozzleC = _nozzle,
        NozzleTargetC = _nozzleTarget,
        BedC = _bed,
        BedTargetC = _bedTarget,
        SpeedFactor = _factor,
        FanSpeed = _fan,
        Homed = _homed,
        State = State,
    };

    private void TakeOver()
    {
        while (_waiting.TryPeek(out var next) && _queued < QueueSeconds)
        {
            if (next.Plan.Kind is SegmentKind.Home or SegmentKind.Macro)
            {
                if (_queued <= 0)
                {
                    _busy = IsStuck ? 0 : HomingSeconds;
                }
                return;
            }
            _waiting.Dequeue();
            if (_queued <= 0 && next.Plan.Moves.Count > 0)
            {
                _startDelay = StartSeconds;
                Starts++;
            }
            foreach (var work in next.Work)
            {
                _factor = IsDeaf ? _factor : work.SpeedFactor ?? _factor;
                _moves.Enqueue(work with { Pace = _factor });
                _queued += work.Move.DurationSeconds / _factor;
            }
            _answers.Enqueue(next.Number);
        }
    }

    private void Move(double seconds)
    {
        double delay = Math.Min(_startDelay, seconds);
        _startDelay -= delay;
        seconds -= delay;
        while (seconds > 0 && (_move is not null || _moves.Count > 0))
        {
            if (_move is null)
            {
                _move = _moves.Dequeue();
                _inMove = 0;
            }
            var (move, pace) = (_move.Move, _move.Pace);
            double step = Math.Min(seconds * pace, move.DurationSeconds - _inMove);
            double before = move.FractionAt(_inMove);
            _inMove += step;
            seconds -= step / pace;
            _queued = Math.Max(0, _queued - (step / pace));
            ExecutedSeconds += step;
            double after = _inMove >= move.DurationSeconds ? 1 : move.FractionAt(_inMove);
            _extruded += move.ExtrudedMm * (after - before);
            _position = _inMove >= move.DurationSeconds ? move.End : move.PositionAt(_inMove);
            _velocity = step > 0 ? move.Start.DistanceTo(move.End) * (after - before) / step : 0;
            if (_inMove >= move.DurationSeconds)
            {
                Executed.Add(move);
                _fan = IsDeaf ? _fan : _move.Fan ?? _fan;
                _move = null;
            }
        }
        if (_move is null && _moves.Count == 0)
        {
            _queued = 0;
        }
    }

    /// <summary>The plan's moves, line by line, and between them what the engine has added: a script may have more lines than its plan knows.</summary>
    private List<Work> Read(SegmentPlan plan, string[] lines)
    {
        var work = new List<Work>();
        var own = new Queue<int>(plan.LineMoves.Where(static moves => moves > 0));
        bool relative = false;
        int at = 0;
        foreach (string line in lines)
        {
            string[] words = line.Split(' ');
            switch (words[0])
            {
                case "G90" or "G91":
                    relative = words[0] == "G91";
                    break;
                case "M220":
                    work.Add(Nothing with { SpeedFactor = Target(line) / 100 });
                    break;
                case "M106" or "M107":
                    work.Add(Nothing with { Fan = words[0] == "M107" ? 0 : Target(line) / 255 });
                    break;
                case "G0" or "G1" when relative && words.Length > 2:
                    if (SkipsDetours)
                    {
                        break;
                    }
                    var end = new Position(_planned.X + Word(words, 'X'), _planned.Y + Word(words, 'Y'), _planned.Z + Word(words, 'Z'));
                    work.Add(new Work(new PlannedMove(_planned, end, 0, 25, 25, 25, 1000, _planned.DistanceTo(end) / 25)));
                    _planned = end;
                    break;
                case "G0" or "G1" when words.Length > 2 || words[1][0] != 'F':
                    for (int left = own.Count > 0 ? own.Dequeue() : 0; left > 0; left--)
                    {
                        work.Add(new Work(plan.Moves[at]));
                        _planned = plan.Moves[at++].End;
                    }
                    break;
            }
        }
        return work;
    }

    private Work Nothing => new(new PlannedMove(_planned, _planned, 0, 0, 0, 0, 1, 0));

    private static double Word(string[] words, char letter) =>
        words.FirstOrDefault(word => word[0] == letter) is { } word ? double.Parse(word.AsSpan(1), CultureInfo.InvariantCulture) : 0;

    private static double Target(string line) => double.Parse(line[(line.IndexOf('S', StringComparison.Ordinal) + 1)..].Split(' ')[0], CultureInfo.InvariantCulture);

    /// <summary>A move, or a change of speed or fan, which has no length.</summary>
    private sealed record Work(PlannedMove Move)
    {
        public double? SpeedFactor { get; init; }

        public double? Fan { get; init; }

        /// <summary>Speed factor when it was taken over.</summary>
        public double Pace { get; init; } = 1;
    }

    private static double Toward(double value, double target, double by) => value < target ? Math.Min(target, value + by) : Math.Max(target, value - by);
}
