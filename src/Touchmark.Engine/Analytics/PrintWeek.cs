using Touchmark.Evidence.Cbor;

namespace Touchmark.Engine.Analytics;

/// <summary>Weeks by their number: 0 began on Monday, 5 January 1970, UTC. The views of 0250-print-weeks.sql reckon the same.</summary>
internal static class PrintWeek
{
    private const long LengthUs = 7 * 24 * 3600 * 1_000_000L;

    /// <summary>The Monday that begins the first, µs of Unix time.</summary>
    private const long FirstMondayUs = 4 * 24 * 3600 * 1_000_000L;

    public static long Of(DateTimeOffset time) => (time.ToMicroseconds() - FirstMondayUs) / LengthUs;

    /// <summary>Its Monday, midnight.</summary>
    public static DateTimeOffset Begin(long week) => CborTime.FromMicroseconds((week * LengthUs) + FirstMondayUs);
}
