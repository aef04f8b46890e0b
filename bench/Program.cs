using Spectre.Console;

namespace Touchmark.Bench;

/// <summary>
/// The figures of docs/performance.md: <c>bench/run [gcode|streaming|gateway|sessions]...</c>. Each program prints one table; what can run side by side in one run is
/// told as a ratio, because a machine's absolute figures mean little elsewhere.
/// </summary>
internal static class Program
{
    private static readonly (string Name, Func<Task> Run)[] Benches =
    [
        ("gcode", GCodeBench.RunAsync),
        ("streaming", StreamingBench.RunAsync),
    ];

    private static async Task<int> Main(string[] args)
    {
        if (args is [GCodeBench.SegmentFile, var path])
        {
            await GCodeBench.SegmentFileAsync(path);
            return 0;
        }

        var chosen = args.Length == 0 ? Benches : [.. Benches.Where(bench => args.Contains(bench.Name, StringComparer.Ordinal))];
        if (chosen.Length < args.Length)
        {
            await Console.Error.WriteLineAsync($"error: the benches are {string.Join(", ", Benches.Select(bench => bench.Name))}");
            return 2;
        }

        AnsiConsole.WriteLine(Machine.Describe());
        foreach (var (name, run) in chosen)
        {
            AnsiConsole.WriteLine($"\n{name}");
            await run();
        }

        return 0;
    }
}
