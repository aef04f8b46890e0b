using System.Collections.Concurrent;

namespace Touchmark.Log.Tiles;

/// <summary>
/// Keeps tiles in memory, 16 KiB each, with the 255 hashes within them that a proof costs otherwise. Tiles never change. When it is full, it starts over: those that every proof needs are soon there again.
/// Several threads may use it.
/// </summary>
/// <param name="capacity">Tiles.</param>
public sealed class TileCache(int capacity = 1024)
{
    private readonly ConcurrentDictionary<TileId, Tile> _tiles = new();

    internal Tile? Find(TileId id) => _tiles.GetValueOrDefault(id);

    internal void Add(TileId id, Tile tile)
    {
        if (_tiles.Count >= capacity)
        {
            _tiles.Clear();
        }
        _tiles.TryAdd(id, tile);
    }
}
