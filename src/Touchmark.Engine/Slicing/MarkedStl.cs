using Touchmark.Engine.Designs;

namespace Touchmark.Engine.Slicing;

/// <summary>
/// Makes sure that the slicer takes a binary STL for one. PrusaSlicer (2.5.0) takes it for text, and then cannot read it, when none of the 128 bytes behind its header is over 127: a box of round sizes and without
/// normals is such a file.
/// </summary>
internal static class MarkedStl
{
    /// <summary>The first facet's two spare bytes, which no slicer reads.</summary>
    private static readonly Range Spare = (StlCheck.HeaderBytes + 48)..(StlCheck.HeaderBytes + 50);

    /// <summary>Bytes of the file that are looked at.</summary>
    public const int HeadBytes = StlCheck.HeaderBytes + 50;

    /// <param name="head">The beginning of a file, at least <see cref="HeadBytes"/> unless it is shorter; changed in place where the file is a binary STL.</param>
    /// <param name="length">Of the whole file, bytes.</param>
    public static void Mark(Span<byte> head, long length)
    {
        if (head.Length >= HeadBytes && StlCheck.IsBinary(head, length))
        {
            head[Spare].Fill(0xFF);
        }
    }
}
