using System.Buffers.Binary;

namespace Touchmark.Bench;

/// <summary>A made model: a block, so small that the slicer is through with it at once.</summary>
internal static class Block
{
    private const int HeaderBytes = 80;
    private const int FacetBytes = 50;

    // Corners are numbered by bits: 1 is x, 2 is y, 4 is z. Counterclockwise from outside.
    private static readonly int[] Facets = [0, 2, 3, 0, 3, 1, 4, 5, 7, 4, 7, 6, 0, 1, 5, 0, 5, 4, 2, 6, 7, 2, 7, 3, 0, 4, 6, 0, 6, 2, 1, 3, 7, 1, 7, 5];

    /// <summary>Binary STL; lengths in mm. It lies around the origin, because PrusaSlicer takes a file without a byte above 127 near its start for a text.</summary>
    public static byte[] Stl(float x, float y, float z)
    {
        var count = Facets.Length / 3;
        var file = new byte[HeaderBytes + 4 + (count * FacetBytes)];
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(HeaderBytes), count);
        for (var i = 0; i < Facets.Length; i++)
        {
            // Behind the normal, which is left zero: readers take it from the corners.
            var at = file.AsSpan(HeaderBytes + 4 + (i / 3 * FacetBytes) + 12 + (i % 3 * 12));
            BinaryPrimitives.WriteSingleLittleEndian(at, (Facets[i] & 1) != 0 ? x / 2 : -x / 2);
            BinaryPrimitives.WriteSingleLittleEndian(at[4..], (Facets[i] & 2) != 0 ? y / 2 : -y / 2);
            BinaryPrimitives.WriteSingleLittleEndian(at[8..], (Facets[i] & 4) != 0 ? z : 0);
        }

        return file;
    }
}
