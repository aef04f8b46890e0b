using System.Buffers.Binary;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Designs;

/// <summary>Binary STL: 80 bytes of anything, a little-endian facet count, and 50 bytes a facet (normal, three vertices as 32-bit floats, two spare bytes).</summary>
internal static class StlCheck
{
    public const int HeaderBytes = 84;

    private const int FacetBytes = 50;

    /// <summary>The facet count that a binary header of this file declares; null when the file is too short to have one.</summary>
    public static uint? DeclaredFacets(ReadOnlySpan<byte> head) => head.Length < HeaderBytes ? null : BinaryPrimitives.ReadUInt32LittleEndian(head[80..]);

    /// <summary>The count decides, not the first word: many binary files begin with "solid" as well.</summary>
    public static bool IsBinary(ReadOnlySpan<byte> head, long length) => DeclaredFacets(head) is { } facets && length == HeaderBytes + (facets * (long)FacetBytes);

    public static bool IsText(ReadOnlySpan<byte> head)
    {
        var text = head.TrimStart(" \t\r\n"u8);
        return text.Length >= 5 && System.Text.Ascii.EqualsIgnoreCase(text[..5], "solid"u8) && !head.Contains((byte)0);
    }

    public static Refusal LyingCount(uint declared, long length) =>
        Refusal.Invalid("STL_FACET_COUNT", $"The header declares {declared} facets, which make {HeaderBytes + (declared * (long)FacetBytes)} bytes, but the file has {length}.", "The file is truncated or damaged: export it again.")
            .With("declared_facets", declared).With("expected_bytes", HeaderBytes + (declared * (long)FacetBytes)).With("bytes", length);

    public static Outcome<ModelFacts> RunBinary(Stream file, DesignPicture? picture, CancellationToken cancel)
    {
        var mesh = new MeshMeasure(picture);
        var buffer = new byte[FacetBytes * 1024];
        file.Position = HeaderBytes;
        int read;
        while ((read = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)) > 0)
        {
            cancel.ThrowIfCancellationRequested();
            for (var facet = buffer.AsSpan(0, read); facet.Length >= FacetBytes; facet = facet[FacetBytes..])
            {
                if (mesh.Add(Vertex(facet[12..]), Vertex(facet[24..]), Vertex(facet[36..])) is { } refusal)
                {
                    return refusal;
                }
            }
        }

        System.Security.Cryptography.CryptographicOperations.ZeroMemory(buffer);
        return mesh.Finish(DesignFormat.Stl);
    }

    private static Point Vertex(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadSingleLittleEndian(bytes), BinaryPrimitives.ReadSingleLittleEndian(bytes[4..]), BinaryPrimitives.ReadSingleLittleEndian(bytes[8..]));
}
