using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Touchmark.Cli.Engine;
using Touchmark.Cli.Keys;
using Touchmark.Cli.Terminal;
using Touchmark.Evidence.Statements;
using Touchmark.Log.Checking;
using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;
using Touchmark.Log.Verification;

namespace Touchmark.Cli.Log;

/// <summary><c>touchmark log</c>: look at a log, and hold it to what it has signed.</summary>
internal static class LogCommands
{
    private const int MostShown = 10_000;

    public static Command Create() => new("log", "The log of statements: check it whole, look at its entries, prove one, try it hard.") { FsckCommand(), Tail(), Proof(), Policy(), HammerCommand.Create() };

    internal static Argument<string> Source() => new("log") { Description = "The log's folder, or its address, such as https://engine.example/log." };

    internal static Option<FileInfo?> PolicyFile() => new("--policy") { Description = "The log's policy, instead of the pinned one." };

    private static Command FsckCommand()
    {
        var (source, policy, json) = (Source(), PolicyFile(), new Option<bool>("--json") { Description = "Print the report as JSON." });
        var command = new Command("fsck", "Check a whole log: its signatures, each tile against the one above it, each entry against its tile. Exit code 0: clean, 1: not.") { source, policy, json };
        command.SetAction(async (parsed, cancel) =>
        {
            var objects = LogSource.Open(parsed.GetValue(source)!);
            var report = await ReadingAsync(() => Fsck.RunAsync(objects, LogSource.Policy(parsed.GetValue(policy)), TimeProvider.System.GetUtcNow(), null, cancel));
            if (parsed.GetValue(json))
            {
                Screen.Json(JsonSerializer.SerializeToElement(
                    new { Clean = report.IsClean, report.Head?.Origin, report.Head?.Size, Root = report.Head?.Root.ToString(), report.Entries, report.Objects, report.ProblemCount, report.Problems }, EngineClient.Json));
            }
            else
            {
                foreach (var problem in report.Problems)
                {
                    Screen.Line($"{(problem.Path.Length == 0 ? "log" : problem.Path)}: {problem.Words}");
                }

                Screen.Line(string.Create(CultureInfo.InvariantCulture,
                    $"{(report.IsClean ? "CLEAN" : $"NOT CLEAN, {report.ProblemCount} problems")}: {report.Entries} of {report.Head?.Size ?? 0} entries and {report.Objects} objects of {report.Head?.Origin ?? "a log without checkpoint"} were checked."));
            }

            return report.IsClean ? 0 : 1;
        });
        return command;
    }

