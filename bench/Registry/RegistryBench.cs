using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification;

namespace Touchmark.Bench.Registry;

/// <summary>A registry of a million parts, one of which was printed and has a history of twenty events: how long its verification takes, and how many look-ups a second the engine answers.</summary>
internal static class RegistryBench
{
    private const int Callers = 32;
    private const string EvidenceName = "part.touchmark";
    private const string TrustName = "trust.json";
    private static readonly TimeSpan Load = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(int parts)
    {
        var folder = Directory.CreateTempSubdirectory("touchmark-bench-registry-").FullName;
        try
        {
            var figures = new Figures();
            var data = Path.Combine(folder, "engine");
            PartId printed;
            using (var engine = await Started.EngineAsync(data))
            {
                printed = await History.MakeAsync(engine, data, Path.Combine(folder, "gateway"));
            }

            var ids = ManyParts.Enter(Path.Combine(data, "touchmark.db"), parts, printed);
            figures.Add("parts in the registry", ids.Count + 1, "#,0", "");
            using (var engine = await Started.EngineAsync(data))
            {
                using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Callers }) { BaseAddress = new Uri(engine.Address) };
                await VerifyAsync(figures, http, printed);
                await KeepAsync(http, printed, folder);
                await AskAsync(figures, "look-ups of parts, at random", _ => $"api/parts/{ids[RandomNumberGenerator.GetInt32(ids.Count)].Value}", http);
                await AskAsync(figures, "evidence files of the part with 20 events", _ => $"api/parts/{printed.Value}/evidence", http);
                await AskAsync(figures, "histories of the part with 20 events", _ => $"api/parts/{printed.Value}/events", http);
                figures.Add("resident then", Machine.ResidentMebibytes(engine.Id), "0", "MiB");
            }

            // By itself, as somebody runs it: the engine has ended.
            await VerifyByProgramAsync(figures, folder);
            figures.Add("load of the machine, 1 min", double.Parse((await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0], CultureInfo.InvariantCulture), "0.0", "");
            figures.Print();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The same verifier as the engine's, in this process; and the engine's own answer over HTTP, which verifies the file that it is sent.</summary>
    private static async Task VerifyAsync(Figures figures, HttpClient http, PartId part)
    {
        const int Runs = 100;
        var file = await http.GetByteArrayAsync(new Uri($"api/parts/{part.Value}/evidence", UriKind.Relative));
        if (!TrustStore.TryParse(await http.GetByteArrayAsync(new Uri("api/trust", UriKind.Relative)), out var trust, out var problem))
        {
            throw new InvalidOperationException(problem);
        }

        var here = new List<double>(Runs);
        var processor = new List<double>(Runs);
        var there = new List<double>(Runs);
        for (var run = 0; run < Runs; run++)
        {
            var (start, used) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            var verdict = EvidenceVerifier.Verify(file, trust, TimeProvider.System.GetUtcNow());
            here.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            processor.Add((Environment.CpuUsage.TotalTime - used).TotalMilliseconds);
            if (!verdict.IsValid || verdict.Custody!.Events.Count != History.Events)
            {
                throw new InvalidOperationException("The evidence file of the bench is not valid.");
            }

            using var body = new ByteArrayContent(file);
            body.Headers.ContentType = new(Evidence.Statements.EvidenceFile.MediaType);
            start = Stopwatch.GetTimestamp();
            using var answer = await http.PostAsync(new Uri("api/verify", UriKind.Relative), body);
            answer.EnsureSuccessStatusCode();
            there.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        figures.Add($"evidence file of a part with {History.Events} events", file.Length / 1024.0, "0", "KiB");
        figures.Add("  verified in the process, median of 100", Percentile(here, 0.5), "0.0", "ms", "under 10");
        figures.Add("    p99", Percentile(here, 0.99), "0.0", "ms");
        figures.Add("    processor time of it, mean", processor.Average(), "0.0", "ms");
        figures.Add("  verified by POST /api/verify, median of 100", Percentile(there, 0.5), "0.0", "ms");
        figures.Add("    p99", Percentile(there, 0.99), "0.0", "ms");
    }

    /// <summary>Puts the part's evidence file and the engine's trust into files.</summary>
    private static async Task KeepAsync(HttpClient http, PartId part, string folder)
    {
        await File.WriteAllBytesAsync(Path.Combine(folder, EvidenceName), await http.GetByteArrayAsync(new Uri($"api/parts/{part.Value}/evidence", UriKind.Relative)));
        await File.WriteAllBytesAsync(Path.Combine(folder, TrustName), await http.GetByteArrayAsync(new Uri("api/trust", UriKind.Relative)));
    }

    /// <summary>The whole program, from its start to its exit, compiled ahead as <c>./touchmark</c> does it.</summary>
    private static async Task VerifyByProgramAsync(Figures figures, string folder)
    {
        const int Runs = 20;
        var command = Path.Combine(Started.Root(), "touchmark");
        // Builds it where it is not built.
        await Started.Run(command, "--version").ExitedAsync();
        var times = new List<double>(Runs);
        for (var run = 0; run < Runs; run++)
        {
            var start = Stopwatch.GetTimestamp();
            var program = Started.Run(command, "verify", Path.Combine(folder, EvidenceName), "--trust", Path.Combine(folder, TrustName));
            await program.ExitedAsync();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            if (program.ExitCode != 0)
            {
                throw new InvalidOperationException("The program finds the evidence file of the bench not valid.");
            }
        }

        figures.Add("its evidence file verified by ./touchmark verify, whole process, median of 20", Percentile(times, 0.5), "0", "ms", "under 150");
        figures.Add("  p95", Percentile(times, 0.95), "0", "ms");
    }

    private static async Task AskAsync(Figures figures, string what, Func<int, string> path, HttpClient http)
    {
        var start = Stopwatch.GetTimestamp();
        var callers = await Task.WhenAll(Enumerable.Range(0, Callers).Select(async caller =>
        {
            var times = new List<double>();
            while (Stopwatch.GetElapsedTime(start) < Load)
            {
                var asked = Stopwatch.GetTimestamp();
                using var answer = await http.GetAsync(new Uri(path(caller), UriKind.Relative));
                answer.EnsureSuccessStatusCode();
                await answer.Content.LoadIntoBufferAsync();
                times.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
            }

            return times;
        }));
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var all = callers.SelectMany(times => times).ToList();
        figures.Add($"{what}, {Callers} callers", all.Count / seconds, "#,0", "/s");
        figures.Add("  p50", Percentile(all, 0.5), "0.0", "ms");
        figures.Add("  p99", Percentile(all, 0.99), "0.0", "ms");
    }

    private static double Percentile(List<double> values, double share) => values.Order().ElementAt((int)((values.Count - 1) * share));
}
