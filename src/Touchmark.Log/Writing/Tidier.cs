using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;

namespace Touchmark.Log.Writing;

/// <summary>Knows which objects are of no use any more, and deletes them in its own time.</summary>
/// <param name="objects">Where they are.</param>
internal sealed class Tidier(IObjectStore objects)
{
    // Staged for a swap that is not known to have happened. It might still happen, late, as long as the head does not move on; so they stay until it has.
    private readonly HashSet<string> _waiting = new(StringComparer.Ordinal);
    private readonly HashSet<string> _dead = new(StringComparer.Ordinal);
    private readonly List<TileId> _replaced = [];

    /// <summary>Something is about to be staged.</summary>
    public void Left(string stagingPath) => _waiting.Add(stagingPath);

    /// <summary>What earlier writers staged for heads that never came to be.</summary>
    public async ValueTask FindLeftoversAsync(string head, CancellationToken cancel)
    {
        await foreach (var path in objects.ListAsync(Staging.Prefix, cancel))
        {
            if (path != head)
            {
                _waiting.Add(path);
            }
        }
    }

    /// <summary>The head moved: no other swap from the old one can happen now.</summary>
    public void Swapped(string stagingPath)
    {
        _waiting.Remove(stagingPath);
        _dead.UnionWith(_waiting);
        _waiting.Clear();
        // It may be the very batch that failed before.
        _dead.Remove(stagingPath);
    }

    /// <summary>A batch is published: what was staged for it, and the partial versions of tiles that became full, have served.</summary>
    public void Published(string stagingPath, IEnumerable<StagedObject> written)
    {
        _dead.Add(stagingPath);
        // Only the first tile of a level can have been there, partial, before.
        _replaced.AddRange(written.Select(item => TileId.TryParse(item.Path, out var id) ? id : default).Where(id => id.Width > 0)
            .GroupBy(id => id.Level).Select(level => level.MinBy(id => id.Index)).Where(id => !id.IsPartial));
    }

    public async ValueTask TidyAsync(CancellationToken cancel)
    {
        try
        {
            // Partial tiles first: while something is staged, a crash has them looked for again.
            foreach (var id in _replaced)
            {
                await foreach (var path in objects.ListAsync(id.PartialPrefix, cancel))
                {
                    await objects.DeleteAsync(path, cancel);
                }
            }
            _replaced.Clear();
            foreach (var path in _dead)
            {
                await objects.DeleteAsync(path, cancel);
            }
            _dead.Clear();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Nobody waits for it: it is tried again after the next batch.
        }
    }
}
