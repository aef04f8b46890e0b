using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Touchmark.Cli.Tests;

/// <summary>What one call of the program left behind.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Errors);

/// <summary>The real program, run as a person runs it, with a home folder of its own.</summary>
internal sealed class CommandLine : IDisposable
{
    public string Home { get; } = Directory.CreateTempSubdirectory("touchmark-cli-").FullName;

    public static string VectorFolder { get; } = Path.GetFullPath(Path.Combine(ThisFolder(), "../../spec/vectors"));

    /// <summary>The certificate file of spec/vectors that is in order.</summary>
    public static byte[] ValidCertificate() => Vector("certificate/valid.hex");

    /// <summary>Bytes that stand as hexadecimal lines in a file of spec/vectors.</summary>
    public static byte[] Vector(string file) => Convert.FromHexString(string.Concat(File.ReadLines(Path.Combine(VectorFolder, file)).Where(line => line[0] != '#')));

    public static string TrustFile { get; } = Path.Combine(VectorFolder, "certificate/trust.json");

    /// <summary>The same keys, and the log that statements have to be in.</summary>
    public static string LogTrustFile { get; } = Path.Combine(VectorFolder, "certificate/trust-log.json");

    public string Write(string name, byte[] content)
    {
        var path = Path.Combine(Home, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    public async Task<Outcome> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "touchmark.dll"), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TOUCHMARK_HOME"] = Home;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new(process.ExitCode, await output, await errors);
    }

    public void Dispose() => Directory.Delete(Home, recursive: true);

    private static string ThisFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
