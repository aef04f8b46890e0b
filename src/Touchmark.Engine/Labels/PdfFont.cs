using System.Globalization;
using System.Text;

namespace Touchmark.Engine.Labels;

/// <summary>A font in a PDF file: the glyphs that were used are embedded, and a map says which characters they are, so that text can be searched and copied.</summary>
internal sealed class PdfFont(string name, TrueTypeFont font)
{
    private readonly SortedDictionary<ushort, Rune> used = [];

    /// <summary>The name under which pages refer to it.</summary>
    public string Name => name;

    /// <summary>The width of a text at this size, in the size's unit.</summary>
    public double Measure(string text, double size) => text.EnumerateRunes().Sum(character => font.WidthOf(font.GlyphOf(character))) * size / 1000;

    /// <summary>The glyphs of a text, as the operand of Tj.</summary>
    public string Use(string text)
    {
        var codes = new StringBuilder("<");
        foreach (var character in text.EnumerateRunes())
        {
            var glyph = font.GlyphOf(character);
            used[glyph] = character;
            codes.Append(CultureInfo.InvariantCulture, $"{glyph:X4}");
        }

        return codes.Append('>').ToString();
    }

    /// <summary>Writes the font as a composite font whose codes are its glyphs (ISO 32000-1, 9.7) and answers with its number.</summary>
    public int Write(PdfFile pdf)
    {
        var data = font.Subset(used.Keys);
        var embedded = pdf.AddStream($"/Length1 {data.Length}", data);
        var descriptor = pdf.Add($"<< /Type /FontDescriptor /FontName /{name} /Flags 4 /FontBBox [-1000 {font.Descent} 2000 {font.Ascent}] /ItalicAngle 0 /Ascent {font.Ascent} /Descent {font.Descent} /CapHeight 729 /StemV 80 /FontFile2 {embedded} 0 R >>");
        var widths = string.Join(' ', used.Keys.Select(glyph => $"{glyph} [{font.WidthOf(glyph)}]"));
        var descendant = pdf.Add($"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor {descriptor} 0 R /CIDToGIDMap /Identity /DW 600 /W [{widths}] >>");
        var characters = pdf.AddStream("", Encoding.ASCII.GetBytes(CharacterMap()));
        return pdf.Add($"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H /DescendantFonts [{descendant} 0 R] /ToUnicode {characters} 0 R >>");
    }

    private string CharacterMap()
    {
        var map = new StringBuilder("/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Characters def /CMapType 2 def 1 begincodespacerange <0000> <FFFF> endcodespacerange\n");
        // At most a hundred entries a block.
        foreach (var block in used.Chunk(100))
        {
            map.Append(CultureInfo.InvariantCulture, $"{block.Length} beginbfchar\n");
            foreach (var (glyph, character) in block)
            {
                map.Append(CultureInfo.InvariantCulture, $"<{glyph:X4}> <{Convert.ToHexString(Encoding.BigEndianUnicode.GetBytes(character.ToString()))}>\n");
            }

            map.Append("endbfchar\n");
        }

        return map.Append("endcmap end end").ToString();
    }
}
