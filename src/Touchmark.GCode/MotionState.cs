namespace Touchmark.GCode;

/// <summary>The printer's modes and position, and what each line does to them. It follows klippy/extras/gcode_move.py,
/// gcode_arcs.py and toolhead.py, and takes any line: what it does not understand changes nothing.</summary>
internal sealed class MotionState
{
    /// <summary>An arc has at most this many chords; a longer one is drawn with longer chords.</summary>
    private const int MaxChords = 10_000;

    private const double DefaultSpeed = 25;

    /// <summary>Larger values are left out, so that no sum of them ever becomes infinite; the check refuses them long before.</summary>
    private const double LargestValue = 1e7;

    private readonly MachineLimits _limits;
    private readonly MachineNames _names;
    private readonly double[] _position = new double[4];
    private readonly double[] _base = new double[4];
    private readonly double[] _positionBefore = new double[4];
    private readonly List<RawMove> _moves = [];
    private bool _absolute = true;
    private bool _absoluteExtrusion = true;
    private double _feed = DefaultSpeed;
    private double _feedBefore;
    private double _speedFactor = 1;
    private double _extrudeFactor = 1;

    public MotionState(MachineLimits limits)
    {
        _limits = limits;
        _names = new MachineNames(limits);
        Velocity = limits.MaxVelocity;
        Acceleration = limits.MaxAcceleration;
        SquareCornerVelocity = limits.SquareCornerVelocity;
        MinimumCruiseRatio = limits.MinimumCruiseRatio;
        Home(x: true, y: true, z: true);
    }

    /// <summary>Moves of the last line, arcs as chords.</summary>
    public List<RawMove> Moves => _moves;

    /// <summary>Kind of the last line.</summary>
    public SegmentKind Kind { get; private set; }

    /// <summary>Whether the head comes to a stop before the last line: it blocks, changes the extruder or switches the motors off.</summary>
    public bool Stops { get; private set; }

    /// <summary>Seconds that the last line waits, for G4.</summary>
    public double DwellSeconds { get; private set; }

    public double? NozzleSet { get; private set; }

    /// <summary>Extruder that <see cref="NozzleSet"/> is for.</summary>
    public int NozzleTool { get; private set; }

    public double? BedSet { get; private set; }

    public double? ChamberSet { get; private set; }

    public double? FanSet { get; private set; }

    public double Velocity { get; private set; }

    public double Acceleration { get; private set; }

    public double SquareCornerVelocity { get; private set; }

    public double MinimumCruiseRatio { get; private set; }

    public int Tool { get; private set; }

    public bool Absolute => _absolute;

    /// <summary>Whether the last line was an arc by a radius too small for its ends.</summary>
    public bool ArcIsBroken { get; private set; }

    public Position Position => new(_position[0], _position[1], _position[2]);

    /// <summary>Where an axis (0 to 3 for X, Y, Z, E) is in the coordinates that the text is written in.</summary>
    public double Coordinate(int axis) => (_position[axis] - _base[axis]) / (axis == 3 ? _extrudeFactor : 1);

    public bool IsRelative(int axis) => !(_absolute && (axis < 3 || _absoluteExtrusion));

    /// <summary>Takes back the last line, which was a straight move.</summary>
    public void TakeBack()
    {
        _positionBefore.CopyTo(_position, 0);
        _feed = _feedBefore;
        _moves.Clear();
    }

    public void Apply(GCodeLine line)
    {
        _moves.Clear();
        ArcIsBroken = Stops = false;
        Kind = SegmentKind.Motion;
        DwellSeconds = 0;
        NozzleSet = BedSet = ChamberSet = FanSet = null;
        if (line.Kind == GCodeLineKind.Classic && line.Number >= 0)
        {
            switch (line.Letter)
            {
                case (byte)'G':
                    ApplyG(line);
                    break;
                case (byte)'M':
                    ApplyM(line);
                    break;
                case (byte)'T':
                    SelectTool(line.Number);
                    break;
            }
        }
        else if (line.Kind == GCodeLineKind.Extended)
        {
            ApplyExtended(line);
        }

        if (Kind == SegmentKind.Motion && _names.IsMacro(line.Name))
        {
            Kind = SegmentKind.Macro;
            _moves.Clear();
        }

        Stops |= Kind != SegmentKind.Motion;
    }

