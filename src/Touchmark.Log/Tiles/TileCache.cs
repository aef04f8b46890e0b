using System.Collections.Concurrent;

namespace Touchmark.Log.Tiles;

/// <summary>
/// Keeps tiles in memory, 16 KiB each, but for the full ones of level 0: a few hundred serve the proofs of millions of entries, and tiles never change. When it is full, it starts over.
/// Several threads may use it.
/// </summary>
/// <param name="capacity">Tiles.</param>
public sealed class TileCache(int capacity = 1024)
{
    private readonly ConcurrentDictionary<TileId, Tile> _tiles = new();

    internal Tile? Find(TileId id) => _tiles.GetValueOrDefault(id);

    internal void Add(TileId id, Tile tile)
    {
        if (id is { Level: 0, IsPartial: false })
        {
            return;
        }
        if (_tiles.Count >= capacity)
        {
            _tiles.Clear();
        }
        _tiles.TryAdd(id, tile);
    }
}
