using System.Buffers.Binary;
using System.Text;

namespace Touchmark.Engine.Labels;

/// <summary>
/// A TrueType font file (ISO/IEC 14496-22) as far as a label needs it: which glyph draws a character, how wide it is, and a smaller font of some glyphs for embedding. No shaping: a glyph for each
/// character, from left to right.
/// </summary>
internal sealed class TrueTypeFont
{
    /// <summary>Tables that a reader of PDF needs in an embedded font (ISO 32000-1, 9.9).</summary>
    private static readonly string[] Embedded = ["cvt ", "fpgm", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "prep"];

    private readonly byte[] file;
    private readonly Dictionary<string, Range> tables = new(StringComparer.Ordinal);
    private readonly Dictionary<int, ushort> glyphs = [];
    private readonly int unitsPerEm;
    private readonly bool longOffsets;
    private readonly int widths;

    /// <exception cref="InvalidDataException">This is no TrueType font with a Unicode map.</exception>
    public TrueTypeFont(byte[] file)
    {
        this.file = file;
        try
        {
            var count = U16(file, 4);
            for (var at = 12; at < 12 + 16 * count; at += 16)
            {
                var start = (int)U32(file, at + 8);
                tables[Encoding.ASCII.GetString(file, at, 4)] = start..(start + (int)U32(file, at + 12));
            }

            unitsPerEm = U16(Table("head"), 18);
            longOffsets = U16(Table("head"), 50) == 1;
            Ascent = Scaled((short)U16(Table("hhea"), 4));
            Descent = Scaled((short)U16(Table("hhea"), 6));
            widths = U16(Table("hhea"), 34);
            Count = U16(Table("maxp"), 4);
            ReadMap(Table("cmap"));
        }
        catch (Exception error) when (error is IndexOutOfRangeException or ArgumentException or KeyNotFoundException)
        {
            throw new InvalidDataException("This is not a TrueType font with a Unicode map.", error);
        }
    }

    /// <summary>Height above the base line, in thousandths of the size.</summary>
    public int Ascent { get; }

    /// <summary>Depth below the base line, negative, in thousandths of the size.</summary>
    public int Descent { get; }

    /// <summary>Glyphs in the font.</summary>
    public int Count { get; }

    /// <summary>The glyph of a character; 0, the empty box, when the font has none.</summary>
    public ushort GlyphOf(Rune character) => glyphs.GetValueOrDefault(character.Value);

    /// <summary>How far a glyph leads on, in thousandths of the size.</summary>
    public int WidthOf(ushort glyph) => Scaled(U16(Table("hmtx"), 4 * Math.Min(glyph, widths - 1)));

