using System.Globalization;

namespace Touchmark.Leaks;

/// <summary>Where this machine puts the core files of programs that crash (core(5)).</summary>
internal static class CoreFiles
{
    private const string Handled = "/var/lib/systemd/coredump";

    /// <summary><c>kernel.core_pattern</c>.</summary>
    public static string Pattern { get; } = File.ReadAllText("/proc/sys/kernel/core_pattern").Trim();

    /// <summary>The folder in which a core file of a process that runs in <paramref name="workingFolder"/> would appear. A program that the kernel hands cores to may keep them elsewhere: systemd's folder is assumed.</summary>
    public static string FolderOf(string workingFolder) => Pattern switch
    {
        ['|', ..] => Handled,
        ['/', ..] => Path.GetDirectoryName(Pattern)!,
        _ => Path.GetDirectoryName(Path.Combine(workingFolder, Pattern))!,
    };

    /// <summary>Core files there that were written since a moment.</summary>
    public static IReadOnlyList<FileInfo> Since(string workingFolder, DateTime since) => new DirectoryInfo(FolderOf(workingFolder)) is { Exists: true } folder
        ? [.. folder.EnumerateFiles().Where(file => file.LastWriteTimeUtc >= since && file.Name.StartsWith(Prefix, StringComparison.Ordinal))]
        : [];

    /// <summary>What the name of a core file begins with, whoever's it is.</summary>
    private static string Prefix => Pattern[0] == '|' ? "core" : Path.GetFileName(Pattern).Split('%')[0];

    /// <summary>What was found, in words.</summary>
    public static string Describe(IReadOnlyList<FileInfo> cores) =>
        cores.Count == 0 ? "none" : string.Join(", ", cores.Select(core => $"{core.Name} of {(core.Length / 1024).ToString(CultureInfo.InvariantCulture)} KiB"));
}
