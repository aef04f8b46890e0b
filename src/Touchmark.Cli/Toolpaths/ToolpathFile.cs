using System.CommandLine;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Toolpaths;

/// <summary>A file that a person names on the command line.</summary>
internal static class ToolpathFile
{
    public static Argument<FileInfo> Argument() => new("file") { Description = "A G-code file: text, or PrusaSlicer's binary form." };

    /// <exception cref="CliFailure">It cannot be read.</exception>
    public static FileStream Open(FileInfo file)
    {
        try
        {
            return new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1, FileOptions.Asynchronous | FileOptions.SequentialScan);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure($"the file {file.Name} cannot be read.", "check its path and permissions", exitCode: 2);
        }
    }

    /// <summary>Runs what reads a file.</summary>
    /// <exception cref="CliFailure">It is damaged.</exception>
    public static async Task<T> ReadAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (InvalidDataException error)
        {
            throw new CliFailure(error.Message, "transfer or slice it again");
        }
    }
}
