namespace Touchmark.Streaming;

/// <summary>
/// Whether the head keeps the pace of the plan: two leaky buckets of plan seconds. Lead is what was gained faster than any machine does it. Lag is what is
/// missing of a pace that every machine of this profile reaches while it has lines to go on with.
/// </summary>
internal sealed class PaceCheck
{
    private double _lead;
    private double _available;
    private bool _moves;

    /// <summary>Plan seconds that the head is behind, beyond what an honest machine's samples scatter.</summary>
    public double Lag { get; private set; }

    /// <summary>Enough to let nothing more out, not enough for a verdict.</summary>
    public bool InDoubt => Lag > GateLimits.LagInDoubt;

    /// <summary>Why the pace is not a machine's; null while it is.</summary>
    public GateVerdict? Verdict { get; private set; }

    /// <summary>Time passed while the head was beside the path: once it is back, it may have covered that much.</summary>
    /// <param name="seconds">Printer clock, times the fastest feed rate.</param>
    public void Pass(double seconds)
    {
        _available += seconds;
        _moves = false;
    }

    /// <summary>The head went on from one sample on the path to the next.</summary>
    /// <param name="gained">Plan seconds.</param>
    /// <param name="fastest">Most plan seconds that the time between them holds, by the owner's feed rate.</param>
    /// <param name="slowest">Least plan seconds that it holds.</param>
    /// <param name="mayStarve">Between the two the head passed a place where the printer may have waited for lines.</param>
    public void Observe(double gained, double fastest, double slowest, bool mayStarve)
    {
        _lead = Math.Max(0, _lead + gained - ((_available + fastest) * GateLimits.ImpossiblePace));
        _available = 0;
        if (_lead > GateLimits.MaxLead)
        {
            Verdict = GateVerdict.Suspicion(FormattableString.Invariant($"motion was reported {_lead:F1} s sooner than the machine can do it"));
        }
        if (!mayStarve && _moves)
        {
            Lag = Math.Max(-GateLimits.LagCredit, Lag + (slowest * GateLimits.LeastPace) - gained);
            if (Lag > GateLimits.MaxLag)
            {
                Verdict = GateVerdict.Suspicion(FormattableString.Invariant($"with lines enough to go on the head fell {Lag:F1} s behind, and no feed rate that was set explains it"));
            }
        }
        else if (gained > fastest)
        {
            // The alignment caught up, or ran ahead and will stand for a while.
            Lag = Math.Max(-GateLimits.LagCredit, Lag - (gained - fastest));
        }
        else if (gained <= 0)
        {
            // Whoever stands because he gets nothing owes nothing.
            Lag = Math.Min(Lag, Math.Max(0, Lag - (slowest * GateLimits.LagForgiven)));
        }
        // From a standstill, the first sample shows only part of the way.
        _moves = !mayStarve && (_moves || gained > 0);
    }

    /// <summary>A wait is over.</summary>
    public void Rest()
    {
        (Lag, _available) = (0, 0);
        _moves = false;
    }
}
