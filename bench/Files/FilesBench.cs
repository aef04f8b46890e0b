using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.GCode;
using Touchmark.Streaming.Files;

namespace Touchmark.Bench.Files;

/// <summary>Files on a printer: a Fernet token and a sealed file of 500 MB, each opened and read in a process of its own whose peak memory is its own; the card of a file of 100 MB.</summary>
internal static class FilesBench
{
    /// <summary>The argument with which the bench starts itself for one file.</summary>
    public const string ReadFile = "--read-file";

    private const string Fernet = "Fernet";
    private const int Large = 500_000_000;
    private const int Small = 50_000_000;
    private const int Described = 100_000_000;

    private static readonly Guid Printer = Guid.Parse("0198a5f3-0000-7000-8000-000000000001");
    private static readonly byte[] Secret = SHA256.HashData("bench"u8);
    private static readonly DateTimeOffset Made = new(2026, 11, 21, 0, 0, 0, TimeSpan.Zero);

    public static async Task RunAsync()
    {
        var figures = new Figures();
        var folder = Directory.CreateTempSubdirectory("touchmark-bench-");
        try
        {
            var part = Toolpath.Slicer(10_000_000);
            foreach (var (kind, write) in new (string, Func<Stream, byte[], int, Task>)[] { (Fernet, WriteFernetAsync), ("sealed G-code", WriteSealedAsync) })
            {
                await MeasureAsync(figures, kind, Path.Combine(folder.FullName, "large"), Path.Combine(folder.FullName, "small"), (file, bytes) => write(file, part, bytes));
            }

            var start = Stopwatch.GetTimestamp();
            var digest = await CanonicalHash.DigestAsync(new Repeated(part, Described), pictures: true);
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            figures.Add("card of a file of 100 MB: metadata, pictures, canonical hash", seconds, "0.00", "s");
            figures.Add("  layers found", GCodeCard.Of(digest.Metadata, digest.Pictures).LayerCount ?? 0, "N0", "");
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        figures.Print();
    }

    /// <summary>The child: seconds to open, seconds to read all, peak MiB, bytes of the content.</summary>
    public static async Task ReadFileAsync(string kind, string path)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.Asynchronous);
        var start = Stopwatch.GetTimestamp();
        using var content = kind == Fernet ? await OpenFernetAsync(file) : OpenSealed(file);
        var opened = Stopwatch.GetElapsedTime(start).TotalSeconds;
        start = Stopwatch.GetTimestamp();
        var buffer = new byte[64 * 1024];
        long bytes = 0;
        while (await content.ReadAsync(buffer) is > 0 and var read)
        {
            bytes += read;
        }

        Console.Write(string.Create(CultureInfo.InvariantCulture, $"{opened} {Stopwatch.GetElapsedTime(start).TotalSeconds} {Machine.PeakMebibytes()} {bytes}"));
    }

    private static async Task MeasureAsync(Figures figures, string kind, string large, string small, Func<Stream, int, Task> write)
    {
        var start = Stopwatch.GetTimestamp();
        await using (var file = File.Create(large))
        {
            await write(file, Large);
        }

        figures.Add($"{kind}, 500 MB of toolpath: writing", Large / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e6, "0", "MB/s");
        await using (var file = File.Create(small))
        {
            await write(file, Small);
        }

        var (opened, read, peak) = await ReadAsync(kind, large, Large);
        var (_, _, least) = await ReadAsync(kind, small, Small);
        figures.Add(kind == Fernet ? "  opening: one pass over 667 MB of text" : "  opening: header and last chunk", opened, "0.000", "s");
        figures.Add("  reading from beginning to end", Large / read / 1e6, "0", "MB/s");
        figures.Add("  peak memory of the process", peak, "0", "MiB", "constant");
        figures.Add("    the same with 50 MB of toolpath", least, "0", "MiB");
    }

    private static async Task<(double Opened, double Read, double Peak)> ReadAsync(string kind, string path, long expected)
    {
        using var child = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [ReadFile, kind, path]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var told = (await child.StandardOutput.ReadToEndAsync()).Split(' ');
        return told.Length == 4 && Number(told[3]) == expected ? (Number(told[0]), Number(told[1]), Number(told[2])) : throw new InvalidOperationException("The child did not read the whole file.");
    }

    private static async Task WriteFernetAsync(Stream file, byte[] part, int bytes)
    {
        using var key = FernetKey.FromBytes(Secret);
        await using var token = FernetFile.CreateWriter(file, key, Made, leaveOpen: true);
        await new Repeated(part, bytes).CopyToAsync(token);
        await token.CompleteAsync();
    }

    private static async Task<Stream> OpenFernetAsync(Stream file)
    {
        using var key = FernetKey.FromBytes(Secret);
        return (await FernetFile.OpenAsync(file, key, Made, null)).Content!;
    }

    private static async Task WriteSealedAsync(Stream file, byte[] part, int bytes)
    {
        using var psek = Psek.Create(Printer, 1);
        using var contentKey = LockedBuffer.CopyOf(Secret);
        var order = new SealedGCodeOrder
        {
            FileId = Printer, Name = "bench.gcode", GCodeSha256 = Secret, ToolpathBytes = bytes, SealedAt = Made, Card = new GCodeCard { Slicer = "bench" },
        };
        await SealedGCodeWriter.WriteAsync(file, new Repeated(part, bytes), order, psek, contentKey);
    }

    private static Stream OpenSealed(Stream file) => SealedGCode.TryRead(file, out _)!.OpenToolpath(file, Secret, out _)!;

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
