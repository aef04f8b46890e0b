namespace Touchmark.Streaming;

/// <summary>A level that goes up by steps while things are bad and down while they are well, and slower and slower down when that proves too soon: it never
/// hunts. Times are seconds of any one clock.</summary>
internal sealed class Staircase(double step, double most)
{
    private double _hold = AdjustmentLimits.Hold;
    private double _raised = double.NegativeInfinity;
    private double _lowered = double.NegativeInfinity;
    private double _wellSince = double.NaN;

    /// <summary>0 to the most that is allowed.</summary>
    public double Level { get; private set; }

    public bool IsAtTop => Level >= most;

    /// <summary>Things are bad at <paramref name="time"/>.</summary>
    public void Worsen(double time)
    {
        _wellSince = double.NaN;
        if (IsAtTop || time - _raised < AdjustmentLimits.Settle)
        {
            return;
        }
        if (time - _lowered < AdjustmentLimits.TooSoon)
        {
            _hold = Math.Min(2 * _hold, AdjustmentLimits.LongestHold);
        }
        Level = Math.Min(most, Level + step);
        _raised = time;
    }

    /// <summary>Things are well at <paramref name="time"/>.</summary>
    public void Improve(double time)
    {
        if (Level == 0)
        {
            return;
        }
        if (double.IsNaN(_wellSince))
        {
            _wellSince = time;
        }
        else if (time - _wellSince >= _hold)
        {
            Level = Level - step < step / 2 ? 0 : Level - step;
            (_lowered, _wellSince) = (time, time);
        }
    }

    /// <summary>Neither: nothing changes, and being well starts over.</summary>
    public void Keep() => _wellSince = double.NaN;

    /// <summary>Begins again at 0.</summary>
    public void Reset() => (Level, _wellSince) = (0, double.NaN);
}
