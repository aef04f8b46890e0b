using static Touchmark.GCode.RefusalList;

namespace Touchmark.GCode;

/// <summary>Checks what the moves of allowed lines do to the machine, and measures them.</summary>
internal sealed class MoveRules(MachineLimits limits, RefusalList refusals)
{
    /// <summary>Rounding of coordinates in a file, mm.</summary>
    private const double Tolerance = 1e-6;

    private readonly double[] _targets = new double[Math.Max(1, limits.Extruders)];
    private bool _homedX;
    private bool _homedY;
    private bool _homedZ;
    private bool _macroRan;
    private bool _any;
    private double _minX, _minY, _minZ, _maxX, _maxY, _maxZ;

    public double ExtrudedMm { get; private set; }

    public double MaxNozzleC { get; private set; }

    public double MaxBedC { get; private set; }

    public BoundingBox? Extent => _any ? new BoundingBox(new Position(_minX, _minY, _minZ), new Position(_maxX, _maxY, _maxZ)) : null;

    /// <param name="line">An allowed line.</param>
    /// <param name="state">The state after it.</param>
    /// <returns>False where the line was refused.</returns>
    public bool Allow(GCodeLine line, MotionState state)
    {
        Follow(line, state);
        if (line.Letter == 'G' && line.Number is 2 or 3 && state.Kind == SegmentKind.Motion && !Arc(line, state))
        {
            return false;
        }

        foreach (RawMove move in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(state.Moves))
        {
            if (!Allow(move, state))
            {
                return false;
            }
        }

        return true;
    }

    private void Follow(GCodeLine line, MotionState state)
    {
        if (state.NozzleSet is { } nozzle)
        {
            _targets[Math.Clamp(state.NozzleTool, 0, _targets.Length - 1)] = nozzle;
            MaxNozzleC = Math.Max(MaxNozzleC, nozzle);
        }

        MaxBedC = Math.Max(MaxBedC, state.BedSet ?? 0);
        if (state.Kind == SegmentKind.Macro)
        {
            // A macro may home and heat: from here on the printer itself is the judge of both.
            _macroRan = _homedX = _homedY = _homedZ = true;
        }
        else if (state.Kind == SegmentKind.Home)
        {
            bool x = line.Text.IndexOf((byte)'X') >= 0;
            bool y = line.Text.IndexOf((byte)'Y') >= 0;
            bool z = line.Text.IndexOf((byte)'Z') >= 0;
            bool all = !x && !y && !z;
            _homedX |= x || all;
            _homedY |= y || all;
            _homedZ |= z || all;
        }
        else if (line.Letter == 'M' && line.Number is 18 or 84)
        {
            _homedX = _homedY = _homedZ = false;
        }
    }

    private bool Arc(GCodeLine line, MotionState state)
    {
        bool radius = line.TryGet('R', out double r);
        bool offset = line.TryGet('I', out _) | line.TryGet('J', out _);
        string? reason = !limits.Arcs ? "this printer has no [gcode_arcs]"
            : !state.Absolute ? "Klipper takes no arcs in relative mode (G91)"
            : radius && !limits.RadiusArcs ? "Klipper takes no arcs by radius"
            : radius && offset ? "it gives both a radius and a centre"
            : !radius && !offset ? "it gives neither a centre nor a radius"
            : null;
        reason ??= state.ArcIsBroken ? "no circle goes through its ends" : null;
        return reason is null || Refuse(
            "ARC_FORM", $"The arc cannot be drawn: {reason}.", "Switch arc fitting off in the slicer, or write arcs in absolute mode with I and J.",
            ("radius", radius ? Figure(r) : "none"));
    }

