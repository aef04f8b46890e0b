using System.Runtime.InteropServices;

namespace Touchmark.Gateway;

/// <summary>
/// The runtime's diagnostics port: a socket in the folder for temporary files on which any process of the same user may ask for a memory dump or have a library loaded.
/// The runtime opens it before <c>Main</c> and leaves it out only when the environment said so at its start; no setting of the program's own does.
/// </summary>
internal static partial class DiagnosticsPort
{
    private const string Switch = "DOTNET_EnableDiagnostics";

    /// <summary>
    /// Starts this program again in the same process, with the port switched off; returns when it is off already, and where a process cannot replace its program (Windows) or
    /// the system refuses. To be called first thing in <c>Main</c>: nothing that happened before survives.
    /// </summary>
    public static void Close(string[] arguments)
    {
        if (OperatingSystem.IsWindows() || Environment.GetEnvironmentVariable(Switch) == "0" || Environment.ProcessPath is not { } program || SetEnv(Switch, "0", overwrite: 1) != 0)
        {
            return;
        }

        // Whatever replaces this program does not know of the files that its runtime made.
        foreach (var name in (ReadOnlySpan<string>)[$"dotnet-diagnostic-{Environment.ProcessId}-*", $"clr-debug-pipe-{Environment.ProcessId}-*"])
        {
            foreach (var file in Directory.EnumerateFiles(Path.GetTempPath(), name))
            {
                File.Delete(file);
            }
        }

        string[] assembly = Path.GetFileName(program) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
        Exec(program, [program, .. assembly, .. arguments, null]);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);

    /// <summary>Returns only when it failed.</summary>
    [LibraryImport("libc", EntryPoint = "execv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Exec(string program, string?[] arguments);
}
