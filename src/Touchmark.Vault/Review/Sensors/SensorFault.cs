namespace Touchmark.Vault.Review.Sensors;

/// <summary>What can be wrong with a channel. The order is that of explanation: where several fit the same samples, the first one is what is said.</summary>
internal enum SensorFaultKind
{
    /// <summary>Two channels have each other's normal.</summary>
    Swapped,

    /// <summary>The value stands still for far longer than here.</summary>
    Stuck,

    /// <summary>A few samples lie far from their neighbours.</summary>
    Spike,

    /// <summary>Away from this channel's normal, from the start on or more and more.</summary>
    Drift,

    /// <summary>A little more of the same in each job, over many jobs.</summary>
    SlowDrift,

    /// <summary>Each channel is within its bounds, and together they are not.</summary>
    Together,
}

/// <summary>One thing that is unlike this site's normal.</summary>
/// <param name="Kind">What it looks like.</param>
/// <param name="Channel">Where.</param>
/// <param name="Distance">How far out, in robust scales of what this statistic is here.</param>
/// <param name="Words">A clause for people, figures included.</param>
/// <param name="Other">The other channel of a swap.</param>
internal sealed record SensorFault(SensorFaultKind Kind, string Channel, double Distance, string Words, string? Other = null);
