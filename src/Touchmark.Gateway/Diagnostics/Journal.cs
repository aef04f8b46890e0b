namespace Touchmark.Gateway.Diagnostics;

/// <summary>
/// The gateway's log: the last entries in memory, nothing on a disk. Entries tell of states, counts and codes; no caller may put in
/// words of the printer's console, because Klipper quotes the lines it complains about.
/// </summary>
internal sealed class Journal(TimeProvider time, TextWriter? output = null)
{
    private const int Kept = 2000;
    private const int LongestEntry = 500;

    private readonly Lock _lock = new();
    private readonly Queue<string> _entries = new(Kept);

    /// <summary>Something that whoever watches the gateway wants to know: kept, and one plain line of output.</summary>
    public void Event(string text)
    {
        Note(text);
        output?.WriteLine(text);
        output?.Flush();
    }

    /// <summary>A detail for diagnostics only.</summary>
    public void Note(string text)
    {
        var line = text.Length <= LongestEntry ? text : text[..LongestEntry];
        line = $"{time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {line.ReplaceLineEndings(" ")}";
        lock (_lock)
        {
            if (_entries.Count == Kept)
            {
                _entries.Dequeue();
            }

            _entries.Enqueue(line);
        }
    }

    public IReadOnlyList<string> Entries
    {
        get
        {
            lock (_lock)
            {
                return [.. _entries];
            }
        }
    }
}
