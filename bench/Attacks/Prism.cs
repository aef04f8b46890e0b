using System.Buffers.Binary;

namespace Touchmark.Bench.Attacks;

/// <summary>Upright prisms over convex outlines, as binary STL. Lengths in mm.</summary>
internal static class Prism
{
    private const int Header = 84;
    private const int Triangle = 50;

    public static (double X, double Y)[] Circle(double radius, int corners) =>
        [.. Enumerable.Range(0, corners).Select(i => (radius * Math.Cos(i * Math.Tau / corners), radius * Math.Sin(i * Math.Tau / corners)))];

    public static (double X, double Y)[] Rectangle(double width, double depth) => [(0, 0), (width, 0), (width, depth), (0, depth)];

    /// <param name="outline">Counter-clockwise.</param>
    /// <param name="height">mm.</param>
    public static byte[] Stl((double X, double Y)[] outline, double height)
    {
        var corners = outline.Length;
        var triangles = new List<(int Corner, bool Top)[]>();
        for (var i = 0; i < corners; i++)
        {
            var next = (i + 1) % corners;
            triangles.Add([(i, false), (next, false), (next, true)]);
            triangles.Add([(i, false), (next, true), (i, true)]);
            if (i is > 0 && next > 0)
            {
                triangles.Add([(0, true), (i, true), (next, true)]);
                triangles.Add([(0, false), (next, false), (i, false)]);
            }
        }

        var stl = new byte[Header + (triangles.Count * Triangle)];
        BinaryPrimitives.WriteInt32LittleEndian(stl.AsSpan(Header - 4), triangles.Count);
        for (var t = 0; t < triangles.Count; t++)
        {
            // The normal stays zero: slicers compute it from the corners.
            var at = stl.AsSpan(Header + (t * Triangle) + 12);
            foreach (var (corner, top) in triangles[t])
            {
                BinaryPrimitives.WriteSingleLittleEndian(at, (float)outline[corner].X);
                BinaryPrimitives.WriteSingleLittleEndian(at[4..], (float)outline[corner].Y);
                BinaryPrimitives.WriteSingleLittleEndian(at[8..], top ? (float)height : 0);
                at = at[12..];
            }
        }

        return stl;
    }
}
