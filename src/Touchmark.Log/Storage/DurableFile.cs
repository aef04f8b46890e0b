using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

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
            // Not preallocated: .NET reports a disk that is full then by its words alone, and not by its number.
            using (var file = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
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

    /// <summary>Makes the content of a file durable that has its length already (fdatasync(2)): without a write to the file system's own journal, which waits for what others wrote.</summary>
    /// <exception cref="IOException">It failed: what is on the disk is unknown.</exception>
    internal static void FlushData(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(file);
        }
        else if (FlushFileData(file) != 0)
        {
            throw new IOException("A file cannot be flushed.", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Opens a file for reading that another process has for itself: .NET keeps those who open it by its own means out (flock(2)).</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    internal static SafeFileHandle OpenBeside(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return File.OpenHandle(path);
        }
        var descriptor = Open(path, 0);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw new IOException($"The file {path} cannot be opened.", Marshal.GetLastPInvokeError());
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

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FlushFileData(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFileSystem(int descriptor);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
