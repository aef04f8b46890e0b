namespace Touchmark.Streaming;

/// <summary>One heater: whether it sags below the target that the toolpath gave it, and by how much its target is trimmed.</summary>
/// <param name="most">How far the target may be trimmed, °C.</param>
internal sealed class HeaterWatch(double most)
{
    private readonly Staircase _trim = new(AdjustmentLimits.TrimStep, most);
    private double _ordered;
    private double _target;
    private bool _arrived;
    private double _lowSince = double.NaN;

    /// <summary>How far below the toolpath's target it ought to be held, °C.</summary>
    public double TrimC => _trim.Level;

    /// <summary>Whether it is well below the target that it has, for some seconds.</summary>
    public bool Sags { get; private set; }

    /// <summary>Whether it is where the toolpath wants it.</summary>
    public bool IsWell { get; private set; }

    /// <summary>The last reading, °C.</summary>
    public double ActualC { get; private set; }

    public double TargetC => _target;

    /// <summary>A line with the target trimmed by so much has left; until the target changes, the printer may show it.</summary>
    public void Ordered(double trimC) => _ordered = Math.Max(_ordered, trimC);

    /// <summary>Takes a reading.</summary>
    /// <param name="actual">°C.</param>
    /// <param name="reported">Target as the printer has it, °C.</param>
    /// <param name="time">s.</param>
    /// <param name="matters">Whether a sag would harm now.</param>
    public void Observe(double actual, double reported, double time, bool matters)
    {
        ActualC = actual;
        bool trimmed = reported < _target && reported >= _target - _ordered - 0.01;
        if (!trimmed && reported != _target)
        {
            // The toolpath, or somebody, set another target.
            (_target, _arrived, _ordered) = (reported, false, 0);
            _trim.Reset();
        }
        _arrived |= Math.Abs(actual - reported) <= AdjustmentLimits.WellC;
        bool low = _arrived && reported > 0 && matters && actual <= reported - AdjustmentLimits.SagC;
        _lowSince = !low ? double.NaN : double.IsNaN(_lowSince) ? time : _lowSince;
        Sags = low && time - _lowSince >= AdjustmentLimits.SagSeconds;
        IsWell = actual >= reported - AdjustmentLimits.WellC;
    }

    /// <summary>Trims further down, or back, or leaves it.</summary>
    public void Trim(double time)
    {
        if (Sags)
        {
            _trim.Worsen(time);
        }
        else if (IsWell)
        {
            _trim.Improve(time);
        }
        else
        {
            _trim.Keep();
        }
    }
}
