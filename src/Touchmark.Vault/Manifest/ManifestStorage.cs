using Touchmark.Evidence.Statements;
using Touchmark.Hosting.Storage;
using Touchmark.Log.Notes;
using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;

namespace Touchmark.Vault.Manifest;

/// <summary>Where the manifest and the documents beside its statements lie, and what can be read and proved from it. It needs no HSM.</summary>
internal sealed class ManifestStorage : IDisposable
{
    private const string Folder = "manifest";
    private const string Documents = "documents/";

    private readonly TileCache cache = new();
    private readonly JournalledStore store;
    private readonly S3Store? bucket;

    public ManifestStorage(VaultOptions options)
    {
        var journal = Path.Combine(options.Data, "manifest.journal");
        bucket = options.Objects is { } place ? new S3Store(place) : null;
        // The journal stays on the disk: it alone decides what the manifest is. S3 has no flush to wait for.
        store = bucket is null ? JournalledStore.OfFolder(Path.Combine(options.Data, Folder), journal) : new JournalledStore(bucket.In(Folder), journal, static () => { });
        Beside = bucket ?? (IObjectStore)new FolderStore(options.Data);
    }

    public IObjectStore Objects => store;

    public IHeadState Head => store;

    private IObjectStore Beside { get; }

    /// <summary>The published checkpoint; null while there is none.</summary>
    /// <exception cref="LogDamagedException">It cannot be read.</exception>
    public async ValueTask<SignedCheckpoint?> CheckpointAsync(CancellationToken cancel) =>
        await Objects.ReadAsync(LogPaths.Checkpoint, cancel) is not { } bytes ? null
        : SignedCheckpoint.TryParse(bytes.Span, out var signed, out var problem) ? signed
        : throw new LogDamagedException($"The manifest's checkpoint cannot be read: {problem}.");

    /// <summary>The tree of a checkpoint of the manifest.</summary>
    public TileTree TreeOf(Checkpoint checkpoint) => new(Objects, checkpoint.Size, checkpoint.Root, cache);

    /// <summary>Keeps a document that is too long for its statement; it has to be there before the statement is entered.</summary>
    public async Task KeepAsync(SignedStatement statement, CancellationToken cancel)
    {
        if (statement.IsDetached && Statement.TryParse(statement.Envelope, out var parsed, out _))
        {
            await Beside.WriteAsync(PathOf(parsed), statement.Document, cancel);
        }
    }

    /// <summary>An entry of the manifest with what stands beside it.</summary>
    /// <exception cref="LogDamagedException">It is no statement.</exception>
    public async ValueTask<ManifestEntry> EntryAsync(long index, ReadOnlyMemory<byte> envelope, CancellationToken cancel) =>
        Statement.TryParse(envelope, out var statement, out var problem)
            ? new ManifestEntry(index, envelope, statement, statement.IsHashEnvelope ? await Beside.ReadAsync(PathOf(statement), cancel) : null)
            : throw new LogDamagedException($"Entry {index} of the manifest is no statement: {problem}.");

    /// <summary>Writes what is only in the journal until now to the manifest's folder, for those who serve or copy it.</summary>
    public ValueTask PublishAsync(CancellationToken cancel) => store.PublishAsync(cancel);

    public void Dispose()
    {
        store.Dispose();
        bucket?.Dispose();
    }

    private static string PathOf(Statement statement) => Documents + Convert.ToHexStringLower(statement.Payload.Span);
}
