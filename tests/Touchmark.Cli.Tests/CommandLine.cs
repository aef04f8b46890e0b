using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Touchmark.Cli.Tests;

/// <summary>What one call of the program left behind.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Errors);

/// <summary>
/// The real program, run as a person runs it, with a home folder of its own: the one just built, or what <c>TOUCHMARK_PROGRAM</c> names. <c>./test</c>
/// names the one that ships, which is cut down and compiled ahead, so that a command that does not survive that is noticed.
/// </summary>
internal sealed class CommandLine : IDisposable
{
    private static readonly string[] Program = Environment.GetEnvironmentVariable("TOUCHMARK_PROGRAM") is { Length: > 0 } shipped
        ? [shipped]
        : ["dotnet", Path.Combine(AppContext.BaseDirectory, "touchmark.dll")];

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

    public Task<Outcome> RunAsync(params string[] arguments) => AnswerAsync(_ => "", arguments);

    /// <summary>Runs the program and types, for each line that it prints, what the function says: nothing where that is null, the end of the input where it is empty.</summary>
    public async Task<Outcome> AnswerAsync(Func<string, string?> answer, params string[] arguments)
    {
        var start = new ProcessStartInfo(Program[0], [.. Program[1..], .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TOUCHMARK_HOME"] = Home;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = new StringBuilder();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            output.AppendLine(line);
            switch (answer(line))
            {
                case "":
                    process.StandardInput.Close();
                    break;
                case { } typed:
                    await process.StandardInput.WriteLineAsync(typed);
                    await process.StandardInput.FlushAsync();
                    break;
                default:
                    break;
            }
        }

        await process.WaitForExitAsync();
        return new(process.ExitCode, output.ToString(), await errors);
    }

    public void Dispose() => Directory.Delete(Home, recursive: true);

    private static string ThisFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
