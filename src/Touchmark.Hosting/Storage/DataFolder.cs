using Touchmark.Log.Storage;

namespace Touchmark.Hosting.Storage;

/// <summary>Folders and files that only the engine's own user may read, and that are on the disk when they are said to be.</summary>
public static class DataFolder
{
    private const UnixFileMode Folder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private const UnixFileMode File = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes the folder with mode 0700.</summary>
    public static void Create(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, Folder);
        }
    }

    /// <summary>Makes a new file with mode 0600; fails when it exists.</summary>
    public static FileStream CreateFile(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0, Options = FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = File;
        }

        return new FileStream(path, options);
    }

    /// <summary>
    /// Moves a file that is complete and flushed to its name, and makes the name itself durable: after a power cut there is the old state or the new one.
    /// </summary>
    public static void Publish(string temporary, string path, bool overwrite = false)
    {
        System.IO.File.Move(temporary, path, overwrite);
        DurableFile.FlushFolder(Path.GetDirectoryName(path)!);
    }
}
