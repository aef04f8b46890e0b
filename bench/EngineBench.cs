using System.Diagnostics;

namespace Touchmark.Bench;

/// <summary>From the start of the engine's process to its first answer, on a data folder that has keys, accounts and a design.</summary>
internal static class EngineBench
{
    private const int Runs = 5;

    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("touchmark-bench-");
        try
        {
            using (var first = await Started.EngineAsync(folder.FullName))
            {
                using var shop = await Shop.OpenAsync(new Uri(first.Address), folder.FullName, Block.Stl(12, 12, 2.8f), prints: 1);
            }

            var seconds = new List<double>();
            double resident = 0;
            for (var run = 0; run < Runs; run++)
            {
                var start = Stopwatch.GetTimestamp();
                using var engine = await Started.EngineAsync(folder.FullName);
                using var http = new HttpClient { BaseAddress = new Uri(engine.Address) };
                using var answer = await http.GetAsync(new Uri("health", UriKind.Relative));
                answer.EnsureSuccessStatusCode();
                seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
                resident = Machine.ResidentMebibytes(engine.Id);
            }

            var figures = new Figures();
            figures.Add($"from start to the first answer, median of {Runs}", seconds.Order().ElementAt(Runs / 2), "0.00", "s");
            figures.Add("  slowest", seconds.Max(), "0.00", "s");
            figures.Add("resident then", resident, "0", "MiB");
            figures.Print();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
