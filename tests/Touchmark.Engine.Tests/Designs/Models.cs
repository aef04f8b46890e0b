using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Touchmark.Engine.Tests.Designs;

/// <summary>Model files, good and bad, made in place.</summary>
internal static class Models
{
    private static readonly (double X, double Y, double Z)[] Corners =
    [
        (0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1),
    ];

    private static readonly (int A, int B, int C)[] Faces =
    [
        (0, 2, 1), (0, 3, 2), (4, 5, 6), (4, 6, 7), (0, 1, 5), (0, 5, 4), (1, 2, 6), (1, 6, 5), (2, 3, 7), (2, 7, 6), (3, 0, 4), (3, 4, 7),
    ];

    /// <summary>A box of the given size in mm as a binary STL.</summary>
    public static byte[] BinaryStl(double x = 40, double y = 20, double z = 5, string header = "a box")
    {
        var file = new byte[84 + (50 * Faces.Length)];
        Encoding.ASCII.GetBytes(header, file);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(80), (uint)Faces.Length);
        for (var i = 0; i < Faces.Length; i++)
        {
            var at = 84 + (50 * i) + 12;
            foreach (var corner in new[] { Faces[i].A, Faces[i].B, Faces[i].C })
            {
                BinaryPrimitives.WriteSingleLittleEndian(file.AsSpan(at), (float)(Corners[corner].X * x));
                BinaryPrimitives.WriteSingleLittleEndian(file.AsSpan(at + 4), (float)(Corners[corner].Y * y));
                BinaryPrimitives.WriteSingleLittleEndian(file.AsSpan(at + 8), (float)(Corners[corner].Z * z));
                at += 12;
            }
        }

        return file;
    }

    /// <summary>The binary box with one coordinate replaced.</summary>
    public static byte[] WithCoordinate(float value)
    {
        var file = BinaryStl();
        BinaryPrimitives.WriteSingleLittleEndian(file.AsSpan(84 + 12 + 4), value);
        return file;
    }

    public static byte[] WithFacetCount(uint count)
    {
        var file = BinaryStl();
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(80), count);
        return file;
    }

    public static string TextStl(double x = 40, double y = 20, double z = 5)
    {
        var text = new StringBuilder("solid a box\n");
        foreach (var (a, b, c) in Faces)
        {
            text.Append("  facet normal 0 0 0\n    outer loop\n");
            foreach (var corner in new[] { a, b, c })
            {
                text.Append(CultureInfo.InvariantCulture, $"      vertex {Corners[corner].X * x:0.0#} {Corners[corner].Y * y:e3} {Corners[corner].Z * z}\n");
            }

            text.Append("    endloop\n  endfacet\n");
        }

        return text.Append("endsolid a box\n").ToString();
    }

    public static string ModelXml(string unit = "millimeter", string? item = null, string before = "", string modelAttributes = "")
    {
        var xml = new StringBuilder($"""
            <?xml version="1.0" encoding="UTF-8"?>{before}
            <model unit="{unit}" xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02"{modelAttributes}><resources><object id="1" type="model"><mesh><vertices>
            """);
        foreach (var (x, y, z) in Corners)
        {
            xml.Append(CultureInfo.InvariantCulture, $"<vertex x=\"{x * 40}\" y=\"{y * 20}\" z=\"{z * 5}\"/>");
        }

        xml.Append("</vertices><triangles>");
        foreach (var (a, b, c) in Faces)
        {
            xml.Append(CultureInfo.InvariantCulture, $"<triangle v1=\"{a}\" v2=\"{b}\" v3=\"{c}\"/>");
        }

        return xml.Append("</triangles></mesh></object></resources><build>").Append(item ?? "<item objectid=\"1\"/>").Append("</build></model>").ToString();
    }

    public static byte[] ThreeMf(string? modelXml = null, params (string Name, byte[] Content)[] more)
    {
        using var file = new MemoryStream();
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(zip, "[Content_Types].xml", """<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"""u8.ToArray());
            Add(zip, "_rels/.rels", """
                <?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
                <Relationship Target="/3D/3dmodel.model" Id="rel0" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>
                """u8.ToArray());
            Add(zip, "3D/3dmodel.model", Encoding.UTF8.GetBytes(modelXml ?? ModelXml()));
            foreach (var (name, content) in more)
            {
                Add(zip, name, content);
            }
        }

        return file.ToArray();
    }

    private static void Add(ZipArchive zip, string name, byte[] content)
    {
        using var entry = zip.CreateEntry(name).Open();
        entry.Write(content);
    }
}