    private void ApplyG(GCodeLine line)
    {
        switch (line.Number)
        {
            case 0 or 1:
                Line(line);
                break;
            case 2 or 3:
                Arc(line, clockwise: line.Number == 2);
                break;
            case 4:
                Kind = SegmentKind.Dwell;
                DwellSeconds = line.TryGet('P', out double ms) ? Math.Max(0, ms) / 1000 : 0;
                break;
            case 28:
                Home(line.Arguments.Contains((byte)'X'), line.Arguments.Contains((byte)'Y'), line.Arguments.Contains((byte)'Z'));
                Kind = SegmentKind.Home;
                break;
            case 90:
                _absolute = true;
                break;
            case 91:
                _absolute = false;
                break;
            case 92:
                SetOrigin(line);
                break;
        }
    }

    private void ApplyM(GCodeLine line)
    {
        double s = line.TryGet('S', out double given) ? given : 0;
        switch (line.Number)
        {
            case 18 or 84:
                Stops = true;
                break;
            case 82:
                _absoluteExtrusion = true;
                break;
            case 83:
                _absoluteExtrusion = false;
                break;
            case 104 or 109:
                NozzleSet = s;
                NozzleTool = line.TryGet('T', out double tool) ? (int)tool : Tool;
                Kind = line.Number == 109 ? SegmentKind.WaitForHeater : SegmentKind.Motion;
                break;
            case 140 or 190:
                BedSet = s;
                Kind = line.Number == 190 ? SegmentKind.WaitForHeater : SegmentKind.Motion;
                break;
            case 141 or 191:
                ChamberSet = s;
                Kind = line.Number == 191 ? SegmentKind.WaitForHeater : SegmentKind.Motion;
                break;
            case 106:
                FanSet = line.TryGet('S', out double fan) ? Math.Clamp(fan / 255, 0, 1) : 1;
                break;
            case 107:
                FanSet = 0;
                break;
            case 204:
                if (s > 0)
                {
                    Acceleration = s;
                }
                else if (line.TryGet('P', out double p) && line.TryGet('T', out double t) && Math.Min(p, t) > 0)
                {
                    Acceleration = Math.Min(p, t);
                }

                break;
            case 220:
                _speedFactor = s > 0 ? s / 100 : 1;
                break;
            case 221:
                double factor = s > 0 ? s / 100 : 1;
                _base[3] = _position[3] - ((_position[3] - _base[3]) / _extrudeFactor * factor);
                _extrudeFactor = factor;
                break;
            case 400:
                Kind = SegmentKind.Synchronise;
                break;
        }
    }

    private void ApplyExtended(GCodeLine line)
    {
        if (line.Name.SequenceEqual("SET_VELOCITY_LIMIT"u8))
        {
            Velocity = line.TryGet("VELOCITY"u8, out double velocity) && velocity > 0 ? velocity : Velocity;
            Acceleration = line.TryGet("ACCEL"u8, out double accel) && accel > 0 ? accel : Acceleration;
            SquareCornerVelocity = line.TryGet("SQUARE_CORNER_VELOCITY"u8, out double corner) && corner >= 0 ? corner : SquareCornerVelocity;
            MinimumCruiseRatio = line.TryGet("MINIMUM_CRUISE_RATIO"u8, out double ratio) && ratio is >= 0 and < 1 ? ratio : MinimumCruiseRatio;
        }
        else if (line.Name.SequenceEqual("ACTIVATE_EXTRUDER"u8))
        {
            foreach (GCodeParameter parameter in line.Parameters)
            {
                if (parameter.Key.SequenceEqual("EXTRUDER"u8) && MachineNames.TryExtruder(parameter.Value, out int tool))
                {
                    SelectTool(tool);
                }
            }
        }
        else if (line.Name.SequenceEqual("SET_HEATER_TEMPERATURE"u8))
        {
            double target = line.TryGet("TARGET"u8, out double given) ? given : 0;
            foreach (GCodeParameter parameter in line.Parameters)
            {
                if (parameter.Key.SequenceEqual("HEATER"u8))
                {
                    NozzleSet = MachineNames.TryExtruder(parameter.Value, out int tool) ? target : null;
                    NozzleTool = tool;
                    BedSet = parameter.Value.SequenceEqual("heater_bed"u8) ? target : null;
                }
            }
        }
    }

