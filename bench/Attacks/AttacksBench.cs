using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Spectre.Console;
using Touchmark.Streaming;

namespace Touchmark.Bench.Attacks;

/// <summary>
/// Every printer that the virtual printer can play, over several sliced parts: how many of the attackers are caught and how much toolpath they got, and how many
/// honest prints are ended for nothing.
/// </summary>
internal static class AttacksBench
{
    private const int AttackRuns = 200;
    private const int HonestRuns = 72;

    /// <param name="quick">A twentieth of the runs.</param>
    public static async Task RunAsync(bool quick)
    {
        var start = Stopwatch.GetTimestamp();
        using var arena = await Arena.PrepareAsync(CancellationToken.None);
        foreach (var part in arena.Parts)
        {
            AnsiConsole.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{part.Name}: {part.Report.Segments} segments, {part.Report.MotionSeconds:F0} s of motion"));
        }

        AnsiConsole.Write(Attackers(arena.Run(Contestant.Attackers, quick ? AttackRuns / 20 : AttackRuns)));
        var alarms = new ConcurrentQueue<string>();
        AnsiConsole.Write(Honest(arena.Run(Contestant.Honest, quick ? HonestRuns / 20 : HonestRuns, (contestant, part, seed, outcome) =>
        {
            if (!outcome.Completed)
            {
                alarms.Enqueue($"{contestant.Name}, {part.Name}, seed {seed}: {outcome.End?.Text ?? "no end"}");
            }
        })));
        foreach (var alarm in alarms)
        {
            AnsiConsole.WriteLine(alarm);
        }

        AnsiConsole.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s for all of it"));
    }

    private static Table Attackers(IReadOnlyDictionary<Contestant, IReadOnlyList<Outcome>> results)
    {
        var table = NewTable("attacker", "runs", "caught", "escaped, segments", "escaped, s of toolpath", "caught after, s", "endings");
        foreach (var (contestant, outcomes) in results)
        {
            var caught = outcomes.Where(static outcome => !outcome.Completed).ToArray();
            table.AddRow(
                contestant.Name, Show(outcomes.Count), string.Create(CultureInfo.InvariantCulture, $"{100.0 * caught.Length / outcomes.Count:0.#} %"),
                Spread(outcomes.Select(static outcome => (double)outcome.EscapedSegments), "0"), Spread(outcomes.Select(static outcome => outcome.EscapedSeconds), "0.0"),
                Spread(caught.Select(static outcome => outcome.DetectionSeconds), "0.0"), Endings(caught));
        }

        return table;
    }

    private static Table Honest(IReadOnlyDictionary<Contestant, IReadOnlyList<Outcome>> results)
    {
        var table = NewTable("honest printer", "runs", "printed", "false alarms", "exposure, s", "endings");
        foreach (var (contestant, outcomes) in results)
        {
            var ended = outcomes.Where(static outcome => !outcome.Completed).ToArray();
            table.AddRow(
                contestant.Name, Show(outcomes.Count), Show(outcomes.Count - ended.Length), Show(ended.Length), Spread(outcomes.Select(static outcome => outcome.MaxExposure), "0.0"),
                Endings(ended));
        }

        return table;
    }

    private static Table NewTable(params string[] columns)
    {
        var table = new Table().Border(TableBorder.Markdown);
        foreach (var column in columns)
        {
            table.AddColumn(column);
        }

        return table;
    }

    private static string Show(int count) => count.ToString(CultureInfo.InvariantCulture);

    /// <summary>Median and most.</summary>
    private static string Spread(IEnumerable<double> values, string format)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? "" : $"{sorted[sorted.Length / 2].ToString(format, CultureInfo.InvariantCulture)}, most {sorted[^1].ToString(format, CultureInfo.InvariantCulture)}";
    }

    private static string Endings(IEnumerable<Outcome> outcomes) => string.Join(", ", outcomes.GroupBy(static outcome => outcome.End?.Reason).OrderByDescending(static group => group.Count())
        .Select(static group => $"{group.Count()} {group.Key?.Code() ?? "none"}"));
}
