using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Log.Checking;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Tests.Running;

/// <summary>What a loop of kills found.</summary>
/// <param name="Kills">Processes that were killed while they signed.</param>
/// <param name="Bundles">In the manifest in the end.</param>
/// <param name="Acknowledged">Of these, answered before a kill.</param>
/// <param name="Gaps">Counter values that were taken and that no bundle has.</param>
/// <param name="Problems">Acknowledged and lost, altered or made twice; counter values used twice; a broken chain; what fsck finds.</param>
internal sealed record VaultKills(int Kills, int Bundles, int Acknowledged, long Gaps, IReadOnlyList<string> Problems);

/// <summary>Kills a vault while callers sign, again and again on one folder and one token, and then looks at what it has left.</summary>
internal static class VaultKillLoop
{
    private const int Callers = 2;
    private const int MostAnswers = 6;

    private static readonly byte[] Toolpath = Encoding.ASCII.GetBytes(";Generated with Cura_SteamEngine 5.0.0\nG28\nG1 X10 Y10 F1800\nG1 X20 E1.5\n");

    public static async Task<VaultKills> RunAsync(string folder, string program, int kills)
    {
        using var vault = RunningVault.Prepare(folder, program);
        var acknowledged = new ConcurrentDictionary<string, JsonElement>(StringComparer.Ordinal);
        var problems = new ConcurrentQueue<string>();
        ConcurrentBag<string> unanswered = [];
        for (var kill = 0; kill <= kills; kill++)
        {
            await vault.StartAsync();
            using var client = vault.Client();
            foreach (var job in unanswered)
            {
                await SignAsync(client, job, acknowledged, problems);
            }

            unanswered = [];
            if (kill < kills)
            {
                await SignUntilKilledAsync(vault, client, kill, acknowledged, unanswered, problems);
            }
        }

        await vault.KillAsync();
        var bundles = await ReadAsync(folder, vault.Certificate, acknowledged, problems);
        return new VaultKills(kills, bundles.Count, acknowledged.Count, bundles.Count == 0 ? 0 : bundles[^1].MachineCounter - bundles.Count, [.. problems]);
    }

    /// <summary>Callers sign, each one job after the other; after a random answer, and a random moment, the process is killed.</summary>
    private static async Task SignUntilKilledAsync(
        RunningVault vault, HttpClient client, int kill, ConcurrentDictionary<string, JsonElement> acknowledged, ConcurrentBag<string> unanswered, ConcurrentQueue<string> problems)
    {
        var left = RandomNumberGenerator.GetInt32(1, MostAnswers + 1);
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var callers = Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            for (var n = 0; ; n++)
            {
                var job = string.Create(CultureInfo.InvariantCulture, $"kill {kill} caller {caller} job {n}");
                if (!await SignAsync(client, job, acknowledged, problems))
                {
                    unanswered.Add(job);
                    return;
                }

                if (Interlocked.Decrement(ref left) == 0)
                {
                    enough.SetResult();
                }
            }
        })).ToList();
        // Callers that are refused would never be enough.
        await Task.WhenAny([enough.Task, .. callers]);
        // The others are somewhere in their signature; from here on it is any point of it.
        Thread.SpinWait(RandomNumberGenerator.GetInt32(400_000));
        await vault.KillAsync();
        await Task.WhenAll(callers);
    }

    private static async Task<bool> SignAsync(HttpClient client, string job, ConcurrentDictionary<string, JsonElement> acknowledged, ConcurrentQueue<string> problems)
    {
        try
        {
            if (await RunningVault.TrySignAsync(client, job, Toolpath) is not { } answer)
            {
                return false;
            }

            if (!acknowledged.TryAdd(job, answer))
            {
                problems.Enqueue($"{job} was answered twice");
            }

            return true;
        }
        catch (InvalidOperationException refused)
        {
            problems.Enqueue($"{job} was refused: {refused.Message}");
            return false;
        }
    }

    /// <summary>Reads the manifest as it lies on the disk, without the vault.</summary>
    private static async Task<IReadOnlyList<EvidenceBundle>> ReadAsync(
        string folder, VaultCertificate certificate, ConcurrentDictionary<string, JsonElement> acknowledged, ConcurrentQueue<string> problems)
    {
        using var storage = new ManifestStorage(VaultOptions.In(folder));
        var report = await Fsck.RunAsync(storage.Objects, certificate.ManifestPolicy, DateTimeOffset.UnixEpoch, null, default);
        if (report.ProblemCount > 0)
        {
            problems.Enqueue($"fsck finds {report.ProblemCount} problems");
        }

        var head = (await storage.CheckpointAsync(default))!.Checkpoint;
        var tree = storage.TreeOf(head);
        var bundles = new List<EvidenceBundle>();
        byte[]? previous = null;
        for (long at = 1; at < head.Size; at++)
        {
            var entry = await storage.EntryAsync(at, await tree.EntryAsync(at, default), default);
            if (entry.Read<EvidenceBundle>() is not { } bundle)
            {
                continue;
            }

            if (!(bundle.Previous is { } link ? previous is not null && link.Span.SequenceEqual(previous) : previous is null))
            {
                problems.Enqueue($"the chain is broken at counter {bundle.MachineCounter}");
            }

            if (bundles.Count > 0 && bundle.MachineCounter <= bundles[^1].MachineCounter)
            {
                problems.Enqueue($"counter {bundle.MachineCounter} follows {bundles[^1].MachineCounter}");
            }

            if (acknowledged.TryGetValue(bundle.JobId, out var answer) && answer.GetProperty("sha256").GetString() != Convert.ToHexStringLower(entry.Sha256))
            {
                problems.Enqueue($"{bundle.JobId} was answered with another bundle than the manifest has");
            }

            bundles.Add(bundle);
            previous = entry.Sha256;
        }

        var jobs = bundles.ConvertAll(bundle => bundle.JobId);
        jobs.GroupBy(job => job).Where(same => same.Count() > 1).ToList().ForEach(same => problems.Enqueue($"{same.Key} has {same.Count()} bundles"));
        acknowledged.Keys.Except(jobs).ToList().ForEach(lost => problems.Enqueue($"{lost} was answered and is not in the manifest"));
        return bundles;
    }
}
