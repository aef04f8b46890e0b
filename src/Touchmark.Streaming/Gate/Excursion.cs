namespace Touchmark.Streaming;

/// <summary>
/// The head beside the path. An owner may park it for a filament change and bring it back, and a sample may be wrong; a head that goes on beside the path goes
/// another way. Nothing is confirmed meanwhile.
/// </summary>
internal sealed class Excursion
{
    private Waited _parked;
    private double _moving;
    private double _astray;
    private int _samples;
    private bool _wasParked;
    private int _parkings;
    private int _onPath;

    /// <summary>The head was beside the path and has not been on it for long enough to believe that it is back.</summary>
    public bool InDoubt => _samples > GateLimits.StraySamples;

    /// <param name="sample">A sample beside the path.</param>
    /// <param name="owed">Motion that the printer had taken over and not executed, plan seconds: its owner's commands come after that, never before.</param>
    /// <param name="distance">From the nearest place that the head could have reached, mm.</param>
    /// <param name="waited">Time since the last sample.</param>
    public GateVerdict? Observe(in PrinterSample sample, double owed, double distance, Waited waited)
    {
        _samples++;
        _onPath = 0;
        bool rests = sample.Velocity <= GateLimits.RestingVelocity;
        if (owed > GateLimits.MaxOwed)
        {
            _astray += waited.Printer;
        }
        else if (rests)
        {
            _parked += waited;
            _wasParked |= _parked.Printer > GateLimits.ParkedSeconds;
        }
        _moving = _wasParked && rests ? 0 : _moving + (rests ? 0 : waited.Printer);
        bool enough = _samples >= GateLimits.MinOffPathSamples;
        return _parked.Seconds > GateLimits.MaxParked
            ? new GateVerdict(EndReason.PrinterTooSlow, FormattableString.Invariant($"The head was parked beside the path for {_parked.Seconds:F0} s."))
            : enough && (_astray > GateLimits.MaxAstray || _moving > GateLimits.MaxOffPath)
            ? GateVerdict.Suspicion(FormattableString.Invariant($"the head was {distance:F1} mm or more from the planned path for {Math.Max(_astray, _moving):F1} s"))
            : _parkings > GateLimits.MaxParkings ? GateVerdict.Suspicion("the head was parked again and again")
            : null;
    }

    /// <summary>The head is on the path. True when it was parked before. A path that is only crossed now and then is not followed.</summary>
    public bool End()
    {
        bool wasParked = _wasParked;
        _parkings += wasParked ? 1 : 0;
        (_parked, _wasParked) = (default, false);
        if (++_onPath >= GateLimits.BackOnPathSamples)
        {
            (_moving, _astray, _samples) = (0, 0, 0);
        }
        return wasParked;
    }

    /// <summary>A wait is over.</summary>
    public void Rest() => (_parked, _moving, _astray, _samples, _wasParked) = (default, 0, 0, 0, false);
}
