using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Touchmark.GCode;

namespace Touchmark.Bench;

/// <summary>Reading and hashing against SHA-256 alone over the same bytes; segmentation of a 100 MB file in bounded memory.</summary>
internal static class GCodeBench
{
    private const int HashBytes = 32 << 20;
    private const int FileBytes = 100_000_000;
    private const int Runs = 7;

    /// <summary>The argument with which the bench starts itself for the one measurement that needs a fresh process.</summary>
    public const string SegmentFile = "--segment-file";

    public static async Task RunAsync()
    {
        var figures = new Figures();
        var raw = Toolpath.Slicer(HashBytes);
        using var canonicalStream = new MemoryStream();
        await ToolpathCheck.RunAsync(new MemoryStream(raw), Toolpath.Limits, canonicalStream, CancellationToken.None);
        var canonical = canonicalStream.ToArray();

        // Turn about in one loop, so that a slow second of the machine hits all of them.
        double sha = double.PositiveInfinity, ofRaw = sha, shaCanonical = sha, ofCanonical = sha;
        for (var run = 0; run < Runs; run++)
        {
            sha = Math.Min(sha, Machine.Best(1, () => SHA256.HashData(raw)));
            ofRaw = Math.Min(ofRaw, Machine.Best(1, () => CanonicalHash.Compute(raw)));
            shaCanonical = Math.Min(shaCanonical, Machine.Best(1, () => SHA256.HashData(canonical)));
            ofCanonical = Math.Min(ofCanonical, Machine.Best(1, () => CanonicalHash.Compute(canonical)));
        }

        figures.Add("SHA-256 alone", raw.Length / sha / 1e6, "0", "MB/s");
        figures.Add("reading and canonical hash, slicer output", raw.Length / ofRaw / 1e6, "0", "MB/s");
        figures.Add("  against SHA-256 over the same bytes", sha / ofRaw, "0.00", "", "at least 0.50");
        figures.Add("reading and canonical hash, text that is canonical already", canonical.Length / ofCanonical / 1e6, "0", "MB/s");
        figures.Add("  against SHA-256 over the same bytes", shaCanonical / ofCanonical, "0.00", "", "at least 0.50");

        var start = Stopwatch.GetTimestamp();
        var report = await ToolpathCheck.RunAsync(new MemoryStream(raw), Toolpath.Limits, null, CancellationToken.None);
        figures.Add("full check: allow-list, limits, metadata, segments", raw.Length / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e6, "0", "MB/s");
        figures.Add("  refusals", report.RefusalCount, "0", "", "0: the check ran to its end");

        await SegmentAsync(figures);
        figures.Print();
    }

    private static async Task SegmentAsync(Figures figures)
    {
        var path = Path.Combine(Path.GetTempPath(), $"touchmark-bench-{Environment.ProcessId}.gcode");
        try
        {
            await using (var file = File.Create(path))
            {
                var part = Toolpath.Slicer(FileBytes / 10);
                for (var times = 0; times < 10; times++)
                {
                    await file.WriteAsync(part);
                }
            }

            // A process of its own, or the peak would be that of what ran before.
            using var child = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [SegmentFile, path]) { RedirectStandardOutput = true, UseShellExecute = false })!;
            var told = (await child.StandardOutput.ReadToEndAsync()).Split(' ');
            var (seconds, segments, peak, allocated) = (Number(told[0]), Number(told[1]), Number(told[2]), Number(told[3]));
            figures.Add("segmentation of a 100 MB file", FileBytes / seconds / 1e6, "0", "MB/s");
            figures.Add("  segments", segments, "N0", "");
            figures.Add("  peak memory of the process", peak, "0", "MiB", "bounded");
            figures.Add("  allocated per segment", allocated / segments / 1024, "0.0", "KiB");
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>The child: seconds, segments, peak MiB and bytes allocated, on one line.</summary>
    public static async Task SegmentFileAsync(string path)
    {
        var segments = 0;
        var start = Stopwatch.GetTimestamp();
        await using var file = File.OpenRead(path);
        using var segmenter = new Segmenter(file, Toolpath.Limits);
        while (await segmenter.NextAsync() is { } segment)
        {
            segment.Dispose();
            segments++;
        }

        Console.Write(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(start).TotalSeconds} {segments} {Machine.PeakMebibytes()} {GC.GetTotalAllocatedBytes()}"));
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
