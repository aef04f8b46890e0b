using Touchmark.Log.Storage;

namespace Touchmark.Log.Tests;

/// <summary>What becomes of a call of the storage.</summary>
public enum Fault
{
    /// <summary>It throws, and nothing was done.</summary>
    Failed,

    /// <summary>It throws, and it was done.</summary>
    FailedButHappened,
}

/// <summary>Objects and head of one log in memory, whose writes, deletions and swaps fail as a test asks. Every one of them is told by what it does.</summary>
internal sealed class FaultyStorage : IObjectStore, IHeadState
{
    private readonly Lock _lock = new();

    public MemoryStore Store { get; } = new();

    public LogHead? Head { get; set; }

    /// <summary>Asked at each write, deletion and swap, with what it does; null lets it be done.</summary>
    public Func<string, Fault?> Plan { get; set; } = _ => null;

    /// <summary>What reads do: throw while this is set.</summary>
    public bool ReadsFail { get; set; }

    /// <summary>Writes, deletions and swaps so far.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>All checkpoints that were ever published.</summary>
    public List<byte[]> Published { get; } = [];

    /// <summary>Swaps that are held back until the test lets them happen.</summary>
    public List<Action> Late { get; } = [];

    public bool SwapsAreLate { get; set; }

    ValueTask<ReadOnlyMemory<byte>?> IObjectReader.ReadAsync(string path, CancellationToken cancel) => ReadsFail ? throw new IOException("read failed") : Store.ReadAsync(path, cancel);

    public ValueTask WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        Do($"write {path}", () =>
        {
            Store.Objects[path] = content.ToArray();
            if (path == LogPaths.Checkpoint)
            {
                Published.Add(content.ToArray());
            }
        });
        return ValueTask.CompletedTask;
    }

    public ValueTask DeleteAsync(string path, CancellationToken cancel)
    {
        Do($"delete {path}", () => Store.Objects.TryRemove(path, out _));
        return ValueTask.CompletedTask;
    }

    public IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancel) => Store.ListAsync(prefix, cancel);

    ValueTask<LogHead?> IHeadState.ReadAsync(CancellationToken cancel) => ReadsFail ? throw new IOException("read failed") : ValueTask.FromResult(Head);

    public ValueTask<bool> ReplaceAsync(LogHead? expected, LogHead next, CancellationToken cancel)
    {
        if (SwapsAreLate)
        {
            Late.Add(() => _ = TrySwap(expected, next));
            throw new IOException("swap timed out");
        }
        var swapped = false;
        Do("swap", () => swapped = TrySwap(expected, next));
        return ValueTask.FromResult(swapped);
    }

    private bool TrySwap(LogHead? expected, LogHead next)
    {
        if (Head is null ? expected is not null : !Head.IsSameTree(expected))
        {
            return false;
        }
        Head = next;
        return true;
    }

    private void Do(string what, Action work)
    {
        lock (_lock)
        {
            Calls.Add(what);
            var fault = Plan(what);
            if (fault is not Fault.Failed)
            {
                work();
            }
            if (fault is not null)
            {
                throw new IOException($"{what}: {fault}");
            }
        }
    }
}
