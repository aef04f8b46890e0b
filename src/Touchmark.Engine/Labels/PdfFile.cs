using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Touchmark.Engine.Labels;

/// <summary>Writes the objects of a PDF 1.7 file (ISO 32000-1): each gets a number, streams are compressed, and the table at the end tells where they lie.</summary>
internal sealed class PdfFile
{
    private readonly List<byte[]?> objects = [];

    /// <summary>A number for an object that is written later.</summary>
    public int Reserve()
    {
        objects.Add(null);
        return objects.Count;
    }

    public int Add(string content)
    {
        var number = Reserve();
        Set(number, content);
        return number;
    }

    public void Set(int number, string content) => objects[number - 1] = Encoding.Latin1.GetBytes(content);

    /// <param name="entries">What the stream's dictionary holds beside its length and its compression.</param>
    /// <param name="data">Plain.</param>
    public int AddStream(string entries, ReadOnlySpan<byte> data)
    {
        var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(data);
        }

        objects.Add([.. Encoding.Latin1.GetBytes($"<< {entries} /Length {packed.Length} /Filter /FlateDecode >>\nstream\n"), .. packed.ToArray(), .. "\nendstream"u8]);
        return objects.Count;
    }

    /// <summary>A text of the document's properties: UTF-16 with a byte order mark, in hexadecimal.</summary>
    public static string Text(string text) => $"<FEFF{Convert.ToHexString(Encoding.BigEndianUnicode.GetBytes(text))}>";

    /// <summary>A number as PDF writes it: no exponent.</summary>
    public static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    public byte[] Finish(int catalogue, int information)
    {
        var file = new MemoryStream();
        // Four bytes above 127 say that the file is binary (7.5.2).
        file.Write([.. "%PDF-1.7\n%"u8, 0xE2, 0xE3, 0xCF, 0xD3, (byte)'\n']);
        var table = new StringBuilder($"xref\n0 {objects.Count + 1}\n0000000000 65535 f \n");
        for (var number = 1; number <= objects.Count; number++)
        {
            table.Append(CultureInfo.InvariantCulture, $"{file.Length:D10} 00000 n \n");
            file.Write(Encoding.Latin1.GetBytes($"{number} 0 obj\n"));
            file.Write(objects[number - 1]);
            file.Write("\nendobj\n"u8);
        }

        var start = file.Length;
        file.Write(Encoding.Latin1.GetBytes($"{table}trailer\n<< /Size {objects.Count + 1} /Root {catalogue} 0 R /Info {information} 0 R >>\nstartxref\n{start}\n%%EOF\n"));
        return file.ToArray();
    }
}
