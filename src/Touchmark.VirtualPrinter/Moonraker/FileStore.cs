namespace Touchmark.VirtualPrinter;

/// <summary>The printer's files, in memory: nothing that a client uploads touches a disk, unless another program is to read it there.</summary>
/// <param name="folder">A folder (absolute) that holds them too; null as a rule.</param>
internal sealed class FileStore(string? folder = null)
{
    private const string GCodeRoot = "/home/pi/printer_data/gcodes";

    private const long MaxTotal = 1024L * 1024 * 1024;

    private readonly SortedDictionary<string, StoredFile> files = new(StringComparer.Ordinal);

    /// <summary>One file; times are seconds since 1970.</summary>
    internal sealed record StoredFile(byte[] Content, double Modified, string Uuid, JsonMap Metadata);

    /// <summary>The path of the folder, as the printer's programs name it.</summary>
    public string Root => folder ?? GCodeRoot;

    public bool HasRoomFor(long length) => files.Values.Sum(file => (long)file.Content.Length) + length <= MaxTotal;

    public IEnumerable<(string Path, StoredFile File)> List() => files.Select(pair => (pair.Key, pair.Value));

    public IEnumerable<string> Directories() =>
        files.Keys.SelectMany(path => path.Split('/').SkipLast(1).Select((_, depth) => string.Join('/', path.Split('/').Take(depth + 1)))).Distinct(StringComparer.Ordinal);

    public StoredFile? Find(string path) => files.GetValueOrDefault(path);

    public byte[]? Read(string path) => Find(path)?.Content;

    public void Put(string path, StoredFile file)
    {
        if (folder is not null)
        {
            var place = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(place)!);
            File.WriteAllBytes(place, file.Content);
        }

        files[path] = file;
    }

    /// <summary>Takes what lies in the folder already.</summary>
    public void Adopt(Func<byte[], StoredFile> read)
    {
        foreach (var place in folder is null ? [] : Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            files[Path.GetRelativePath(folder!, place)] = read(File.ReadAllBytes(place));
    }

    public bool Delete(string path)
    {
        if (folder is not null)
            File.Delete(Path.Combine(folder, path));
        return files.Remove(path);
    }

    public void DeleteDirectory(string path)
    {
        foreach (var name in files.Keys.Where(name => name.StartsWith(path + "/", StringComparison.Ordinal)).ToArray())
            Delete(name);
    }
}
