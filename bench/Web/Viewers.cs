using System.Collections.Concurrent;
using System.Diagnostics;

namespace Touchmark.Bench.Web;

/// <summary>Browsers that follow one print, each over a connection of its own. They run in this process: what they cost is part of the delay.</summary>
internal sealed class Viewers : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, ConcurrentBag<long>> arrivals = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource over = new();
    private readonly List<Task> reading = [];
    private int open;

    public int Open => open;

    /// <summary>How often events came, and how much later than at the first viewer each came at each other, ms. Those that not every viewer saw do not count: a slow one is told the latest only.</summary>
    public (int Events, List<double> Delays) Figures(int viewers)
    {
        var whole = arrivals.Values.Where(times => times.Count == viewers).ToList();
        return (whole.Count, [.. whole.SelectMany(times => times.Select(time => Stopwatch.GetElapsedTime(times.Min(), time).TotalMilliseconds))]);
    }

    /// <summary>Events that at least one viewer saw.</summary>
    public int Seen => arrivals.Count;

    public void Clear() => arrivals.Clear();

    public void Add(HttpClient http, string path) => reading.Add(ReadAsync(http, path));

    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await Task.WhenAll(reading);
        over.Dispose();
    }

    private async Task ReadAsync(HttpClient http, string path)
    {
        try
        {
            await using var stream = await http.GetStreamAsync(new Uri(path, UriKind.Relative), over.Token);
            using var lines = new StreamReader(stream);
            Interlocked.Increment(ref open);
            while (await lines.ReadLineAsync(over.Token) is { } line)
            {
                if (line.StartsWith("id:", StringComparison.Ordinal))
                {
                    arrivals.GetOrAdd(line, _ => []).Add(Stopwatch.GetTimestamp());
                }
            }
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            // The bench is over, or the print.
        }
    }
}
