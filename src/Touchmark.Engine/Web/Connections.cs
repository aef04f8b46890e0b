namespace Touchmark.Engine.Web;

/// <summary>Counts what is open per key, and refuses the one too many. Holds what is open and nothing else.</summary>
internal sealed class Connections(int limit)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> open = new(StringComparer.Ordinal);

    /// <summary>Counted until it is disposed; null when there are as many as there may be.</summary>
    public IDisposable? TryOpen(string key)
    {
        lock (gate)
        {
            var count = open.GetValueOrDefault(key);
            if (count >= limit)
            {
                return null;
            }

            open[key] = count + 1;
            return new Open(this, key);
        }
    }

    private void Close(string key)
    {
        lock (gate)
        {
            if (--open[key] == 0)
            {
                open.Remove(key);
            }
        }
    }

    private sealed class Open(Connections owner, string key) : IDisposable
    {
        private Connections? counted = owner;

        public void Dispose() => Interlocked.Exchange(ref counted, null)?.Close(key);
    }
}
