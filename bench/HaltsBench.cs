using System.Diagnostics;
using Spectre.Console;

namespace Touchmark.Bench;

/// <summary>How soon a halt stops the printer in each of its states: the figures of the acceptance tests, which take them with real processes.</summary>
internal static class HaltsBench
{
    public static async Task RunAsync()
    {
        var figures = Path.Combine(Started.Root(), "artifacts", "halts.txt");
        Directory.CreateDirectory(Path.GetDirectoryName(figures)!);
        File.Delete(figures);
        var tests = Path.Combine(Started.Root(), "tests", "acceptance", "bin", "Release", "net10.0", "Touchmark.Acceptance");
        using var process = Process.Start(new ProcessStartInfo(tests, ["--filter-class", "*HaltTableTests", "--no-progress", "--no-ansi"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        AnsiConsole.WriteLine(File.Exists(figures) ? await File.ReadAllTextAsync(figures) : "");
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"Not every halt stopped the printer:\n{said}");
        }
    }
}
