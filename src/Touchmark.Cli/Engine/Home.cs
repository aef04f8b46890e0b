using System.Text.Json;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary>What the command line keeps between calls: <c>$TOUCHMARK_HOME</c>, else <c>~/.touchmark</c> (folder 0700, files 0600).</summary>
internal static class Home
{
    public static string Folder =>
        Environment.GetEnvironmentVariable("TOUCHMARK_HOME") is { Length: > 0 } named ? named
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".touchmark");

    /// <summary>Makes the folder, for its owner alone, where it is not there yet.</summary>
    public static void Create()
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(Folder);
        }
        else
        {
            Directory.CreateDirectory(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Writes a file that others cannot read, whole or not at all.</summary>
    public static void Write(string name, ReadOnlySpan<byte> content)
    {
        Create();
        var path = Path.Combine(Folder, name);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var file = new FileStream(path + ".new", options))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>The engine that <c>touchmark login</c> left us signed in at.</summary>
    /// <exception cref="CliFailure">Nobody has signed in, or the file is not ours.</exception>
    public static SignedIn Session()
    {
        var path = Path.Combine(Folder, SignedIn.FileName);
        try
        {
            return JsonSerializer.Deserialize<SignedIn>(File.ReadAllBytes(path), EngineClient.Json) ?? throw new JsonException();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new CliFailure("you are not signed in at an engine.", "touchmark login https://ENGINE --email YOU --password-file FILE", exitCode: 2);
        }
    }

    public static void Forget() => File.Delete(Path.Combine(Folder, SignedIn.FileName));
}

/// <summary>Where we are signed in, and the bearer token, which is why the file is 0600.</summary>
internal sealed record SignedIn(Uri Engine, string Token)
{
    public const string FileName = "session.json";
}
