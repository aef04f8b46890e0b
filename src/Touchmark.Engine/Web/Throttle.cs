using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Web;

/// <summary>
/// Slows whoever keeps failing down: the first attempts of a key (an address, an account) cost nothing, and each one after that doubles the wait before the next, from 1 s up to a
/// longest wait. An attempt counts when it begins, so many at once gain nothing; what came too early is refused and does not count. A key that stays away for the longest wait after its
/// last one is forgotten. Bounded: when it is full, the key that has failed least gives way, so that nobody can push out their own failures with fresh addresses.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="free">Attempts before the first wait.</param>
/// <param name="longest">Nobody waits longer.</param>
/// <param name="capacity">Most keys that are remembered.</param>
internal sealed class Throttle(TimeProvider time, int free, TimeSpan longest, int capacity = 10_000)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Record> records = new(StringComparer.Ordinal);

    /// <summary>Begins an attempt: null, or the refusal of one that came too early.</summary>
    public Refusal? Begin(string key)
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            if (!records.TryGetValue(key, out var record) || now >= record.NotBefore + longest)
            {
                MakeRoom(key, now);
                record = new Record(0, now);
            }

            if (now < record.NotBefore)
            {
                var seconds = (long)Math.Ceiling((record.NotBefore - now).TotalSeconds);
                return new Refusal(StatusCodes.Status429TooManyRequests, "TOO_MANY_ATTEMPTS", $"There were {record.Attempts} attempts that failed.", $"Wait {seconds} s, then try again.")
                    .With("attempts", record.Attempts).With("retry_after_s", seconds);
            }

            records[key] = new Record(record.Attempts + 1, now + WaitAfter(record.Attempts + 1));
            return null;
        }
    }

    /// <summary>The attempt did not fail: nothing is held against this key any more.</summary>
    public void Clear(string key)
    {
        lock (gate)
        {
            records.Remove(key);
        }
    }

    /// <summary>The attempt did not fail, and says nothing about the earlier ones: they may have been somebody else's.</summary>
    public void Uncount(string key)
    {
        lock (gate)
        {
            if (records.TryGetValue(key, out var record))
            {
                records[key] = new Record(record.Attempts - 1, time.GetUtcNow());
            }
        }
    }

    private TimeSpan WaitAfter(int attempts) =>
        attempts < free ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(longest.TotalSeconds, Math.Pow(2, Math.Min(attempts - free, 30))));

    private void MakeRoom(string key, DateTimeOffset now)
    {
        if (records.Count < capacity || records.ContainsKey(key))
        {
            return;
        }

        // Some 10,000 comparisons, only while an attack fills the table; the password hash behind it costs a thousand times as much.
        records.Remove(records.MinBy(entry => now >= entry.Value.NotBefore + longest ? -1 : entry.Value.Attempts).Key);
    }

    private readonly record struct Record(int Attempts, DateTimeOffset NotBefore);
}
