using System.Diagnostics;
using Touchmark.Engine.Labels;

namespace Touchmark.Engine.Tests.Labels;

/// <summary>A PDF as other people's programs see it: poppler renders it and reads its text, zbar decodes its codes.</summary>
internal sealed class RenderedPage : IDisposable
{
    /// <summary>That of an ordinary label printer, dots per inch.</summary>
    private const int Resolution = 300;

    private readonly string folder = Directory.CreateTempSubdirectory("touchmark-label-").FullName;

    public RenderedPage(byte[] pdf) => File.WriteAllBytes(Pdf, pdf);

    private string Pdf => Path.Combine(folder, "labels.pdf");

    /// <summary>The text of the code on the label at a place of a sheet, as somebody scans it who has cut it out.</summary>
    public string Code(int page, LabelSheet sheet, int place)
    {
        var corner = sheet.CornerOf(place);
        var picture = Path.Combine(folder, "label");
        Run("pdftoppm", ["-png", "-gray", "-singlefile", "-f", $"{page}", "-r", $"{Resolution}", "-x", Pixels(corner.X), "-y", Pixels(corner.Y), "-W", Pixels(sheet.Label.X), "-H", Pixels(sheet.Label.Y), Pdf, picture]);
        return Run("zbarimg", "--quiet", "--raw", "--nodbus", "-Sdisable", "-Sqrcode.enable", picture + ".png").TrimEnd('\n');
    }

    /// <summary>The words of a page.</summary>
    public string Text(int page = 1) => Run("pdftotext", "-layout", "-f", $"{page}", "-l", $"{page}", Pdf, "-");

    /// <summary>Pages, sizes and whatever else pdfinfo says.</summary>
    public string Information() => Run("pdfinfo", Pdf);

    /// <summary>The fonts, and whether they are embedded.</summary>
    public IReadOnlyList<string> Fonts() => Lines(Run("pdffonts", Pdf))[2..];

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string Pixels(double mm) => $"{(int)(mm / 25.4 * Resolution)}";

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        // poppler complains on standard error about what it had to put right.
        Assert.Equal((0, ""), (process.ExitCode, errors.GetAwaiter().GetResult()));
        return output;
    }
}
