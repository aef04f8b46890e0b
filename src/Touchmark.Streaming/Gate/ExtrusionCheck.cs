namespace Touchmark.Streaming;

/// <summary>Puts the printer's filament position on the plan's scale, and compares what was extruded with what was planned over every few millimetres.</summary>
internal sealed class ExtrusionCheck(PlanTimeline timeline)
{
    private double _planned;
    private double _reported;
    private bool _anchored;
    private int _strikes;

    /// <summary>Whether the filament has followed the plan so far.</summary>
    public bool Follows => _strikes < GateLimits.MaxExtrusionStrikes;

    /// <summary>The next sample stands at a place on the plan that is known: what the printer counts from may have changed.</summary>
    public void Release() => _anchored = false;

    /// <summary>The sample's filament position as mm from the beginning of the plan.</summary>
    public double OnPlan(in PrinterSample sample, double planSeconds)
    {
        if (!_anchored)
        {
            Anchor(sample, planSeconds);
        }
        return _planned + ((sample.E - _reported) / Factor(sample));
    }

    /// <summary>Compares, once enough filament has been planned since the last comparison.</summary>
    public void Compare(in PrinterSample sample, double planSeconds)
    {
        double planned = timeline.ExtrudedAt(planSeconds) - _planned;
        if (Math.Abs(planned) < GateLimits.ExtrusionSpan)
        {
            return;
        }
        double a = timeline.ExtrudedAt(planSeconds - GateLimits.AlignmentError) - _planned;
        double b = timeline.ExtrudedAt(planSeconds + GateLimits.AlignmentError) - _planned;
        double tolerance = GateLimits.ExtrusionSlack + (GateLimits.ExtrusionTolerance * Math.Abs(planned));
        double extruded = (sample.E - _reported) / Factor(sample);
        bool follows = extruded >= Math.Min(planned, Math.Min(a, b)) - tolerance && extruded <= Math.Max(planned, Math.Max(a, b)) + tolerance;
        _strikes = follows ? 0 : _strikes + 1;
        Anchor(sample, planSeconds);
    }

    private void Anchor(in PrinterSample sample, double planSeconds)
    {
        _planned = timeline.ExtrudedAt(planSeconds);
        _reported = sample.E;
        _anchored = true;
    }

    private static double Factor(in PrinterSample sample) => Math.Clamp(sample.ExtrudeFactor, 0.1, 10);
}
