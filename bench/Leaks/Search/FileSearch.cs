namespace Touchmark.Leaks;

/// <summary>Searches files for lines of a toolpath.</summary>
internal static class FileSearch
{
    private const int Chunk = 1024 * 1024;
    private const int Overlap = 128;

    /// <summary>All files below <paramref name="folder"/> that were written since a moment; what cannot be read any more is passed over.</summary>
    public static IEnumerable<string> TouchedSince(string folder, DateTime since)
    {
        var all = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };
        return Directory.EnumerateFiles(folder, "*", all).Where(file => IsRegular(file) && File.GetLastWriteTimeUtc(file) >= since);
    }

    /// <summary>What a process has open, deleted files included, by the path that reads it. Memory files are left to the search of its memory: .NET's own claims 2 GiB.</summary>
    public static IEnumerable<string> OpenIn(int processId)
    {
        var links = new DirectoryInfo($"/proc/{processId}/fd");
        return !links.Exists ? [] : links.EnumerateFiles().Where(link => link.LinkTarget is { } target && target.StartsWith('/') && !target.StartsWith("/dev/", StringComparison.Ordinal)
            && !target.StartsWith("/proc/", StringComparison.Ordinal) && !target.StartsWith("/sys/", StringComparison.Ordinal)
            && !target.StartsWith("/memfd:", StringComparison.Ordinal)).Select(link => link.FullName);
    }

    /// <summary>Adds what a file holds of the book to <paramref name="found"/>; answers its length in bytes, or null when it cannot be read.</summary>
    public static long? Search(string file, LineBook book, ISet<string> found)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var buffer = new byte[Chunk + Overlap];
            long length = 0;
            for (int kept = 0, read; (read = stream.Read(buffer, kept, Chunk)) > 0; length += read)
            {
                book.Search(buffer.AsSpan(0, kept + read), found);
                var next = Math.Min(Overlap, kept + read);
                buffer.AsSpan(kept + read - next, next).CopyTo(buffer);
                kept = next;
            }

            return length;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return null;
        }
    }

    // A socket or a pipe would be read for ever.
    private static bool IsRegular(string file)
    {
        try
        {
            return new FileInfo(file) is { Exists: true, Length: > 0, LinkTarget: null };
        }
        catch (IOException)
        {
            return false;
        }
    }
}
