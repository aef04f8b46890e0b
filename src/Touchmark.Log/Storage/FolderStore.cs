using System.Runtime.CompilerServices;

namespace Touchmark.Log.Storage;

/// <summary>Objects as files of a folder. Any web server can serve its <c>checkpoint</c> and <c>tile/</c> as the log; what is under <c>staging/</c> is not decided yet, and nobody's business.</summary>
/// <param name="folder">Made at the first write.</param>
public sealed class FolderStore(string folder) : IObjectStore
{
    private readonly string _folder = Path.GetFullPath(folder);

    /// <summary>False: a write is not durable until somebody flushes the file system. For <see cref="JournalledStore"/>, which has it written down elsewhere.</summary>
    internal bool Flushes { get; init; } = true;

    /// <summary>Reads without waiting for a thread: objects are small, and mostly in the page cache.</summary>
    public ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string path, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (FileOf(path) is { } file)
        {
            try
            {
                return ValueTask.FromResult<ReadOnlyMemory<byte>?>(File.ReadAllBytes(file));
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException || (e is UnauthorizedAccessException && Directory.Exists(file)))
            {
                // There is none.
            }
        }
        return ValueTask.FromResult<ReadOnlyMemory<byte>?>(null);
    }

    public ValueTask WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        var file = FileOf(path) ?? throw new ArgumentException($"Not the path of an object: {path}", nameof(path));
        return new(Task.Run(() => DurableFile.Write(file, content.Span, Flushes), cancel));
    }

    public ValueTask DeleteAsync(string path, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (FileOf(path) is { } file && Directory.Exists(Path.GetDirectoryName(file)))
        {
            File.Delete(file);
            // The folder of partial tiles is of no use when the full tile is there.
            if (Path.GetDirectoryName(file) is { } parent && parent.EndsWith(".p", StringComparison.Ordinal) && !Directory.EnumerateFileSystemEntries(parent).Any())
            {
                Directory.Delete(parent);
            }
        }
        return ValueTask.CompletedTask;
    }

    public async IAsyncEnumerable<string> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        await Task.CompletedTask;
        var start = Path.Combine(_folder, prefix[..(prefix.LastIndexOf('/') + 1)]);
        if (!Directory.Exists(start))
        {
            yield break;
        }
        foreach (var file in Directory.EnumerateFiles(start, "*", SearchOption.AllDirectories))
        {
            cancel.ThrowIfCancellationRequested();
            var path = Path.GetRelativePath(_folder, file).Replace(Path.DirectorySeparatorChar, '/');
            if (path.StartsWith(prefix, StringComparison.Ordinal) && FileOf(path) is not null)
            {
                yield return path;
            }
        }
    }

    /// <summary>The file of an object; null for paths that lead elsewhere or name no object, whoever asks.</summary>
    private string? FileOf(string path) => LogPaths.IsObject(path) ? Path.Combine([_folder, .. path.Split('/')]) : null;
}
