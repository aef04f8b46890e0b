using System.Globalization;

namespace Touchmark.Vault.Bundles;

/// <summary>
/// The computer's clock, held against the time that has passed since the start, which nobody can set. A jump makes nothing invalid: every bundle from then on says it, until the vault is
/// started anew with a clock that somebody has looked at.
/// </summary>
internal sealed class ClockWatch(TimeProvider time)
{
    /// <summary>What a clock may be corrected by: as much as verifiers tolerate.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    private readonly DateTimeOffset startedAt = time.GetUtcNow();
    private readonly long started = time.GetTimestamp();

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>What the clock did, in words; null while it goes as time does.</summary>
    public string? Jump
    {
        get
        {
            var off = time.GetUtcNow() - startedAt - time.GetElapsedTime(started);
            return off.Duration() <= Tolerance ? null
                : string.Create(CultureInfo.InvariantCulture, $"The computer's clock was put {(off > TimeSpan.Zero ? "forward" : "back")} by {off.Duration().TotalSeconds:0} s while the vault ran.");
        }
    }
}
