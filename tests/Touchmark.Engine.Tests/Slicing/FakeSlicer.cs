namespace Touchmark.Engine.Tests.Slicing;

/// <summary>
/// A shell script in the slicer's place. It runs in the sandbox's <c>/work</c> beside <c>profile.ini</c> and <c>model.stl</c>, and is to
/// leave <c>part.gcode</c> there.
/// </summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
internal sealed class FakeSlicer : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("touchmark-slicer-");

    public FakeSlicer(string script)
    {
        Path = System.IO.Path.Combine(folder.FullName, "slicer");
        File.WriteAllText(Path, "#!/bin/sh\nif [ \"$1\" = --help ]; then echo 'PrusaSlicer-0.0 for tests'; exit; fi\n" + script + "\n");
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
    }

    public string Path { get; }

    /// <summary>A process of a sandbox with this slicer in it is still there.</summary>
    public bool IsRunning => Directory.EnumerateDirectories("/proc")
        .Where(process => char.IsAsciiDigit(System.IO.Path.GetFileName(process)[0]))
        .Any(process => CommandLine(process).Contains(Path, StringComparison.Ordinal));

    public void Dispose() => folder.Delete(recursive: true);

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/cmdline");
        }
        catch (IOException)
        {
            return ""; // Gone between listing and reading.
        }
    }
}
