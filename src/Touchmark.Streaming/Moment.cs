namespace Touchmark.Streaming;

/// <summary>
/// One reading of both clocks of a host: the wall clock, which is written down and compared with the other side's, and the steady clock, which times
/// every wait, so that a step of the wall clock ends no session.
/// </summary>
/// <param name="Utc">Wall clock.</param>
/// <param name="Steady">Time since an arbitrary origin of this process; never goes back.</param>
public readonly record struct Moment(DateTimeOffset Utc, TimeSpan Steady)
{
    /// <summary>Both clocks of <paramref name="time"/> now.</summary>
    public static Moment Of(TimeProvider time) => new(time.GetUtcNow(), time.GetElapsedTime(0, time.GetTimestamp()));

    /// <summary>Seconds on the steady clock since <paramref name="earlier"/>.</summary>
    internal double Since(Moment earlier) => (Steady - earlier.Steady).TotalSeconds;
}
