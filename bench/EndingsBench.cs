using System.Diagnostics;
using Spectre.Console;

namespace Touchmark.Bench;

/// <summary>Every way in which a print can end, and how soon the printer is safe: the table of the acceptance tests, which make it with real processes.</summary>
internal static class EndingsBench
{
    public static async Task RunAsync()
    {
        var tests = Path.Combine(Started.Root(), "tests", "acceptance", "bin", "Release", "net10.0", "Touchmark.Acceptance");
        using var process = Process.Start(new ProcessStartInfo(tests, ["--filter-class", "*EndingTableTests", "--no-progress", "--no-ansi"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        AnsiConsole.WriteLine(await File.ReadAllTextAsync(Path.Combine(Started.Root(), "artifacts", "endings.txt")));
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"Not every ending left the printer safe:\n{said}");
        }
    }
}
