using Touchmark.Engine.Labels;
using Touchmark.Evidence.Parts;

namespace Touchmark.Engine.Tests.Labels;

/// <summary>Labels, looked at with programs that share no code with ours.</summary>
public sealed class LabelPrinterTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
    private static readonly LabelPrinter Printer = new LabelFonts("/usr/share/fonts/truetype/dejavu").Load();

    [Fact]
    public void A_label_has_the_link_as_a_code_and_the_part_in_print()
    {
        var label = Some("Bracket, left");

        using var page = new RenderedPage(Printer.Print([label], LabelSheet.Single, 0, Now));

        Assert.Equal(label.Link, page.Code(1, LabelSheet.Single, 0));
        var text = page.Text();
        Assert.All(["Bracket, left", "PA12-CF", "2026-05-04", "GTIN 09520123456788", label.Part.ToString()], line => Assert.Contains(line, text, StringComparison.Ordinal));
        Assert.Contains("198.425 x 104.882 pts", page.Information(), StringComparison.Ordinal);
    }

    [Fact]
    public void Fonts_are_embedded_with_the_glyphs_that_are_used()
    {
        var pdf = Printer.Print([Some("Bracket")], LabelSheet.Single, 0, Now);
        using var page = new RenderedPage(pdf);

        // emb, sub and uni of pdffonts: embedded, not named as a subset, with a map to Unicode.
        Assert.Equal(3, page.Fonts().Count);
        Assert.All(page.Fonts(), font => Assert.Contains("yes no  yes", font, StringComparison.Ordinal));
        Assert.InRange(pdf.Length, 1, 100_000);
    }

    [Theory]
    [InlineData("Кронштейн Δ-β")]
    [InlineData("Étrier de frein Ø 12 ½″")]
    [InlineData("Lagerbock für Welle ß")]
    public void Names_in_other_alphabets_are_printed_and_can_be_copied(string name)
    {
        using var page = new RenderedPage(Printer.Print([Some(name)], LabelSheet.Single, 0, Now));

        Assert.Contains(name, page.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_is_too_long_is_cut_and_the_id_is_whole()
    {
        var label = Some(string.Concat(Enumerable.Repeat("Bracket 🔧 for the second bearing ", 10))[..100]);

        using var page = new RenderedPage(Printer.Print([label], LabelSheet.Letter, 0, Now));

        Assert.Contains("…", page.Text(), StringComparison.Ordinal);
        Assert.Contains(label.Part.ToString(), page.Text(), StringComparison.Ordinal);
        Assert.Equal(label.Link, page.Code(1, LabelSheet.Letter, 0));
    }

    [Theory]
    [InlineData("a4", 24, "595.276 x 841.89 pts (A4)")]
    [InlineData("letter", 30, "612 x 792 pts (letter)")]
    public void A_sheet_is_filled_row_by_row_and_goes_on_on_the_next_page(string name, int perPage, string size)
    {
        var sheet = LabelSheet.All.Single(entry => entry.Name == name);
        var labels = Enumerable.Range(1, perPage).Select(number => Some($"Part {number}", number)).ToArray();

        using var pages = new RenderedPage(Printer.Print(labels, sheet, 2, Now));

        for (var number = 0; number < perPage; number++)
        {
            var place = number + 2;
            Assert.Equal(labels[number].Link, pages.Code(1 + place / perPage, sheet, place % perPage));
        }

        Assert.Contains("Pages:           2", pages.Information(), StringComparison.Ordinal);
        Assert.Contains(size, pages.Information(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a font, though it is long enough to look for tables in")]
    public void What_is_no_font_is_refused(string content) => Assert.Throws<InvalidDataException>(() => new TrueTypeFont(System.Text.Encoding.ASCII.GetBytes(content)));

    private static Label Some(string name, int number = 1)
    {
        var part = Numbered(number);
        return new($"HTTPS://PARTS.EXAMPLE.COM/01/09520123456788/21/{part.Value}", part, name, "PA12-CF", new DateOnly(2026, 5, 4), "09520123456788");
    }

    /// <summary>Always the same id for a number: whether a picture can be read must not hang on chance.</summary>
    private static PartId Numbered(int number)
    {
        foreach (var check in "0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        {
            if (PartId.TryParse($"{number * 7919L * 104729:D15}{check}", out var id, out _))
            {
                return id;
            }
        }

        throw new InvalidOperationException("Every 15 characters have a check character.");
    }
}
