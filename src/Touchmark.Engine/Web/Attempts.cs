namespace Touchmark.Engine.Web;

/// <summary>
/// Counts attempts per key (an address, an e-mail) in windows of fixed length and refuses the one too many. Bounded: when more keys than it can hold are at work,
/// which only an attack does, new keys are refused until the window ends.
/// </summary>
internal sealed class Attempts(TimeProvider time, int limit, TimeSpan window, int maximumKeys = 10_000)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> counts = new(StringComparer.Ordinal);
    private DateTimeOffset windowEnd = DateTimeOffset.MinValue;

    /// <summary>Null, or the refusal when this attempt is one too many.</summary>
    public Refusal? Count(string key)
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            if (now >= windowEnd)
            {
                counts.Clear();
                windowEnd = now + window;
            }

            var count = counts.GetValueOrDefault(key);
            if (count >= limit || (count == 0 && counts.Count >= maximumKeys))
            {
                var seconds = (long)Math.Ceiling((windowEnd - now).TotalSeconds);
                return new Refusal(StatusCodes.Status429TooManyRequests, "TOO_MANY_ATTEMPTS", $"There were more than {limit} attempts in a short time.", $"Wait {seconds} s, then try again.")
                    .With("limit", limit).With("retry_after_s", seconds);
            }

            counts[key] = count + 1;
            return null;
        }
    }
}
