using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Touchmark.Evidence.Statements;
using Touchmark.Tests;
using Touchmark.Vault.Tests.Running;

namespace Touchmark.Bench.Vault;

/// <summary>The vault as its callers see it: the real process, published as <c>./touchmark</c> is, over its Unix socket, with a token of SoftHSM and 1.2 MB of G-code for each bundle.</summary>
internal static class VaultBench
{
    private const int ToolpathBytes = 1_200_000;

    private static readonly string[] Steps = ["read", "turn", "count", "sign", "enter", "index", "rest"];

    /// <summary>What bench/run publishes, which starts us in the repository.</summary>
    internal static string Program => Path.GetFullPath("src/Touchmark.Vault/bin/program/touchmark-vault");

    public static async Task RunAsync(bool quick)
    {
        var operations = quick ? 500 : 10_000;
        var folder = Directory.CreateTempSubdirectory("tmv-bench-").FullName;
        try
        {
            SoftHsm.Number = 1;
            using var vault = RunningVault.Prepare(Path.Combine(folder, "v"), Program);
            var figures = new Figures();
            await ColdStartsAsync(figures, vault, quick ? 3 : 20);
            await vault.StartAsync();
            using var client = vault.Client();
            var toolpath = Toolpath();
            var ids = await SignAsync(figures, client, toolpath, operations);
            var files = await FetchAsync(figures, client, ids, operations);
            await VerifyAsync(figures, client, files, operations);
            await MeasureAsync(figures, "posture", "under 1 ms", operations, _ => client.GetByteArrayAsync(new Uri("/v3/posture", UriKind.Relative)));
            await vault.KillAsync();
            figures.Print();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A vault's process that is killed again and again (tests/Touchmark.Vault.Tests/Running).</summary>
    public static async Task KillsAsync(int kills)
    {
        var folder = Directory.CreateTempSubdirectory("tmv-kills-").FullName;
        try
        {
            var result = await VaultKillLoop.RunAsync(Path.Combine(folder, "v"), Program, kills);
            var figures = new Figures();
            figures.Add("vaults killed (SIGKILL) while they signed", result.Kills, "#,0", "");
            figures.Add("  bundles in the manifest in the end", result.Bundles, "#,0", "");
            figures.Add("  of these acknowledged before a kill", result.Acknowledged, "#,0", "");
            figures.Add("  counter values that no bundle has", result.Gaps, "#,0", "");
            figures.Add("  acknowledged and lost, altered or made twice; counter values used twice; problems of fsck", result.Problems.Count, "0", "", "0");
            figures.Print();
            foreach (var problem in result.Problems.Take(10))
            {
                await Console.Error.WriteLineAsync(problem);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>
    /// From the start of the process to the answer to its first signature, by a caller who waits for the line that says that it listens. (One who knocks each 2 ms instead, each time with an exception, took the processors
    /// from the vault that it waited for: it measured 697 ms where this measures what the vault takes.)
    /// </summary>
    private static async Task ColdStartsAsync(Figures figures, RunningVault vault, int starts)
    {
        var times = new List<double>();
        var toolpath = Toolpath();
        for (var start = 0; start <= starts; start++)
        {
            var begun = Stopwatch.GetTimestamp();
            await vault.StartAsync();
            using var client = vault.Client();
            if (await RunningVault.TrySignAsync(client, string.Create(CultureInfo.InvariantCulture, $"start {start}"), toolpath) is null)
            {
                throw new InvalidOperationException("The vault died before its first signature.");
            }

            // The first one makes the manifest.
            if (start > 0)
            {
                times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            }

            await vault.KillAsync();
        }

        times.Sort();
        figures.Add(string.Create(CultureInfo.InvariantCulture, $"cold start to the first signature, median of {starts}"), times[times.Count / 2], "0", "ms", "under 500 ms");
        figures.Add("  worst", times[^1], "0", "ms");
    }

    private static async Task<IReadOnlyList<Guid>> SignAsync(Figures figures, HttpClient client, byte[] toolpath, int operations)
    {
        var ids = new Guid[operations];
        var shares = Steps.ToDictionary(step => step, _ => new List<double>(), StringComparer.Ordinal);
        await MeasureAsync(figures, "sign", "p99 under 18 ms", operations, async n =>
        {
            using var gcode = new ByteArrayContent(toolpath);
            gcode.Headers.ContentType = new MediaTypeHeaderValue("text/x.gcode");
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v3/bundles") { Content = gcode };
            request.Headers.Add("Idempotency-Key", string.Create(CultureInfo.InvariantCulture, $"bench {n}"));
            using var response = await client.SendAsync(request);
            response.EnsureSuccessStatusCode();
            ids[n] = JsonElement.Parse(await response.Content.ReadAsByteArrayAsync()).GetProperty("bundle_id").GetGuid();
            foreach (var (step, milliseconds) in Timing(response))
            {
                shares[step].Add(milliseconds);
            }
        });
        foreach (var step in Steps)
        {
            Percentiles(figures, $"  of which {step}", "", shares[step]);
        }

        return ids;
    }

    private static async Task<IReadOnlyList<byte[]>> FetchAsync(Figures figures, HttpClient client, IReadOnlyList<Guid> ids, int operations)
    {
        var files = new byte[Math.Min(operations, 1000)][];
        await MeasureAsync(figures, "fetch", "p99 under 2 ms", operations, async n =>
            files[n % files.Length] = await client.GetByteArrayAsync(new Uri($"/v3/bundles/{ids[RandomNumberGenerator.GetInt32(ids.Count)]:D}", UriKind.Relative)));
        return files;
    }

    private static Task VerifyAsync(Figures figures, HttpClient client, IReadOnlyList<byte[]> files, int operations) => MeasureAsync(figures, "verify", "p99 under 3 ms", operations, async n =>
    {
        using var content = new ByteArrayContent(files[n % files.Count]);
        content.Headers.ContentType = new MediaTypeHeaderValue(EvidenceFile.MediaType);
        using var response = await client.PostAsync(new Uri("/v3/verify", UriKind.Relative), content);
        var verdict = JsonElement.Parse(await response.Content.ReadAsByteArrayAsync());
        if (verdict.GetProperty("verdict").GetString() != "valid")
        {
            throw new InvalidOperationException($"A bundle does not verify: {verdict}");
        }
    });

    private static async Task MeasureAsync(Figures figures, string what, string aim, int operations, Func<int, Task> operation)
    {
        var times = new List<double>(operations);
        for (var n = 0; n < operations; n++)
        {
            var start = Stopwatch.GetTimestamp();
            await operation(n);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        Percentiles(figures, string.Create(CultureInfo.InvariantCulture, $"{what}, {operations:#,0} one after the other"), aim, times);
    }

    internal static void Percentiles(Figures figures, string what, string aim, List<double> times)
    {
        times.Sort();
        figures.Add($"{what}: p50, p99, p99.9", string.Create(CultureInfo.InvariantCulture, $"{At(0.5):0.00}, {At(0.99):0.00}, {At(0.999):0.00} ms"), aim);

        double At(double share) => times[Math.Min(times.Count - 1, (int)(times.Count * share))];
    }

    private static IEnumerable<(string Step, double Milliseconds)> Timing(HttpResponseMessage response) =>
        response.Headers.GetValues("Server-Timing").Single().Split(", ").Select(entry => entry.Split(";dur=")).Select(entry => (entry[0], double.Parse(entry[1], CultureInfo.InvariantCulture)));

    /// <summary>A plain toolpath as a slicer writes it.</summary>
    private static byte[] Toolpath()
    {
        var text = new StringBuilder(";Generated with Cura_SteamEngine 5.0.0\nG28\n");
        for (var line = 0; text.Length < ToolpathBytes; line++)
        {
            text.Append(CultureInfo.InvariantCulture, $"G1 X{50 + (line * 7919 % 100000 / 1000.0):0.000} Y{50 + (line * 104729 % 100000 / 1000.0):0.000} E{line * 0.0213:0.00000}\n");
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }
}
