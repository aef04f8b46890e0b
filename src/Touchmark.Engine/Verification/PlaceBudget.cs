using System.Threading.RateLimiting;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Verification;

/// <summary>Bytes that each place may have verified: a bucket that refills. Places fall by hash into a fixed number of buckets, as in <see cref="RateLimits"/>.</summary>
internal sealed class PlaceBudget(int burst, int perSecond) : IDisposable
{
    private const int Buckets = 1 << 15;

    /// <summary>Bytes in one token; every file costs one, however small it is.</summary>
    private const int Token = 16 * 1024;

    private readonly PartitionedRateLimiter<string> places = PartitionedRateLimiter.Create<string, int>(place => RateLimitPartition.GetTokenBucketLimiter(
        place.GetHashCode(StringComparison.Ordinal) & (Buckets - 1),
        _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = Math.Max(1, burst / Token), TokensPerPeriod = Math.Max(1, perSecond / Token), ReplenishmentPeriod = TimeSpan.FromSeconds(1), AutoReplenishment = false, QueueLimit = 0,
        }));

    /// <summary>Null, or the refusal of whoever has spent what there was.</summary>
    public Refusal? Spend(HttpContext context, int bytes)
    {
        using var spent = places.AttemptAcquire(Place.Of(context), Math.Min(1 + (bytes / Token), Math.Max(1, burst / Token)));
        return spent.IsAcquired ? null : new Refusal(
            StatusCodes.Status429TooManyRequests, "TOO_MUCH_VERIFIED", "So much was verified for this address that others have to come first.", "Wait, or verify on your own computer: touchmark verify.")
            .With("retry_after_s", 10L).With("bytes_per_second", perSecond).With("burst_bytes", burst);
    }

    public void Dispose() => places.Dispose();
}
