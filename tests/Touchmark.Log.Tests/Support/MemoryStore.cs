using System.Collections.Concurrent;
using Touchmark.Log.Storage;

namespace Touchmark.Log.Tests;

/// <summary>Objects in memory.</summary>
internal sealed class MemoryStore : IObjectStore
{
    public ConcurrentDictionary<string, byte[]> Objects { get; } = new(StringComparer.Ordinal);

    public int Reads { get; private set; }

    public ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string path, CancellationToken cancel)
    {
        Reads++;
        return ValueTask.FromResult<ReadOnlyMemory<byte>?>(Objects.TryGetValue(path, out var content) ? content.AsMemory() : default(ReadOnlyMemory<byte>?));
    }

    public ValueTask WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        Objects[path] = content.ToArray();
        return ValueTask.CompletedTask;
    }

    public ValueTask DeleteAsync(string path, CancellationToken cancel)
    {
        Objects.TryRemove(path, out _);
        return ValueTask.CompletedTask;
    }

    public IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancel) =>
        Objects.Keys.Where(path => path.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToAsyncEnumerable();
}
