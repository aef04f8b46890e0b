namespace Touchmark.Streaming;

/// <summary>
/// Puts the printer's filament position on the plan's scale, and tells how much filament is missing there. Nothing is gained by more filament than was
/// planned (an owner who loads a new spool), so that only moves the scale.
/// </summary>
internal sealed class FilamentCheck(PlanTimeline timeline)
{
    private readonly Knob _flow = new();
    private double _least;
    private double _most;
    private double _reported;
    private double _planned;
    private bool _anchored;
    private int _short;

    /// <summary>Filament that is missing, mm.</summary>
    public double Missing { get; private set; }

    /// <summary>Enough to let nothing more out, not enough for a verdict.</summary>
    public bool InDoubt { get; private set; }

    /// <summary>What to say of a doubt that lasts; null when there is none.</summary>
    public GateVerdict? Doubt => InDoubt ? GateVerdict.Suspicion(FormattableString.Invariant($"the filament does not follow the plan, {Missing:F1} mm are missing")) : null;

    /// <summary>Why the filament is not what was ordered; null while it is.</summary>
    public GateVerdict? Verdict => _short >= GateLimits.ShortSamples ? Doubt : null;

    /// <summary>The next sample stands at a place on the plan that is known: what the printer counts from may have changed.</summary>
    public void Release() => _anchored = false;

    /// <summary>The sample's filament position as mm from the beginning of the plan, as likely as can be told.</summary>
    public double OnPlan(in PrinterSample sample, double planSeconds)
    {
        if (!_anchored)
        {
            _least = _most = _planned = timeline.ExtrudedAt(planSeconds);
            _reported = sample.E;
            _anchored = true;
        }
        return ((_least + _most) / 2) + ((sample.E - _reported) / _flow.Most);
    }

    /// <summary>Takes the filament of a sample whose place on the plan is known.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="planSeconds">Where it is.</param>
    /// <param name="wasAway">The head comes back from a long way beside the path, where its owner may have fed or drawn filament.</param>
    public void Observe(in PrinterSample sample, double planSeconds, bool wasAway)
    {
        _flow.Observe(sample.ExtrudeFactor, sample.EventTime);
        if (wasAway)
        {
            Release();
            _ = OnPlan(sample, planSeconds);
        }
        double fed = sample.E - _reported;
        double planned = timeline.ExtrudedAt(planSeconds);
        double advanced = planned - _planned;
        (_reported, _planned) = (sample.E, planned);
        double a = fed / _flow.Least;
        double b = fed / _flow.Most;
        _least += Math.Min(a, b);
        _most += Math.Max(a, b);
        var (low, high) = timeline.ExtrudedBetween(planSeconds - GateLimits.AlignmentError, planSeconds + GateLimits.AlignmentError);
        _least = Math.Min(_least, high + GateLimits.FilamentCredit);
        _most = Math.Min(_most, high + GateLimits.FilamentCredit);
        double drift = GateLimits.FilamentTolerance * Math.Abs(advanced);
        // What knobs left open closes as slowly as a deficit of a few per cent is forgiven.
        double apart = Math.Min(drift, (_most - _least) / 2);
        (_least, _most) = (_least + apart, _most - apart);
        // An owner who fed filament moved the scale; the alignment needs it right again.
        double ahead = Math.Min(drift, Math.Max(0, _least - high));
        (_least, _most) = (_least - ahead, _most - ahead);
        Missing = Math.Max(0, low - _most);
        double forgiven = Math.Min(drift, Missing);
        (_least, _most, Missing) = (_least + forgiven, _most + forgiven, Missing - forgiven);
        // A retraction that is feigned as well hides some of it for a moment.
        InDoubt = Missing > (InDoubt ? GateLimits.FilamentInOrder : GateLimits.FilamentInDoubt);
        _short = Missing > GateLimits.MaxFilamentMissing ? _short + 1 : 0;
    }
}
