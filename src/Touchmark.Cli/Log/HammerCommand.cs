using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Touchmark.Cli.Terminal;
using Touchmark.Cryptography;
using Touchmark.Log.Notes;
using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;
using Touchmark.Log.Verification;
using Touchmark.Log.Writing;

namespace Touchmark.Cli.Log;

/// <summary>
/// <c>touchmark log hammer</c>: readers that prove random entries and hold each head to the one before, as fast as the log answers. With <c>--write</c> it makes a new log in a folder for it (<c>public/</c>, and <c>policy</c>
/// beside it), and writers that verify every receipt.
/// </summary>
internal static class HammerCommand
{
    private const int EntrySize = 1024;

    public static Command Create()
    {
        var (source, policy) = (LogCommands.Source(), LogCommands.PolicyFile());
        var write = new Option<bool>("--write") { Description = "Make a new log in this folder, which has to be empty, and write it meanwhile." };
        var seconds = new Option<int>("--seconds") { Description = "How long.", DefaultValueFactory = _ => 10 };
        var readers = new Option<int>("--readers") { Description = "Readers at once.", DefaultValueFactory = _ => 4 };
        var writers = new Option<int>("--writers") { Description = "Writers at once, each of which waits for its receipt.", DefaultValueFactory = _ => 200 };
        var command = new Command("hammer", "Try a log hard: prove random entries and follow its head; with --write also append. Exit code 1 when the log contradicts itself.") { source, policy, write, seconds, readers, writers };
        foreach (var number in new[] { seconds, readers, writers })
        {
            number.Validators.Add(result =>
            {
                if (result.GetValueOrDefault<int>() is < 1 or > 100_000)
                {
                    result.AddError($"{result.Option.Name} takes a number from 1 to 100,000.");
                }
            });
        }

        command.SetAction((parsed, cancel) => LogCommands.ReadingAsync(() => parsed.GetValue(write)
            ? WriteAsync(parsed.GetValue(source)!, TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(readers), parsed.GetValue(writers), cancel)
            : ReadAsync(parsed.GetValue(source)!, LogSource.Policy(parsed.GetValue(policy)), TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(readers), cancel)));
        return command;
    }

    private static async Task<int> ReadAsync(string source, LogPolicy policy, TimeSpan time, int readers, CancellationToken cancel)
    {
        using var until = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        until.CancelAfter(time);
        Tell("proofs", await ProveAsync(LogSource.Open(source), policy, readers, until.Token), time);
        return 0;
    }

    private static async Task<int> WriteAsync(string folder, TimeSpan time, int readers, int writers, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        using var seed = Ed25519.Generate();
        using var shadowSeed = MlDsa65.Generate();
        using var ed25519 = new Ed25519Signer(seed.Span);
        using var mlDsa65 = new MlDsa65Signer(shadowSeed.Span);
        var options = new LogWriterOptions("hammer.invalid/log", ed25519, mlDsa65, new FolderStore(Path.Combine(folder, "public")), new FolderHeadState(folder));
        var keys = LogWriter.KeysOf(options);
        var policy = LogPolicy.Of(keys);
        try
        {
            await LogWriter.CreateAsync(options, cancel);
        }
        catch (LogConfigurationException error)
        {
            throw new CliFailure(error.Message, "name an empty folder", exitCode: 2);
        }

        await File.WriteAllLinesAsync(Path.Combine(folder, "policy"), [.. keys.Select(key => $"log {key}"), "quorum none"], cancel);
        using var until = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        until.CancelAfter(time);
        ConcurrentBag<double> waits = [];
        await using (var writer = await LogWriter.LoadAsync(options, cancel))
        {
            var reading = ProveAsync(options.Objects, policy, readers, until.Token);
            await Task.WhenAll(Enumerable.Range(0, writers).Select(_ => Task.Run(() => AppendAsync(writer, policy, waits, until.Token), cancel)));
            Tell("proofs", await reading, time);
        }

        Tell("durable appends with receipts", waits, time);
        return 0;
    }

    private static async Task AppendAsync(LogWriter writer, LogPolicy policy, ConcurrentBag<double> waits, CancellationToken until)
    {
        while (!until.IsCancellationRequested)
        {
            var entry = RandomNumberGenerator.GetBytes(EntrySize);
            var start = Stopwatch.GetTimestamp();
            var receipt = await writer.AppendAsync(entry, CancellationToken.None);
            waits.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            Require(LogVerifier.Verify(entry, receipt.ToProof(), policy, TimeProvider.System.GetUtcNow(), LogExpectations.None), receipt.Index);
        }
    }

    /// <summary>Proves random entries of the head, which is read anew each time, until it is stopped; ms for each.</summary>
    private static async Task<ConcurrentBag<double>> ProveAsync(IObjectReader objects, LogPolicy policy, int readers, CancellationToken until)
    {
        ConcurrentBag<double> waits = [];
        var cache = new TileCache();
        await Task.WhenAll(Enumerable.Range(0, readers).Select(_ => Task.Run(async () =>
        {
            try
            {
                Checkpoint? before = null;
                while (!until.IsCancellationRequested)
                {
                    var head = (await LogSource.HeadAsync(objects, policy, until)).Checkpoint;
                    await HeadWatch.RequireGrowthAsync(objects, before ?? head, head, until);
                    before = head;
                    var start = Stopwatch.GetTimestamp();
                    // It throws when the proof does not lead to the root.
                    await new TileTree(objects, head.Size, head.Root, cache).InclusionAsync((long)(RandomNumberGenerator.GetInt32(int.MaxValue) / (double)int.MaxValue * head.Size), until);
                    waits.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }
            }
            catch (OperationCanceledException) when (until.IsCancellationRequested)
            {
                // Its time is over.
            }
        }, CancellationToken.None)));
        return waits;
    }

    private static void Require(LogVerdict verdict, long index)
    {
        if (verdict.Checks.FirstOrDefault(check => check.Outcome == LogCheckOutcome.Failed) is { } failed)
        {
            throw new CliFailure($"THE LOG CONTRADICTS ITSELF: the receipt of entry {index} does not verify: {failed.Words}", "keep the folder, and run touchmark log fsck on it");
        }
    }

    private static void Tell(string what, IEnumerable<double> waits, TimeSpan time)
    {
        var sorted = waits.Order().ToList();
        Screen.Line(sorted.Count == 0 ? $"{what}: none" : string.Create(CultureInfo.InvariantCulture,
            $"{what}: {sorted.Count}, {sorted.Count / time.TotalSeconds:0}/s; median {sorted[sorted.Count / 2]:0.00} ms, p95 {sorted[(int)(sorted.Count * 0.95)]:0.00} ms, p99 {sorted[(int)(sorted.Count * 0.99)]:0.00} ms"));
    }
}
