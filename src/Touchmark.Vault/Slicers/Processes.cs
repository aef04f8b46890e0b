using System.Globalization;

namespace Touchmark.Vault.Slicers;

/// <summary>Which process was started by which, as Linux tells in /proc (proc(5)).</summary>
internal static class Processes
{
    private const int Farthest = 64;

    /// <summary>Whether <paramref name="process"/> is <paramref name="ancestor"/>, or was started by it or by one that it started, and so on.</summary>
    public static bool Descends(int process, int ancestor)
    {
        for (var i = 0; i < Farthest && process > 0; i++)
        {
            if (process == ancestor)
            {
                return true;
            }

            process = ParentOf(process);
        }

        return false;
    }

    /// <summary>The file that a process runs; a link, whose target is the file itself, even when its name is another's by now.</summary>
    public static string ProgramOf(int process) => string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/exe");

    private static int ParentOf(int process)
    {
        try
        {
            var status = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            // pid (name) state ppid: the name may hold blanks and brackets, so what is behind its last bracket counts.
            var fields = status[(status.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return fields.Length > 1 && int.TryParse(fields[1], CultureInfo.InvariantCulture, out var parent) ? parent : 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
