using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Storage;

/// <summary>
/// Large things by id, as files in a folder. What is written appears whole or not at all, and is on the disk when <see cref="BlobWriter.CommitAsync"/> returns.
/// The store knows nothing of secrets: whoever writes something that must not be read seals it first.
/// </summary>
internal sealed class BlobStore
{
    private readonly string folder;
    private readonly string incoming;
    private readonly Func<string, Stream> createFile;

    public BlobStore(string folder)
        : this(folder, DataFolder.CreateFile)
    {
    }

    /// <summary>For tests: lets a fault sit where a new file is written.</summary>
    internal BlobStore(string folder, Func<string, Stream> createFile)
    {
        this.createFile = createFile;
        this.folder = folder;
        incoming = Path.Combine(folder, "incoming");
        DataFolder.Create(incoming);
        // What a crash left half written belongs to nobody.
        foreach (var orphan in Directory.EnumerateFiles(incoming))
        {
            File.Delete(orphan);
        }
    }

    /// <summary>Begins a new blob. Disposed without a commit, it never existed.</summary>
    public BlobWriter Create(Guid id) => new(createFile, Path.Combine(incoming, $"{id:D}"), PathOf(id));

    /// <exception cref="FileNotFoundException">There is no such blob.</exception>
    public Stream OpenRead(Guid id) =>
        new FileStream(PathOf(id), new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.Read, BufferSize = 0, Options = FileOptions.Asynchronous | FileOptions.RandomAccess });

    public bool Exists(Guid id) => File.Exists(PathOf(id));

    public void Delete(Guid id) => File.Delete(PathOf(id));

    // The last two digits are random in a UUIDv7, the first ones are time: 256 folders fill evenly.
    private string PathOf(Guid id)
    {
        var name = id.ToString("N");
        return Path.Combine(folder, name[^2..], name);
    }
}

/// <summary>A blob in the making.</summary>
internal sealed class BlobWriter : IAsyncDisposable
{
    private readonly string temporary;
    private readonly string path;
    private readonly Stream file;
    private bool committed;

    internal BlobWriter(Func<string, Stream> createFile, string temporary, string path)
    {
        this.temporary = temporary;
        this.path = path;
        file = createFile(temporary);
    }

    /// <summary>Where the content goes.</summary>
    public Stream Content => file;

    public async Task CommitAsync(CancellationToken cancel)
    {
        await file.FlushAsync(cancel);
        (file as FileStream)?.Flush(flushToDisk: true);
        await file.DisposeAsync();
        DataFolder.Create(Path.GetDirectoryName(path)!);
        DataFolder.Publish(temporary, path);
        committed = true;
    }

    public async ValueTask DisposeAsync()
    {
        await file.DisposeAsync();
        if (!committed)
        {
            File.Delete(temporary);
        }
    }
}