    /// <summary>The same font with the outlines of these glyphs alone; glyphs keep their numbers.</summary>
    public byte[] Subset(IEnumerable<ushort> wanted)
    {
        var kept = new SortedSet<ushort> { 0 };
        foreach (var glyph in wanted)
        {
            Keep(glyph, kept);
        }

        var outlines = new MemoryStream();
        var places = new byte[4 * (Count + 1)];
        for (var glyph = 0; glyph < Count; glyph++)
        {
            if (kept.Contains((ushort)glyph))
            {
                outlines.Write(Outline(glyph));
                outlines.Write(new byte[-(int)outlines.Length & 3]);
            }

            BinaryPrimitives.WriteUInt32BigEndian(places.AsSpan(4 * (glyph + 1)), (uint)outlines.Length);
        }

        var head = Table("head").ToArray();
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(8), 0);
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(50), 1);
        return Write(name => name switch { "glyf" => outlines.ToArray(), "loca" => places, "head" => head, _ => Table(name).ToArray() });
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);

    private ReadOnlySpan<byte> Table(string name) => file.AsSpan(tables[name]);

    private int Scaled(int units) => units * 1000 / unitsPerEm;

    private ReadOnlySpan<byte> Outline(int glyph)
    {
        var loca = Table("loca");
        var (start, end) = longOffsets ? ((int)U32(loca, 4 * glyph), (int)U32(loca, 4 * glyph + 4)) : (2 * U16(loca, 2 * glyph), 2 * U16(loca, 2 * glyph + 2));
        return Table("glyf")[start..end];
    }

    /// <summary>Keeps a glyph and those that it is put together from.</summary>
    private void Keep(ushort glyph, SortedSet<ushort> kept)
    {
        const int words = 1, more = 32, scale = 8, scales = 64, matrix = 128;
        if (!kept.Add(glyph))
        {
            return;
        }

        var outline = Outline(glyph);
        if (outline.IsEmpty || (short)U16(outline, 0) >= 0)
        {
            return;
        }

        for (int at = 10, flags = more; (flags & more) != 0;)
        {
            flags = U16(outline, at);
            Keep(U16(outline, at + 2), kept);
            at += 4 + ((flags & words) != 0 ? 4 : 2) + ((flags & scale) != 0 ? 2 : (flags & scales) != 0 ? 4 : (flags & matrix) != 0 ? 8 : 0);
        }
    }

    private void ReadMap(ReadOnlySpan<byte> map)
    {
        for (var at = 4; at < 4 + 8 * U16(map, 2); at += 8)
        {
            var table = map[(int)U32(map, at + 4)..];
            switch (U16(table, 0))
            {
                case 4:
                    ReadSegments(table);
                    break;
                case 12:
                    ReadGroups(table);
                    break;
            }
        }

        if (glyphs.Count == 0)
        {
            throw new InvalidDataException("The font has no Unicode map of a form that is read here.");
        }
    }

    /// <summary>Format 4: the characters up to U+FFFF.</summary>
    private void ReadSegments(ReadOnlySpan<byte> table)
    {
        int size = U16(table, 6);
        for (var segment = 0; segment < size; segment += 2)
        {
            int end = U16(table, 14 + segment), start = U16(table, 16 + size + segment), delta = U16(table, 16 + 2 * size + segment), place = 16 + 3 * size + segment, offset = U16(table, place);
            for (var character = start; character <= end && character < 0xFFFF; character++)
            {
                var glyph = offset == 0 ? character : U16(table, place + offset + 2 * (character - start));
                if (glyph != 0)
                {
                    glyphs[character] = (ushort)(glyph + delta);
                }
            }
        }
    }

    /// <summary>Format 12: all of Unicode.</summary>
    private void ReadGroups(ReadOnlySpan<byte> table)
    {
        for (var at = 16; at < 16 + 12 * (int)U32(table, 12); at += 12)
        {
            var (start, end, glyph) = ((int)U32(table, at), Math.Min((int)U32(table, at + 4), 0x10FFFF), (int)U32(table, at + 8));
            for (var character = start; character <= end; character++)
            {
                glyphs[character] = (ushort)(glyph + character - start);
            }
        }
    }

    private byte[] Write(Func<string, byte[]> content)
    {
        var present = Embedded.Where(tables.ContainsKey).ToList();
        var written = new MemoryStream();
        var directory = new byte[12 + 16 * present.Count];
        BinaryPrimitives.WriteUInt32BigEndian(directory, 0x00010000);
        BinaryPrimitives.WriteUInt16BigEndian(directory.AsSpan(4), (ushort)present.Count);
        var power = System.Numerics.BitOperations.Log2((uint)present.Count);
        BinaryPrimitives.WriteUInt16BigEndian(directory.AsSpan(6), (ushort)(16 << power));
        BinaryPrimitives.WriteUInt16BigEndian(directory.AsSpan(8), (ushort)power);
        BinaryPrimitives.WriteUInt16BigEndian(directory.AsSpan(10), (ushort)(16 * present.Count - (16 << power)));
        for (var number = 0; number < present.Count; number++)
        {
            var table = content(present[number]);
            var padded = new byte[(table.Length + 3) & ~3];
            table.CopyTo(padded, 0);
            var entry = directory.AsSpan(12 + 16 * number, 16);
            Encoding.ASCII.GetBytes(present[number], entry);
            BinaryPrimitives.WriteUInt32BigEndian(entry[4..], Checksum(padded));
            BinaryPrimitives.WriteUInt32BigEndian(entry[8..], (uint)(directory.Length + written.Length));
            BinaryPrimitives.WriteUInt32BigEndian(entry[12..], (uint)table.Length);
            written.Write(padded);
        }

        return [.. directory, .. written.ToArray()];
    }

    private static uint Checksum(ReadOnlySpan<byte> padded)
    {
        var sum = 0u;
        for (var at = 0; at < padded.Length; at += 4)
        {
            sum += U32(padded, at);
        }

        return sum;
    }
}
