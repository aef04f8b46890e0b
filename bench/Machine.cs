using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Touchmark.Bench;

/// <summary>What the figures were measured on.</summary>
internal static class Machine
{
    public static string Describe()
    {
        var processor = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
            : null;
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9;
        return string.Create(CultureInfo.InvariantCulture,
            $"{processor ?? "unknown processor"}, {Environment.ProcessorCount} cores, {memory:0} GB, {RuntimeInformation.OSDescription}, .NET {Environment.Version}");
    }

    /// <summary>The most memory that this process ever held, MiB (VmHWM of proc(5)).</summary>
    public static double PeakMebibytes(int? process = null) => Status(process, "VmHWM:");

    /// <summary>The memory that a process holds now, MiB (VmRSS of proc(5)).</summary>
    public static double ResidentMebibytes(int process) => Status(process, "VmRSS:");

    /// <summary>The shortest of several runs, s: the one that something else disturbed least.</summary>
    public static double Best(int runs, Action work)
    {
        var best = double.PositiveInfinity;
        for (var run = 0; run < runs; run++)
        {
            var start = Stopwatch.GetTimestamp();
            work();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    private static double Status(int? process, string field) =>
        double.Parse(File.ReadLines($"/proc/{process?.ToString(CultureInfo.InvariantCulture) ?? "self"}/status")
            .First(line => line.StartsWith(field, StringComparison.Ordinal))[field.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) / 1024;
}
