using Touchmark.Log.Witnessing;

namespace Touchmark.Log.Tests.Witnessing;

internal sealed class MemoryWitnessState : IWitnessState
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Witnessed> _logs = new(StringComparer.Ordinal);

    /// <summary>Holds readers until that many have read.</summary>
    public Barrier? Readers { get; set; }

    public bool Broken { get; set; }

    public IReadOnlyDictionary<string, long> Sizes => _logs.ToDictionary(log => log.Key, log => log.Value.Checkpoint.Checkpoint.Size, StringComparer.Ordinal);

    public Witnessed Last(string origin) => _logs[origin];

    public ValueTask<Witnessed?> ReadAsync(string origin, CancellationToken cancel)
    {
        Witnessed? last;
        lock (_lock)
        {
            last = _logs.GetValueOrDefault(origin);
        }
        if (last is null)
        {
            Readers?.SignalAndWait(cancel);
        }
        return ValueTask.FromResult(last);
    }

    public ValueTask<bool> ReplaceAsync(string origin, Witnessed? expected, Witnessed next, CancellationToken cancel)
    {
        if (Broken)
        {
            throw new IOException("the disk is full");
        }
        lock (_lock)
        {
            if (_logs.GetValueOrDefault(origin)?.Checkpoint.Checkpoint.Size != expected?.Checkpoint.Checkpoint.Size)
            {
                return ValueTask.FromResult(false);
            }
            _logs[origin] = next;
            return ValueTask.FromResult(true);
        }
    }
}
