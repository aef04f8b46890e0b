using System.Globalization;
using System.Text;
using QRCoder;
using Touchmark.Evidence.Parts;

namespace Touchmark.Engine.Labels;

/// <summary>What is on a label.</summary>
/// <param name="Link">What the code holds.</param>
/// <param name="Part">Printed in groups of four.</param>
/// <param name="Name">Of the design.</param>
/// <param name="Material">As the certificate has it.</param>
/// <param name="Made">When its print ended.</param>
/// <param name="Gtin">14 digits, or null where the product has none.</param>
internal sealed record Label(string Link, PartId Part, string Name, string Material, DateOnly Made, string? Gtin);

/// <summary>Draws labels into a PDF: a QR code (ISO/IEC 18004) with its quiet zone on the left, and beside it what people read.</summary>
internal sealed class LabelPrinter(TrueTypeFont plain, TrueTypeFont bold, TrueTypeFont mono)
{
    private const double PointsPerMm = 72 / 25.4;

    /// <summary>Largest code, mm with its quiet zone.</summary>
    private const double MaxCode = 30;

    /// <summary>Sizes of text, mm: a hand's breadth away they can be read down to the smallest.</summary>
    private const double Largest = 3.6, Smallest = 1.7;

    /// <param name="labels">In the order in which they are put.</param>
    /// <param name="sheet">Where.</param>
    /// <param name="skip">Places of the first page that are left empty: labels that were used before.</param>
    /// <param name="now">When the file is made.</param>
    /// <returns>The PDF.</returns>
    public byte[] Print(IReadOnlyList<Label> labels, LabelSheet sheet, int skip, DateTimeOffset now)
    {
        var pdf = new PdfFile();
        PdfFont[] fonts = [new("Plain", plain), new("Bold", bold), new("Mono", mono)];
        var (pages, resources) = (pdf.Reserve(), pdf.Reserve());
        var numbers = new List<int>();
        for (var done = -skip; done < labels.Count; done += sheet.PerPage)
        {
            var drawing = new StringBuilder($"{PdfFile.Number(PointsPerMm)} 0 0 {PdfFile.Number(PointsPerMm)} 0 0 cm\n");
            for (var place = 0; place < sheet.PerPage && done + place < labels.Count; place++)
            {
                if (done + place >= 0)
                {
                    Draw(drawing, labels[done + place], sheet, place, fonts);
                }
            }

            var content = pdf.AddStream("", Encoding.Latin1.GetBytes(drawing.ToString()));
            numbers.Add(pdf.Add($"<< /Type /Page /Parent {pages} 0 R /MediaBox [0 0 {PdfFile.Number(sheet.Page.X * PointsPerMm)} {PdfFile.Number(sheet.Page.Y * PointsPerMm)}] /Resources {resources} 0 R /Contents {content} 0 R >>"));
        }

        pdf.Set(resources, $"<< /Font << {string.Concat(fonts.Select(font => $"/{font.Name} {font.Write(pdf)} 0 R "))}>> >>");
        pdf.Set(pages, $"<< /Type /Pages /Count {numbers.Count} /Kids [{string.Concat(numbers.Select(number => $"{number} 0 R "))}] >>");
        // A printer that scales the page to fit would put every label beside its place.
        var catalogue = pdf.Add($"<< /Type /Catalog /Pages {pages} 0 R /ViewerPreferences << /PrintScaling /None >> >>");
        var information = pdf.Add(string.Create(CultureInfo.InvariantCulture, $"<< /Title {PdfFile.Text("Labels")} /Producer {PdfFile.Text("Touchmark")} /CreationDate (D:{now.UtcDateTime:yyyyMMddHHmmss}Z) >>"));
        return pdf.Finish(catalogue, information);
    }

    private static void Draw(StringBuilder drawing, Label label, LabelSheet sheet, int place, PdfFont[] fonts)
    {
        var corner = sheet.CornerOf(place);
        var side = Math.Min(sheet.Label.Y - 2 * sheet.Margin, MaxCode);
        var (left, top) = (corner.X + sheet.Margin, corner.Y + (sheet.Label.Y - side) / 2);
        DrawCode(drawing, label.Link, left, sheet.Page.Y - top, side);

        var (plain, bold, mono) = (fonts[0], fonts[1], fonts[2]);
        var x = left + side + 1;
        var width = corner.X + sheet.Label.X - sheet.Margin - x;
        var id = label.Part.ToString();
        (PdfFont Font, string Text, double Most)[] lines =
        [
            (bold, label.Name, Largest),
            (plain, label.Material, 2.6),
            (plain, label.Made.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), 2.6),
            (plain, label.Gtin is null ? "" : $"GTIN {label.Gtin}", 2.2),
            (mono, id, Largest),
        ];
        var y = sheet.Page.Y - top;
        var step = side / lines.Length;
        foreach (var (font, text, most) in lines)
        {
            y -= step;
            var (fitting, size) = Fit(font, text, most, width);
            if (fitting.Length > 0)
            {
                drawing.Append(CultureInfo.InvariantCulture, $"BT /{font.Name} {PdfFile.Number(size)} Tf {PdfFile.Number(x)} {PdfFile.Number(y + step * 0.3)} Td {font.Use(fitting)} Tj ET\n");
            }
        }
    }

    /// <summary>The largest size at which a text is no wider than this; below the smallest its end is cut off.</summary>
    private static (string Text, double Size) Fit(PdfFont font, string text, double most, double width)
    {
        var size = Math.Min(most, width / Math.Max(font.Measure(text, 1), 0.001));
        if (size >= Smallest)
        {
            return (text, size);
        }

        var end = text.Length;
        while (end > 0 && (char.IsLowSurrogate(text, end - 1) || font.Measure(text[..end] + "…", Smallest) > width))
        {
            end--;
        }

        return (text[..end] + "…", Smallest);
    }

    /// <summary>All dark modules in one path: painted one by one, hairlines would show between them.</summary>
    private static void DrawCode(StringBuilder drawing, string link, double left, double top, double side)
    {
        using var code = QRCodeGenerator.GenerateQrCode(link, QRCodeGenerator.ECCLevel.M);
        var rows = code.ModuleMatrix;
        var module = side / rows.Count;
        for (var row = 0; row < rows.Count; row++)
        {
            for (var column = 0; column < rows.Count; column++)
            {
                var start = column;
                while (column < rows.Count && rows[row][column])
                {
                    column++;
                }

                if (column > start)
                {
                    drawing.Append(CultureInfo.InvariantCulture, $"{PdfFile.Number(left + start * module)} {PdfFile.Number(top - (row + 1) * module)} {PdfFile.Number((column - start) * module)} {PdfFile.Number(module)} re ");
                }
            }
        }

        drawing.Append("f\n");
    }
}
