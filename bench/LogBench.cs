using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.Log.Checking;
using Touchmark.Log.Storage;
using Touchmark.Log.Tests.Killing;
using Touchmark.Log.Tiles;
using Touchmark.Log.Verification;
using Touchmark.Log.Writing;

namespace Touchmark.Bench;

/// <summary>The log: durable appends beside the disk's own fsync, proofs from a large log, fsck; and a writer that is killed again and again.</summary>
internal static class LogBench
{
    private const int EntrySize = 1024;
    private const int Appenders = 4000;

    public static async Task RunAsync(bool quick)
    {
        var folder = Directory.CreateTempSubdirectory("touchmark-bench-log-").FullName;
        try
        {
            var figures = new Figures();
            await SyncsAsync(figures, folder);
            await AppendsAsync(figures, Path.Combine(folder, "appends"), quick);
            await LargeAsync(figures, Path.Combine(folder, "large"), quick ? 300_000 : 10_000_000);
            figures.Print();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A writer's process that is killed again and again (tests/Touchmark.Log.Tests/Killing).</summary>
    public static async Task KillsAsync(bool quick)
    {
        var folder = Directory.CreateTempSubdirectory("touchmark-bench-kills-").FullName;
        try
        {
            var result = await KillLoop.RunAsync(folder, quick ? 20 : 1000, [Environment.ProcessPath!]);
            var figures = new Figures();
            figures.Add("writers killed (SIGKILL)", result.Kills, "#,0", "");
            figures.Add("  entries of the log in the end", result.Entries, "#,0", "");
            figures.Add("  of these acknowledged before a kill", result.Acknowledged, "#,0", "");
            figures.Add("  acknowledged and lost, altered or acknowledged twice; problems that fsck finds", result.Problems.Count, "0", "", "0");
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

    /// <summary>What the disk gives: a small file written, flushed, renamed, its folder flushed; one after the other, and eight at once as the writer does it.</summary>
    private static async Task SyncsAsync(Figures figures, string folder)
    {
        const int Files = 400;
        var store = new FolderStore(Path.Combine(folder, "syncs"));
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Files; i++)
        {
            await store.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"one-{i}"), new byte[EntrySize], default);
        }
        figures.Add("durable files, one after the other", Files / Stopwatch.GetElapsedTime(start).TotalSeconds, "#,0", "/s");
        start = Stopwatch.GetTimestamp();
        await Parallel.ForAsync(0, Files, new ParallelOptions { MaxDegreeOfParallelism = 8 },
            (i, cancel) => store.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"eight-{i}"), new byte[EntrySize], cancel));
        figures.Add("  eight at once", Files / Stopwatch.GetElapsedTime(start).TotalSeconds, "#,0", "/s");
    }

    /// <summary>Many callers who each wait for a receipt before they append again.</summary>
    private static async Task AppendsAsync(Figures figures, string folder, bool quick)
    {
        var options = Options(new FolderStore(Path.Combine(folder, "public")), folder);
        await LogWriter.CreateAsync(options, default);
        var waits = new List<double>();
        var duration = TimeSpan.FromSeconds(quick ? 3 : 20);
        double seconds;
        await using (var writer = await LogWriter.LoadAsync(options, default))
        {
            var start = Stopwatch.GetTimestamp();
            var lists = await Task.WhenAll(Enumerable.Range(0, Appenders).Select(appender => Task.Run(async () =>
            {
                var mine = new List<double>();
                for (var n = 0; Stopwatch.GetElapsedTime(start) < duration; n++)
                {
                    var entry = RandomNumberGenerator.GetBytes(EntrySize);
                    var asked = Stopwatch.GetTimestamp();
                    _ = await writer.AppendAsync(entry, default);
                    mine.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
                }
                return mine;
            })));
            seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            waits.AddRange(lists.SelectMany(list => list));
        }
        waits.Sort();
        figures.Add(string.Create(CultureInfo.InvariantCulture, $"durable appends with receipts, {EntrySize} bytes, {Appenders} callers"), waits.Count / seconds, "#,0", "/s", "at least 10,000");
        figures.Add("  until the receipt, median", waits[waits.Count / 2], "#,0", "ms");
        figures.Add("  p95", waits[waits.Count * 95 / 100], "#,0", "ms", "under 1,000");
        figures.Add("  p99", waits[waits.Count * 99 / 100], "#,0", "ms");
        var clean = await FsckAsync(options);
        figures.Add("  problems that fsck then finds", clean.ProblemCount, "0", "", "0");
    }

    /// <summary>The writer makes the log, into files that nobody waits for.</summary>
    private static async Task LargeAsync(Figures figures, string folder, int size)
    {
        var store = new HastyStore(Path.Combine(folder, "public"));
        var options = Options(store, folder) with { BatchEntries = 65_536, BatchBytes = 256 << 20, Waiting = 65_536 };
        await LogWriter.CreateAsync(options, default);
        await using (var writer = await LogWriter.LoadAsync(options, default))
        {
            for (var made = 1; made < size;)
            {
                var count = Math.Min(65_536, size - made);
                var appends = new Task<LogReceipt>[count];
                for (var i = 0; i < count; i++)
                {
                    appends[i] = writer.AppendAsync(BitConverter.GetBytes((long)made + i), default).AsTask();
                }
                await Task.WhenAll(appends);
                made += count;
            }
        }
        var head = await options.Head.ReadAsync(default) ?? throw new InvalidOperationException("The log has no head.");
        var cache = new TileCache();
        var tree = new TileTree(new FolderStore(Path.Combine(folder, "public")), head.Size, head.Root, cache);
        var times = new List<double>();
        for (var i = 0; i < 5000; i++)
        {
            var index = RandomNumberGenerator.GetInt32((int)head.Size);
            var start = Stopwatch.GetTimestamp();
            _ = await tree.InclusionAsync(index, default);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        times.Sort();
        figures.Add(string.Create(CultureInfo.InvariantCulture, $"proof out of {head.Size:#,0} entries, median"), times[times.Count / 2], "0.000", "ms", "under 1");
        figures.Add("  p99", times[times.Count * 99 / 100], "0.000", "ms", "under 1");
        var again = Stopwatch.GetTimestamp();
        var report = await FsckAsync(options);
        figures.Add("fsck", report.Entries / Stopwatch.GetElapsedTime(again).TotalSeconds, "#,0", "entries/s");
        figures.Add("  problems", report.ProblemCount, "0", "", "0");
    }

    private static Task<FsckReport> FsckAsync(LogWriterOptions options) =>
        Fsck.RunAsync(options.Objects, LogPolicy.Of(LogWriter.KeysOf(options)), DateTimeOffset.UnixEpoch, null, default);

    private static LogWriterOptions Options(IObjectStore store, string folder) =>
        new("log.example/bench", new Ed25519Signer(new byte[32]), new MlDsa65Signer(new byte[32]), store, new FolderHeadState(Path.Combine(folder, "head")));

    /// <summary>Files without fsync.</summary>
    private sealed class HastyStore(string folder) : IObjectStore
    {
        private readonly FolderStore _store = new(folder);

        public ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string path, CancellationToken cancel) => _store.ReadAsync(path, cancel);

        public ValueTask WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancel)
        {
            var file = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            return new(File.WriteAllBytesAsync(file, content, cancel));
        }

        public ValueTask DeleteAsync(string path, CancellationToken cancel) => _store.DeleteAsync(path, cancel);

        public IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancel) => _store.ListAsync(prefix, cancel);
    }
}