    private bool Allow(in RawMove move, MotionState state)
    {
        Position end = move.End;
        bool x = end.X != move.Start.X, y = end.Y != move.Start.Y, z = end.Z != move.Start.Z;
        if ((x && !_homedX) || (y && !_homedY) || (z && !_homedZ))
        {
            string axes = $"{(x && !_homedX ? "X" : "")}{(y && !_homedY ? "Y" : "")}{(z && !_homedZ ? "Z" : "")}";
            return Refuse("NOT_HOMED", $"The move needs {axes}, which the toolpath has not homed.", "Begin the toolpath with G28, or with the printer's start macro.", ("axes", axes));
        }

        return Inside('X', end.X, limits.MinX, limits.MaxX, x) && Inside('Y', end.Y, limits.MinY, limits.MaxY, y) && Inside('Z', end.Z, limits.MinZ, limits.MaxZ, z)
            && (move.ExtrudedMm == 0 || Extrusion(move, state, travels: x || y));
    }

    private bool Inside(char axis, double value, double least, double most, bool moves) =>
        !moves || (value >= least - Tolerance && value <= most + Tolerance) || Refuse(
            "BUILD_VOLUME", $"The move goes to {axis} {Figure(value)} mm; this printer reaches from {Figure(least)} to {Figure(most)} mm.",
            "Place the part within the build volume, or slice for a larger printer.",
            ("axis", $"{axis}"), ("value_mm", Figure(value)), ("least_mm", Figure(least)), ("most_mm", Figure(most)));

    private bool Extrusion(in RawMove move, MotionState state, bool travels)
    {
        double target = _targets[Math.Clamp(state.Tool, 0, _targets.Length - 1)];
        if (!_macroRan && target < limits.MinExtrudeC)
        {
            return Refuse(
                "COLD_EXTRUSION", $"The toolpath extrudes with a nozzle target of {Figure(target)} °C; this printer needs {Figure(limits.MinExtrudeC)} °C.",
                "Set the nozzle temperature before the first extrusion.", ("target_c", Figure(target)), ("least_c", Figure(limits.MinExtrudeC)));
        }

        double length = move.ExtrudedMm;
        if (!travels || length < 0)
        {
            if (Math.Abs(length) > limits.MaxExtrudeOnlyDistance)
            {
                return Refuse(
                    "EXTRUDE_DISTANCE", $"The line moves {Figure(Math.Abs(length))} mm of filament at once; this printer takes {Figure(limits.MaxExtrudeOnlyDistance)} mm.",
                    "Split the move, or check whether extrusion should be relative (M83).", ("value_mm", Figure(Math.Abs(length))), ("most_mm", Figure(limits.MaxExtrudeOnlyDistance)));
            }
        }
        else
        {
            double ratio = length / move.Start.DistanceTo(move.End);
            if (ratio > limits.MaxExtrudeRatio && length > limits.NozzleDiameter * limits.MaxExtrudeRatio)
            {
                return Refuse(
                    "EXTRUDE_SECTION", $"The line extrudes {Figure(ratio * limits.FilamentArea)} mm²; this printer takes {Figure(limits.MaxExtrudeRatio * limits.FilamentArea)} mm².",
                    "Check the line width and whether extrusion should be relative (M83).",
                    ("value_mm2", Figure(ratio * limits.FilamentArea)), ("most_mm2", Figure(limits.MaxExtrudeRatio * limits.FilamentArea)));
            }

            Grow(move);
        }

        ExtrudedMm += length;
        return true;
    }

    private void Grow(in RawMove move)
    {
        if (!_any)
        {
            _any = true;
            (_minX, _minY, _minZ) = (move.Start.X, move.Start.Y, move.Start.Z);
            (_maxX, _maxY, _maxZ) = (move.Start.X, move.Start.Y, move.Start.Z);
        }

        _minX = Math.Min(_minX, Math.Min(move.Start.X, move.End.X));
        _minY = Math.Min(_minY, Math.Min(move.Start.Y, move.End.Y));
        _minZ = Math.Min(_minZ, Math.Min(move.Start.Z, move.End.Z));
        _maxX = Math.Max(_maxX, Math.Max(move.Start.X, move.End.X));
        _maxY = Math.Max(_maxY, Math.Max(move.Start.Y, move.End.Y));
        _maxZ = Math.Max(_maxZ, Math.Max(move.Start.Z, move.End.Z));
    }

    private bool Refuse(string code, string text, string fix, params ReadOnlySpan<(string Name, string Value)> figures)
    {
        refusals.Add(code, text, fix, figures);
        return false;
    }
}