    private void SelectTool(int tool)
    {
        if (tool != Tool)
        {
            Stops = true;
            Tool = tool;
            _extrudeFactor = 1;
            _base[3] = _position[3];
        }
    }

    /// <summary>Homes the named axes, or all where none is named.</summary>
    private void Home(bool x, bool y, bool z)
    {
        bool all = !x && !y && !z;
        ReadOnlySpan<double> home = [_limits.HomeX, _limits.HomeY, _limits.HomeZ];
        ReadOnlySpan<bool> homed = [all || x, all || y, all || z];
        for (int axis = 0; axis < 3; axis++)
        {
            if (homed[axis])
            {
                _position[axis] = home[axis];
                _base[axis] = 0;
            }
        }
    }

    private void SetOrigin(GCodeLine line)
    {
        bool any = false;
        foreach (GCodeWord word in line.Words)
        {
            int axis = AxisOf(word.Letter);
            if (axis >= 0 && word.HasValue && Math.Abs(word.Value) <= LargestValue)
            {
                any = true;
                _base[axis] = _position[axis] - (word.Value * (axis == 3 ? _extrudeFactor : 1));
            }
        }

        if (!any)
        {
            _position.CopyTo(_base, 0);
        }
    }

    /// <summary>0 to 3 for X, Y, Z, E, -1 for all others.</summary>
    public static int AxisOf(char letter) => letter switch { 'X' => 0, 'Y' => 1, 'Z' => 2, 'E' => 3, _ => -1 };

    private void Line(GCodeLine line)
    {
        _position.CopyTo(_positionBefore, 0);
        _feedBefore = _feed;
        Position start = Position;
        double extruded = _position[3];
        foreach (GCodeWord word in line.Words)
        {
            if (!word.HasValue || Math.Abs(word.Value) > LargestValue)
            {
                continue;
            }

            int axis = AxisOf(word.Letter);
            if (axis == 3)
            {
                double filament = word.Value * _extrudeFactor;
                _position[3] = filament + (IsRelative(3) ? extruded : _base[3]);
            }
            else if (axis >= 0)
            {
                _position[axis] = word.Value + (_absolute ? _base[axis] : _position[axis]);
            }
            else if (word.Letter == 'F' && word.Value > 0)
            {
                _feed = word.Value / 60;
            }
        }

        Emit(start, Position, _position[3] - extruded);
    }

    private void Emit(Position start, Position end, double extruded)
    {
        if (start != end || extruded != 0)
        {
            _moves.Add(new RawMove(start, end, extruded, _feed * _speedFactor));
        }
    }

    private void Arc(GCodeLine line, bool clockwise)
    {
        Position start = Position;
        Span<double> target = [_position[0], _position[1], _position[2]];
        double extruded = 0, i = 0, j = 0, radius = 0;
        foreach (GCodeWord word in line.Words)
        {
            if (!word.HasValue || Math.Abs(word.Value) > LargestValue)
            {
                continue;
            }

            int axis = AxisOf(word.Letter);
            switch (word.Letter)
            {
                case 'E':
                    double filament = word.Value * _extrudeFactor;
                    extruded = IsRelative(3) ? filament : filament + _base[3] - _position[3];
                    break;
                case 'F' when word.Value > 0:
                    _feed = word.Value / 60;
                    break;
                case 'I':
                    i = word.Value;
                    break;
                case 'J':
                    j = word.Value;
                    break;
                case 'R':
                    radius = word.Value;
                    break;
                default:
                    if (axis >= 0)
                    {
                        target[axis] = word.Value + (_absolute ? _base[axis] : _position[axis]);
                    }

                    break;
            }
        }

        var end = new Position(target[0], target[1], target[2]);
        if (radius != 0)
        {
            (i, j) = ArcGeometry.CentreOf(start, end, radius, clockwise);
            ArcIsBroken = i == 0 && j == 0;
        }

        Position previous = start;
        int chords = ArcGeometry.Chords(start, end, i, j, clockwise, _limits.ArcResolution, MaxChords, out ArcGeometry arc);
        for (int chord = 1; chord <= chords; chord++)
        {
            Position next = arc.At(chord, chords);
            Emit(previous, next, extruded / chords);
            previous = next;
        }

        target.CopyTo(_position);
        _position[3] += extruded;
    }
}
