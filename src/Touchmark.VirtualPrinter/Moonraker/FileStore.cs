namespace Touchmark.VirtualPrinter;

/// <summary>The printer's files, in memory: nothing that a client uploads touches a disk.</summary>
internal sealed class FileStore
{
    public const string GCodeRoot = "/home/pi/printer_data/gcodes";

    private const long MaxTotal = 1024L * 1024 * 1024;

    private readonly SortedDictionary<string, StoredFile> files = new(StringComparer.Ordinal);

    /// <summary>One file; times are seconds since 1970.</summary>
    internal sealed record StoredFile(byte[] Content, double Modified, string Uuid, JsonMap Metadata);

    public bool HasRoomFor(long length) => files.Values.Sum(file => (long)file.Content.Length) + length <= MaxTotal;

    public IEnumerable<(string Path, StoredFile File)> List() => files.Select(pair => (pair.Key, pair.Value));

    public IEnumerable<string> Directories() =>
        files.Keys.SelectMany(path => path.Split('/').SkipLast(1).Select((_, depth) => string.Join('/', path.Split('/').Take(depth + 1)))).Distinct(StringComparer.Ordinal);

    public StoredFile? Find(string path) => files.GetValueOrDefault(path);

    public byte[]? Read(string path) => Find(path)?.Content;

    public void Put(string path, StoredFile file) => files[path] = file;

    public bool Delete(string path) => files.Remove(path);

    public void DeleteDirectory(string path)
    {
        foreach (var name in files.Keys.Where(name => name.StartsWith(path + "/", StringComparison.Ordinal)).ToArray())
            files.Remove(name);
    }
}
