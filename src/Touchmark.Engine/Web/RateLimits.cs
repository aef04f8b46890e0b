using System.Threading.RateLimiting;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.PrinterTokens;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Web;

/// <summary>
/// How much one caller may ask: a bucket of tokens for each place that requests come from, one for each account, and so many event streams for each account. Keys fall by a
/// hash that differs from start to start into a fixed number of buckets: the tables cannot grow, and nobody can choose whose bucket to share.
/// </summary>
internal sealed class RateLimits : IDisposable
{
    /// <summary>Event streams that an account may hold open.</summary>
    public const int StreamsPerAccount = 32;

    private const int Buckets = 1 << 15;

    private readonly EngineOptions options;
    private readonly PartitionedRateLimiter<string> places;
    private readonly PartitionedRateLimiter<Guid> accounts;
    private readonly PartitionedRateLimiter<Guid> streams;

    public RateLimits(EngineOptions options)
    {
        this.options = options;
        places = PartitionedRateLimiter.Create<string, int>(place => RateLimitPartition.GetTokenBucketLimiter(Bucket(place), _ => Rate()));
        accounts = PartitionedRateLimiter.Create<Guid, int>(account => RateLimitPartition.GetTokenBucketLimiter(Bucket(account), _ => Rate()));
        streams = PartitionedRateLimiter.Create<Guid, int>(account => RateLimitPartition.GetConcurrencyLimiter(Bucket(account), _ => new ConcurrencyLimiterOptions { PermitLimit = StreamsPerAccount }));
    }

    /// <summary>Before anything is looked up: whoever floods us costs no query.</summary>
    public Task LimitPlaceAsync(HttpContext context, RequestDelegate next) => PassAsync(places.AttemptAcquire(Place.Of(context)), context, next);

    /// <summary>Once it is known who asks, an account or a printer, from wherever.</summary>
    public Task LimitAccountAsync(HttpContext context, RequestDelegate next) =>
        (Caller.From(context.User)?.AccountId ?? PrinterCaller.Of(context)?.Printer.Id) is { } id ? PassAsync(accounts.AttemptAcquire(id), context, next) : next(context);

    /// <summary>Lets an event stream open, and counts it until the answer has ended; or the refusal.</summary>
    public Refusal? OpenStream(HttpContext context, Caller caller)
    {
        var lease = streams.AttemptAcquire(caller.AccountId);
        context.Response.RegisterForDispose(lease);
        return lease.IsAcquired ? null
            : new Refusal(StatusCodes.Status429TooManyRequests, "TOO_MANY_STREAMS", $"This account holds {StreamsPerAccount} event streams open already.", "Close one of them.").With("limit", StreamsPerAccount);
    }

    public void Dispose()
    {
        places.Dispose();
        accounts.Dispose();
        streams.Dispose();
    }

    // Text and HashCode hash with a key of this process.
    private static int Bucket(string key) => key.GetHashCode(StringComparison.Ordinal) & (Buckets - 1);

    private static int Bucket(Guid key) => HashCode.Combine(key) & (Buckets - 1);

    private TokenBucketRateLimiterOptions Rate() => new()
    {
        TokenLimit = options.RequestBurst, TokensPerPeriod = options.RequestsPerSecond, ReplenishmentPeriod = TimeSpan.FromSeconds(1), AutoReplenishment = false, QueueLimit = 0,
    };

    private async Task PassAsync(RateLimitLease lease, HttpContext context, RequestDelegate next)
    {
        // A token is spent, not lent: nothing comes back when the request ends.
        using var spent = lease;
        if (lease.IsAcquired)
        {
            await next(context);
            return;
        }

        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var time) ? Math.Max(1, (long)Math.Ceiling(time.TotalSeconds)) : 1;
        await new Refusal(StatusCodes.Status429TooManyRequests, "TOO_MANY_REQUESTS", $"More than {options.RequestsPerSecond} requests a second, over a burst of {options.RequestBurst}.", "Wait, then send fewer at once.")
            .With("requests_per_second", options.RequestsPerSecond).With("burst", options.RequestBurst).With("retry_after_s", wait).ExecuteAsync(context);
    }
}
