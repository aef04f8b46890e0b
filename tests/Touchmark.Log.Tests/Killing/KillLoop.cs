using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Touchmark.Log.Checking;
using Touchmark.Log.Tiles;
using Touchmark.Log.Tree;
using Touchmark.Log.Verification;
using Touchmark.Log.Writing;

namespace Touchmark.Log.Tests.Killing;

/// <summary>What a loop of kills found.</summary>
/// <param name="Kills">Processes that were killed.</param>
/// <param name="Acknowledged">Entries that were answered with a receipt before.</param>
/// <param name="Entries">Entries of the log in the end.</param>
/// <param name="Problems">What is wrong; empty when nothing is.</param>
internal sealed record KillResult(int Kills, int Acknowledged, long Entries, IReadOnlyList<string> Problems);

/// <summary>Starts a writer's process again and again on one log and kills it: at a random call of the storage, or after a random number of receipts.</summary>
internal static class KillLoop
{
    private const int MostCalls = 60;
    private const int MostReceipts = 300;

    /// <param name="folder">For the log; empty.</param>
    /// <param name="kills">How many.</param>
    /// <param name="program">What starts this program once more, and its arguments before ours.</param>
    public static async Task<KillResult> RunAsync(string folder, int kills, IReadOnlyList<string> program)
    {
        var options = KilledWriter.OptionsOf(folder);
        await LogWriter.CreateAsync(options, CancellationToken.None);
        var acknowledged = new Dictionary<long, string>();
        var problems = new List<string>();
        for (var kill = 0; kill < kills; kill++)
        {
            var byItself = kill % 3 != 0;
            var call = byItself ? RandomNumberGenerator.GetInt32(MostCalls) : -1;
            using var process = Start(program, folder, call, RandomNumberGenerator.GetInt32(2) == 0 ? "before" : "after");
            await ListenAsync(process, byItself ? int.MaxValue : 1 + RandomNumberGenerator.GetInt32(MostReceipts), acknowledged, problems);
            await process.WaitForExitAsync();
            var error = await process.StandardError.ReadToEndAsync();
            if (error.Length > 0)
            {
                problems.Add($"kill {kill}: {error}");
            }
        }
        await using (await LogWriter.LoadAsync(options, CancellationToken.None))
        {
            // What the last one left is finished.
        }
        return new(kills, acknowledged.Count, await CheckAsync(options, acknowledged, problems), problems);
    }

    private static Process Start(IReadOnlyList<string> program, string folder, int call, string when)
    {
        var start = new ProcessStartInfo(program[0]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[.. program.Skip(1), KilledWriter.Command, folder, call.ToString(CultureInfo.InvariantCulture), when])
        {
            start.ArgumentList.Add(argument);
        }
        return Process.Start(start)!;
    }

    /// <summary>Reads receipts until the process is gone, and kills it at the number given. The last line may be cut off.</summary>
    private static async Task ListenAsync(Process process, int deadly, Dictionary<long, string> acknowledged, List<string> problems)
    {
        var received = 0;
        var text = "";
        var buffer = new char[4096];
        while (await process.StandardOutput.ReadAsync(buffer) is > 0 and var length)
        {
            text += new string(buffer, 0, length);
            var lines = text.Split('\n');
            text = lines[^1];
            foreach (var line in lines[..^1])
            {
                var (index, leaf) = (long.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture), line.Split(' ')[1]);
                if (!acknowledged.TryAdd(index, leaf))
                {
                    problems.Add($"entry {index} was acknowledged twice");
                }
                if (++received == deadly)
                {
                    process.Kill();
                }
            }
        }
    }

    private static async Task<long> CheckAsync(LogWriterOptions options, Dictionary<long, string> acknowledged, List<string> problems)
    {
        var report = await Fsck.RunAsync(options.Objects, LogPolicy.Of(LogWriter.KeysOf(options)), DateTimeOffset.UnixEpoch, null, CancellationToken.None);
        problems.AddRange(report.Problems.Select(problem => $"{problem.Path}: {problem.Words}"));
        var head = report.Head!;
        foreach (var bundle in acknowledged.GroupBy(entry => entry.Key / TileId.FullWidth))
        {
            var id = TileId.Holding(TileId.EntriesLevel, bundle.First().Key, head.Size);
            var bytes = await options.Objects.ReadAsync(id.Path, CancellationToken.None);
            if (bytes is not { } there || !EntryBundle.TryDecode(there, id.Width, out var entries))
            {
                problems.Add($"{id.Path} is missing or damaged");
                continue;
            }
            problems.AddRange(bundle.Where(entry => TreeHash.OfLeaf(entries[(int)(entry.Key % TileId.FullWidth)].Span).ToString() != entry.Value)
                .Select(entry => $"entry {entry.Key} was acknowledged and is another one now"));
        }
        return head.Size;
    }
}
