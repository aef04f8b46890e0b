namespace Touchmark.Streaming;

/// <summary>How the machine keeps up with its plan: plan seconds done per second, as a share of what the reported speed factor makes of it.</summary>
internal sealed class PaceWatch
{
    private double _done;
    private double _took;
    private double _standing;

    /// <summary>The last whole window; null when none has passed since <see cref="Restart"/>.</summary>
    public double? Pace { get; private set; }

    /// <summary>Takes the time between two samples in which there was something to do.</summary>
    /// <param name="done">Plan seconds.</param>
    /// <param name="seconds">Printer's clock.</param>
    /// <param name="speedFactor">As reported.</param>
    public void Observe(double done, double seconds, double speedFactor)
    {
        if (seconds > AdjustmentLimits.LongestHitch)
        {
            // Nothing was heard meanwhile: it may have stood or not.
            _standing = 0;
            return;
        }
        if (done <= 0)
        {
            _standing += seconds;
            return;
        }
        _took += (seconds + (_standing > AdjustmentLimits.LongestHitch ? 0 : _standing)) * speedFactor;
        _done += done;
        _standing = 0;
        if (_took >= AdjustmentLimits.PaceWindow)
        {
            Pace = _done / _took;
            (_done, _took) = (0, 0);
        }
    }

    /// <summary>What was measured belongs to the speed before.</summary>
    public void Restart() => (Pace, _done, _took, _standing) = (null, 0, 0, 0);
}