    private static Command Tail()
    {
        var (source, policy) = (Source(), PolicyFile());
        var count = new Option<int>("--count", "-n") { Description = "How many of the newest entries.", DefaultValueFactory = _ => 10 };
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with new ones as they come, and hold each checkpoint to the one before." };
        count.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 0 or > MostShown)
            {
                result.AddError($"--count takes a number from 0 to {MostShown}.");
            }
        });
        var command = new Command("tail", "Show the newest entries of a log.") { source, policy, count, follow };
        command.SetAction(async (parsed, cancel) =>
        {
            var (objects, believed) = (LogSource.Open(parsed.GetValue(source)!), LogSource.Policy(parsed.GetValue(policy)));
            return await ReadingAsync(async () =>
            {
                var head = (await LogSource.HeadAsync(objects, believed, cancel)).Checkpoint;
                await ShowAsync(objects, head, Math.Max(0, head.Size - parsed.GetValue(count)), cancel);
                using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
                while (parsed.GetValue(follow) && await timer.WaitForNextTickAsync(cancel))
                {
                    var next = (await LogSource.HeadAsync(objects, believed, cancel)).Checkpoint;
                    await HeadWatch.RequireGrowthAsync(objects, head, next, cancel);
                    await ShowAsync(objects, next, head.Size, cancel);
                    head = next;
                }

                return 0;
            });
        });
        return command;
    }

    private static async Task ShowAsync(IObjectReader objects, Touchmark.Log.Notes.Checkpoint head, long from, CancellationToken cancel)
    {
        var tree = new TileTree(objects, head.Size, head.Root);
        for (var index = from; index < head.Size; index++)
        {
            var entry = await tree.EntryAsync(index, cancel);
            var words = Statement.TryParse(entry, out var statement, out _) ? $"{statement.ContentType}\t{statement.Subject}\t{statement.Issuer}" : index == 0 ? "genesis" : "no statement";
            Screen.Line(string.Create(CultureInfo.InvariantCulture, $"{index}\t{Convert.ToHexStringLower(SHA256.HashData(entry.Span))}\t{words}"));
        }
    }

    private static Command Proof()
    {
        var file = new Argument<FileInfo>("statement") { Description = "The statement whose proof is asked for." };
        var output = new Option<FileInfo?>("--output") { Description = "Where to write the .tlog-proof." };
        var from = new Option<FileInfo?>("--from") { Description = "A .tlog-proof that is at hand, instead of asking the engine." };
        var policy = PolicyFile();
        var command = new Command("proof", "Fetch the proof that a statement is in the log, and verify it. Exit code 0: valid, 1: not.") { file, output, from, policy };
        command.SetAction(async (parsed, cancel) =>
        {
            var statement = await ReadAsync(parsed.GetValue(file)!, cancel);
            var believed = LogSource.Policy(parsed.GetValue(policy));
            var proof = parsed.GetValue(from) is { } kept ? await ReadAsync(kept, cancel) : await FetchAsync(statement, cancel);
            var verdict = LogVerifier.Verify(statement, proof, believed, TimeProvider.System.GetUtcNow(), LogExpectations.None);
            foreach (var check in verdict.Checks)
            {
                Screen.Line($"{(check.Outcome == LogCheckOutcome.Passed ? "passed" : check.Outcome == LogCheckOutcome.Failed ? "FAILED" : "not checked")}\t{check.Id}\t{check.Words}");
            }

            if (verdict.IsValid && parsed.GetValue(output) is { } target)
            {
                await File.WriteAllBytesAsync(target.FullName, proof, cancel);
            }

            return verdict.IsValid ? 0 : 1;
        });
        return command;
    }

    private static async Task<byte[]> FetchAsync(byte[] statement, CancellationToken cancel)
    {
        using var engine = EngineClient.SignedIn();
        return await engine.GetBytesAsync($"/api/log/statements/{Convert.ToHexStringLower(SHA256.HashData(statement))}/proof", "text/plain", cancel);
    }

    private static async Task<byte[]> ReadAsync(FileInfo file, CancellationToken cancel)
    {
        try
        {
            return await File.ReadAllBytesAsync(file.FullName, cancel);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure($"{file} cannot be read.", "check its path and permissions", exitCode: 2);
        }
    }

    private static Command Policy()
    {
        var trust = new Option<FileInfo?>("--trust") { Description = "The trust to read it from, instead of the pinned one." };
        var command = new Command("policy", "Print the pinned policy: the log's keys, its witnesses and their quorum (C2SP tlog-policy).") { trust };
        command.SetAction(parsed =>
        {
            var believed = parsed.GetValue(trust) is { } named ? PinnedTrust.Read(named.FullName) : PinnedTrust.Load();
            Console.Out.Write(believed.Log?.Text ?? throw new CliFailure("no log is pinned.", PinnedTrust.HowToGetIt));
            return 0;
        });
        return command;
    }

    /// <summary>What the storage of a log says when it cannot be read, or does not hold together, is for the person.</summary>
    internal static async Task<T> ReadingAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (IOException error)
        {
            throw new CliFailure($"the log cannot be read: {error.Message}", "check its address, or its folder and permissions", exitCode: 2);
        }
        catch (LogDamagedException error)
        {
            throw new CliFailure($"the log is damaged: {error.Message}", "touchmark log fsck tells what else is");
        }
    }
}
