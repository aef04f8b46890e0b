using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Touchmark.Cli.Slicers;

/// <summary>What a slicer says of itself, or its package of it.</summary>
/// <param name="Name">As it names itself in toolpaths: PrusaSlicer, OrcaSlicer, BambuStudio, Cura.</param>
/// <param name="Version">Its version.</param>
internal sealed record SlicerIdentity(string Name, string Version);

/// <summary>Asks a slicer's program for its name and version, in a sandbox without network, files of its own or environment; and the system's packages for what else belongs to it.</summary>
internal static partial class SlicerProgram
{
    private const string Sandbox = "/usr/bin/bwrap";
    private const int MostOutput = 64 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Null where the sandbox is not installed, the program does not run in it, or says nothing that is known.</summary>
    public static async Task<SlicerIdentity?> AskAsync(string program, CancellationToken cancel)
    {
        // Some end with an error when they are asked for help, so only what they print counts.
        var output = await RunAsync(Sandbox,
        [
            "--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL", "--die-with-parent", "--new-session", "--clearenv", "--setenv", "HOME", "/tmp", "--setenv", "LC_ALL", "C",
            "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--symlink", "usr/bin", "/bin", "--proc", "/proc", "--dev", "/dev",
            // What lies beside the program may belong to it.
            "--ro-bind", Path.GetDirectoryName(program)!, "/run/slicer", "--size", "16777216", "--tmpfs", "/tmp", "--chdir", "/tmp", "--", "/run/slicer/" + Path.GetFileName(program), "--help",
        ], cancel);
        return output is { } told ? Read(told.Text) : null;
    }

    /// <summary>The identity in what a slicer prints first; null where there is none.</summary>
    public static SlicerIdentity? Read(string output) =>
        DashedName().Match(output) is { Success: true } dashed ? new(dashed.Groups["name"].Value, dashed.Groups["version"].Value)
        : CuraName().Match(output) is { Success: true } cura ? new("Cura", cura.Groups["version"].Value)
        : null;

    /// <summary>The Debian package that a file belongs to: its name, version and architecture in words, and all of its files; null where there is none.</summary>
    public static async Task<(string Description, string Version, IReadOnlyList<string> Files)?> FindPackageAsync(string program, CancellationToken cancel)
    {
        if (await QueryAsync("-S", program) is not { } owner || owner.Split(':')[0] is not { Length: > 0 } package || package.Contains(' ', StringComparison.Ordinal)
            || await QueryAsync("-W", "-f=${Version} ${Architecture}", package) is not { } facts || await QueryAsync("-L", package) is not { } files)
        {
            return null;
        }

        return ($"Debian package {package} {facts.Trim()}", facts.Split(' ')[0], files.Split('\n', StringSplitOptions.RemoveEmptyEntries));

        async Task<string?> QueryAsync(params string[] arguments) => await RunAsync("/usr/bin/dpkg-query", arguments, cancel) is (0, var text) ? text : null;
    }

    /// <summary>How a program ends and what it prints on both outputs; null when it cannot be started, or takes too long.</summary>
    private static async Task<(int ExitCode, string Text)?> RunAsync(string program, string[] arguments, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
            process.StandardInput.Close();
            var texts = await Task.WhenAll(ReadAsync(process.StandardOutput, limit.Token), ReadAsync(process.StandardError, limit.Token));
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, string.Concat(texts));
        }
        catch (Win32Exception)
        {
            return null;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            return null;
        }
    }

    /// <summary>Reads all, and keeps the beginning.</summary>
    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancel)
    {
        var kept = new StringBuilder();
        var buffer = new char[4096];
        while (await reader.ReadAsync(buffer, cancel) is > 0 and var read)
        {
            kept.Append(buffer, 0, Math.Min(read, Math.Max(0, MostOutput - kept.Length)));
        }

        return kept.ToString();
    }

    [GeneratedRegex(@"^(?<name>PrusaSlicer|OrcaSlicer|BambuStudio)-(?<version>[0-9][0-9A-Za-z.+-]{0,63})", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex DashedName();

    [GeneratedRegex(@"^Cura_SteamEngine version (?<version>[0-9][0-9A-Za-z.+-]{0,63})", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex CuraName();
}
