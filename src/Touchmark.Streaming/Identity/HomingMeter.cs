namespace Touchmark.Streaming;

/// <summary>One G28 as telemetry showed it.</summary>
/// <param name="Seconds">From the first motion to the last, s of the printer's clock.</param>
/// <param name="X">How far the X axis ran in all, mm.</param>
/// <param name="Y">How far the Y axis ran, mm.</param>
/// <param name="Z">How far the Z axis ran, mm.</param>
public readonly record struct HomingRun(double Seconds, double X, double Y, double Z);

/// <summary>
/// Times a G28, and measures how far each axis ran in it: homing lasts as long as the head is far from its endstops, so that its duration says nothing without
/// the way. Klipper renames the head's position while it homes (klippy/extras/homing.py, <c>set_position</c>): such a jump is told from motion by the speed that
/// the printer reports, and what was run beside it follows from that speed.
/// </summary>
public sealed class HomingMeter
{
    /// <summary>Longest gap between two samples, s: in a longer one a whole approach can hide.</summary>
    private const double MaxGap = 0.6;

    /// <summary>Positions are rounded to µm; below this nothing moves, mm.</summary>
    private const double Still = 0.01;

    /// <summary>A displacement this many times what the reported speed explains is a renamed position.</summary>
    private const double Leap = 1.25;

    /// <summary>More than this in one direction is motion of one axis, share of the way.</summary>
    private const double Alone = 0.99;

    /// <summary>Nobody homes for longer than this many samples; bounds the memory.</summary>
    private const int MaxSamples = 8192;

    private readonly double[] _way = new double[3];
    private readonly List<(double Speed, double Way)>[] _speeds = [[], [], []];
    private PrinterSample? _last;
    private double _began = double.NaN;
    private double _ended = double.NaN;
    private int _axis = -1;
    private double _owed;
    private int _samples;
    private bool _gap;

    /// <summary>What was measured so far; null when nothing has moved, or a gap hides a part of it.</summary>
    public HomingRun? Run => double.IsNaN(_began) || _gap ? null : new HomingRun(_ended - _began, _way[0], _way[1], _way[2]);

    /// <summary>Why there is no <see cref="Run"/>, in words.</summary>
    public string Missing => _gap ? "telemetry had a gap while the head homed" : "no homing was seen";

    /// <summary>The speed at which an axis (0 to 2) ran most of its way, mm/s; null when it was not seen to run alone.</summary>
    public double? SpeedOf(int axis)
    {
        double half = _speeds[axis].Sum(static pair => pair.Way) / 2;
        foreach (var (speed, way) in _speeds[axis].OrderBy(static pair => pair.Speed))
        {
            half -= way;
            if (half <= 0)
            {
                return speed;
            }
        }
        return null;
    }

    /// <summary>Takes the next sample, from the one before the head moves to one after it came to rest.</summary>
    public void Observe(in PrinterSample sample)
    {
        if (_last is { } last && sample.EventTime > last.EventTime && _samples < MaxSamples)
        {
            _samples++;
            Follow(last, sample, sample.EventTime - last.EventTime);
        }
        _last = sample;
    }

    private void Follow(in PrinterSample last, in PrinterSample sample, double elapsed)
    {
        ReadOnlySpan<double> by = [Math.Abs(sample.X - last.X), Math.Abs(sample.Y - last.Y), Math.Abs(sample.Z - last.Z)];
        double distance = Math.Sqrt((by[0] * by[0]) + (by[1] * by[1]) + (by[2] * by[2]));
        if (distance < Still && last.Velocity <= 0 && sample.Velocity <= 0)
        {
            return;
        }
        double middle = last.EventTime + (elapsed / 2);
        _began = double.IsNaN(_began) ? middle : _began;
        _ended = sample.Velocity > 0 ? sample.EventTime : middle;
        _gap |= elapsed > MaxGap;
        if (distance <= (Leap * elapsed * Math.Max(last.Velocity, sample.Velocity)) + Still)
        {
            Take(by, distance, Math.Min(last.Velocity, sample.Velocity));
            return;
        }
        // The position was renamed between the two: half of the time belongs to what was under way before, half to what is under way now.
        Add(_axis, last.Velocity * elapsed / 2);
        _axis = -1;
        _owed += sample.Velocity * elapsed / 2;
    }

    private void Take(ReadOnlySpan<double> by, double distance, double speed)
    {
        for (int axis = 0; axis < 3; axis++)
        {
            _way[axis] += by[axis];
            if (distance >= Still && by[axis] > Alone * distance)
            {
                _axis = axis;
                _speeds[axis].Add((speed, by[axis]));
            }
        }
        Add(_axis, _owed);
        _owed = 0;
    }

    private void Add(int axis, double way)
    {
        if (axis >= 0)
        {
            _way[axis] += way;
        }
    }
}
