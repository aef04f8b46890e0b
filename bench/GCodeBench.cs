using System.Diagnostics;
using System.Security.Cryptography;
using Touchmark.GCode;

namespace Touchmark.Bench;

/// <summary>Reading and hashing against SHA-256 alone over the same bytes; segmentation of a 100 MB file in bounded memory.</summary>
internal static class GCodeBench
{
    private const int HashBytes = 32 << 20;
    private const int FileBytes = 100_000_000;
    private const int Runs = 7;

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
            await File.WriteAllBytesAsync(path, Toolpath.Slicer(FileBytes));
            // The text was made in this process: its memory must be gone before a peak can mean anything.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            long segments = 0, heap = 0;
            var before = Environment.WorkingSet;
            var allocated = GC.GetTotalAllocatedBytes();
            long largest = before;
            var start = Stopwatch.GetTimestamp();
            await using (var file = File.OpenRead(path))
            using (var segmenter = new Segmenter(file, Toolpath.Limits))
            {
                while (await segmenter.NextAsync() is { } segment)
                {
                    segment.Dispose();
                    if (++segments % 1000 == 0)
                    {
                        largest = Math.Max(largest, Environment.WorkingSet);
                        heap = Math.Max(heap, GC.GetTotalMemory(forceFullCollection: false));
                    }
                }
            }

            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            figures.Add("segmentation of a 100 MB file", FileBytes / seconds / 1e6, "0", "MB/s");
            figures.Add("  segments", segments, "0", "");
            figures.Add("  memory above the start, at most", (largest - before) / 1e6, "0.0", "MB", "bounded");
            figures.Add("  managed heap, at most", heap / 1e6, "0.0", "MB");
            figures.Add("  allocated per segment", (GC.GetTotalAllocatedBytes() - allocated) / (double)segments / 1024, "0.0", "KiB");
        }
        finally
        {
            File.Delete(path);
        }
    }
}
