using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Touchmark.Log.Storage;

/// <summary>Writes files so that a power cut leaves the old one or the new one: a temporary file, fsync, rename, fsync of the folder.</summary>
public static partial class DurableFile
{
    /// <summary>Names that begin so are not objects: files that a crash left unfinished.</summary>
    internal const char TemporaryMark = '.';

    /// <summary>Replaces the file if it is there.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content) => Write(path, content, flush: true);

    /// <summary>The same; without <paramref name="flush"/> readers still see the old file or the new one, and a power cut may leave neither until <see cref="FlushAll"/>.</summary>
    internal static void Write(string path, ReadOnlySpan<byte> content, bool flush)
    {
        var folder = Path.GetDirectoryName(path)!;
        MakeFolder(folder);
        // The name is random, as two processes that write the same file must not write into each other's.
        var temporary = Path.Combine(folder, $"{TemporaryMark}{Path.GetFileName(path)}.{RandomNumberGenerator.GetHexString(16, lowercase: true)}");
        try
        {
            using (var file = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.None, content.Length))
            {
                RandomAccess.Write(file, content, 0);
                if (flush)
                {
                    RandomAccess.FlushToDisk(file);
                }
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
        if (flush)
        {
            FlushFolder(folder);
        }
    }

    /// <summary>Makes a folder, and the way to it, durably.</summary>
    public static void MakeFolder(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }
        var parent = Path.GetDirectoryName(folder)!;
        MakeFolder(parent);
        Directory.CreateDirectory(folder);
        FlushFolder(parent);
    }

    /// <summary>Makes the names in a folder durable. .NET opens no folders; without this a rename may be lost in a power cut (fsync(2)). Windows has no such call, and NTFS journals names.</summary>
    /// <exception cref="IOException">It cannot be opened or flushed.</exception>
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        var descriptor = Open(folder, 0);
        if (descriptor < 0)
        {
            throw new IOException($"The folder {folder} cannot be opened.", Marshal.GetLastPInvokeError());
        }
        var failed = Fsync(descriptor) != 0;
        var error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (failed)
        {
            throw new IOException($"The folder {folder} cannot be flushed.", error);
        }
    }

    /// <summary>Makes everything durable that was written to the file system of a folder (syncfs(2), Linux alone).</summary>
    /// <exception cref="IOException">It cannot be opened or flushed.</exception>
    internal static void FlushAll(string folder)
    {
        var descriptor = Open(folder, 0);
        if (descriptor < 0)
        {
            throw new IOException($"The folder {folder} cannot be opened.", Marshal.GetLastPInvokeError());
        }
        var failed = SyncFileSystem(descriptor) != 0;
        var error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (failed)
        {
            throw new IOException($"The file system of {folder} cannot be flushed.", error);
        }
    }

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFileSystem(int descriptor);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
