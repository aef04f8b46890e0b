using Touchmark.Log.Tree;

namespace Touchmark.Log.Tiles;

/// <summary>The hashes of one tile, with the complete subtrees within it worked out once.</summary>
internal sealed class Tile
{
    // Row r has the hashes of the complete subtrees of 2^r hashes of the tile.
    private readonly TreeHash[][] _rows;

    private Tile(TreeHash[] hashes)
    {
        _rows = new TreeHash[1 + System.Numerics.BitOperations.Log2((uint)hashes.Length)][];
        _rows[0] = hashes;
        for (var row = 1; row < _rows.Length; row++)
        {
            var below = _rows[row - 1];
            var here = _rows[row] = new TreeHash[below.Length / 2];
            for (var i = 0; i < here.Length; i++)
            {
                here[i] = TreeHash.OfNode(below[2 * i], below[(2 * i) + 1]);
            }
        }
    }

    public ReadOnlySpan<TreeHash> Hashes => _rows[0];

    /// <summary>The root of a full tile.</summary>
    public TreeHash Root => _rows[TileId.Height][0];

    public static Tile Of(ReadOnlySpan<TreeHash> hashes) => new(hashes.ToArray());

    /// <summary>Null when the bytes are not exactly as many hashes as the width says.</summary>
    public static Tile? Decode(ReadOnlySpan<byte> bytes, int width)
    {
        if (bytes.Length != width * TreeHash.Size)
        {
            return null;
        }
        var hashes = new TreeHash[width];
        for (var i = 0; i < width; i++)
        {
            hashes[i] = new(bytes.Slice(i * TreeHash.Size, TreeHash.Size));
        }
        return new(hashes);
    }

    public static byte[] Encode(ReadOnlySpan<TreeHash> hashes)
    {
        var bytes = new byte[hashes.Length * TreeHash.Size];
        for (var i = 0; i < hashes.Length; i++)
        {
            hashes[i].CopyTo(bytes.AsSpan(i * TreeHash.Size));
        }
        return bytes;
    }

    /// <summary>The hash of the subtree of 2^<paramref name="row"/> hashes of the tile that is number <paramref name="index"/> of its row.</summary>
    public TreeHash Node(int row, int index) => _rows[row][index];
}
