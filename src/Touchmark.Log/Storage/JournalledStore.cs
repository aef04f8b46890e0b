using System.Runtime.CompilerServices;
using Touchmark.Log.Notes;
using Touchmark.Log.Tiles;
using Touchmark.Log.Writing;

namespace Touchmark.Log.Storage;

/// <summary>
/// A log's objects and its head, for whoever appends one entry at a time and waits for it: an append costs one flush of the disk. What is staged goes into a journal, and with the head behind it
/// becomes durable at once. In a folder, tiles that will grow, and the checkpoint, are held in memory and written to their files now and then (<see cref="PublishAsync"/>): what is not there yet is in
/// the journal, from which they are read again, also by a process that only reads beside the one that has the journal. Elsewhere, where each write is durable, they are written at once.
/// </summary>
public sealed class JournalledStore : IObjectStore, IHeadState, IDisposable
{
    private readonly IObjectStore _objects;
    private readonly string _path;
    private readonly Action _settle;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _opening = new(1, 1);
    private readonly SemaphoreSlim _publishing = new(1, 1);
    private readonly BatchRecord _records = new();
    private readonly Dictionary<string, IReadOnlyList<StagedObject>> _staged = new(StringComparer.Ordinal);

    // By tile: the newest version of each that is not full, and the checkpoint.
    private readonly Dictionary<string, StagedObject> _newest = new(StringComparer.Ordinal);

    // Those of the newest checkpoint which the objects may lack.
    private IReadOnlyList<StagedObject> _unpublished = [];
    private Journal? _journal;
    private IOException? _refused;
    private LogHead? _head;

    // Where the journal ends without what is staged and not decided.
    private long _decided;

    /// <param name="objects">Where tiles and checkpoint go.</param>
    /// <param name="journal">The file of the journal, on a local disk.</param>
    /// <param name="settle">Makes durable what was written to <paramref name="objects"/>; does nothing where each write is.</param>
    public JournalledStore(IObjectStore objects, string journal, Action settle)
    {
        (_objects, _path, _settle) = (objects, Path.GetFullPath(journal), settle);
    }

    /// <summary>Length at which the journal is begun anew, bytes: a thousand appends or so.</summary>
    internal long LongJournal { get; init; } = 8 << 20;

    /// <summary>Over files of a folder.</summary>
    public static JournalledStore OfFolder(string folder, string journal) => OperatingSystem.IsLinux()
        ? new(new FolderStore(folder) { Flushes = false }, journal, () => DurableFile.FlushAll(folder)) { HoldsBack = true }
        : new(new FolderStore(folder), journal, () => { }) { HoldsBack = true };

    /// <summary>Whether what will be written again is written by <see cref="PublishAsync"/> alone.</summary>
    private bool HoldsBack { get; init; }

    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string path, CancellationToken cancel)
    {
        await OpenAsync(cancel);
        lock (_gate)
        {
            if (IsStaging(path))
            {
                return _staged.TryGetValue(path, out var objects) ? Staging.Encode(objects) : (ReadOnlyMemory<byte>?)null;
            }
            if (_newest.TryGetValue(BatchRecord.TileOf(path), out var newest) && View(newest, path) is { } content)
            {
                return content;
            }
        }
        return await _objects.ReadAsync(path, cancel);
    }

    public async ValueTask WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        if (IsStaging(path))
        {
            await StageAsync(path, Staging.Decode(content), cancel);
            return;
        }
        await RequireJournalAsync(cancel);
        var held = IsHeld(path);
        if (!held)
        {
            await _objects.WriteAsync(path, content, cancel);
        }
        lock (_gate)
        {
            if (!held)
            {
                _newest.Remove(path);
                return;
            }
            _newest[BatchRecord.TileOf(path)] = new(path, content);
            if (path == LogPaths.Checkpoint)
            {
                // The tiles that it needs were written before it.
                _unpublished = [.. _newest.Values];
            }
        }
    }

    /// <summary>Stages the objects of a batch, as a write under the staging path does.</summary>
    internal async ValueTask StageAsync(string path, IReadOnlyList<StagedObject> objects, CancellationToken cancel)
    {
        var journal = await RequireJournalAsync(cancel);
        lock (_gate)
        {
            // What was staged before and not decided never will be: the head it was staged for is not the one that follows.
            journal.Forget(_decided);
            journal.Append(_records.Encode(path, objects));
            _staged[path] = objects;
        }
    }

    public async ValueTask DeleteAsync(string path, CancellationToken cancel)
    {
        var journal = await RequireJournalAsync(cancel);
        if (!IsStaging(path))
        {
            await _objects.DeleteAsync(path, cancel);
            return;
        }
        lock (_gate)
        {
            _staged.Remove(path);
            if (journal.Length <= LongJournal || _staged.Count > 0 || _head is null)
            {
                return;
            }
        }
        await PublishAsync(cancel);
        _settle();
        lock (_gate)
        {
            journal.Restart(BatchRecord.EncodeHead(_head));
            _decided = journal.Length;
            _records.Clear();
        }
    }

    /// <summary>Writes what the newest checkpoint has and the objects lack, for those who read them without this class: a web server, or a copy of the folder.</summary>
    public async ValueTask PublishAsync(CancellationToken cancel)
    {
        await _publishing.WaitAsync(cancel);
        try
        {
            IReadOnlyList<StagedObject> missing;
            lock (_gate)
            {
                missing = _unpublished;
            }
            foreach (var item in missing.OrderBy(item => item.Path == LogPaths.Checkpoint))
            {
                await _objects.WriteAsync(item.Path, item.Content, cancel);
            }
            lock (_gate)
            {
                if (_unpublished == missing)
                {
                    _unpublished = [];
                }
            }
        }
        finally
        {
            _publishing.Release();
        }
    }

    public async IAsyncEnumerable<string> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        await OpenAsync(cancel);
        HashSet<string> held;
        lock (_gate)
        {
            held = [.. _staged.Keys.Concat(_newest.Values.Select(item => item.Path)).Where(path => path.StartsWith(prefix, StringComparison.Ordinal))];
        }
        await foreach (var path in _objects.ListAsync(prefix, cancel))
        {
            held.Remove(path);
            yield return path;
        }
        foreach (var path in held)
        {
            yield return path;
        }
    }

    async ValueTask<LogHead?> IHeadState.ReadAsync(CancellationToken cancel)
    {
        await RequireJournalAsync(cancel);
        lock (_gate)
        {
            return _head;
        }
    }

    public async ValueTask<bool> ReplaceAsync(LogHead? expected, LogHead next, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(next);
        var journal = await RequireJournalAsync(cancel);
        lock (_gate)
        {
            if (_head is null ? expected is not null : !_head.IsSameTree(expected))
            {
                return false;
            }
            var staged = _staged.ContainsKey(Staging.PathOf(next));
            var before = staged ? journal.Length : _decided;
            journal.Forget(before);
            try
            {
                journal.Append(BatchRecord.EncodeHead(next));
                journal.Flush();
            }
            catch
            {
                // It may be on the disk all the same. What follows is written over it, and what is staged stays.
                journal.Forget(before);
                throw;
            }
            (_head, _decided) = (next, journal.Length);
            _records.Adopt();
            return true;
        }
    }

    public void Dispose()
    {
        _journal?.Dispose();
        _opening.Dispose();
        _publishing.Dispose();
    }

    private static bool IsStaging(string path) => path.StartsWith(Staging.Prefix, StringComparison.Ordinal);

    private bool IsHeld(string path) => HoldsBack && (path == LogPaths.Checkpoint || BatchRecord.TileOf(path) != path);

    /// <summary>An object as it is, or an earlier and narrower version of its tile, with which it begins; null for anything else.</summary>
    private static ReadOnlyMemory<byte>? View(StagedObject newest, string path) =>
        newest.Path == path ? newest.Content
        : !TileId.TryParse(path, out var asked) || !TileId.TryParse(newest.Path, out var there) || asked.Width > there.Width ? null
        : asked.IsEntries ? EntryBundle.First(newest.Content, asked.Width)
        : newest.Content[..(asked.Width * Tree.TreeHash.Size)];

    private async ValueTask<Journal> RequireJournalAsync(CancellationToken cancel)
    {
        await OpenAsync(cancel);
        return _journal ?? throw new IOException(_refused!.Message, _refused);
    }

    private async ValueTask OpenAsync(CancellationToken cancel)
    {
        if (_journal is not null || _refused is not null)
        {
            return;
        }
        await _opening.WaitAsync(cancel);
        try
        {
            if (_journal is null && _refused is null)
            {
                await OpenOnceAsync(cancel);
            }
        }
        finally
        {
            _opening.Release();
        }
    }

    private async ValueTask OpenOnceAsync(CancellationToken cancel)
    {
        Journal journal;
        IReadOnlyList<ReadOnlyMemory<byte>> records;
        try
        {
            (journal, records) = Journal.Open(_path, LongJournal);
        }
        catch (IOException refused) when (File.Exists(_path))
        {
            // Another process writes: what it has written until now can be read.
            await ReplayAsync(Journal.Look(_path), cancel);
            _refused = refused;
            return;
        }
        try
        {
            await RepairAsync(await ReplayAsync(records, cancel), cancel);
            _decided = journal.Length;
            _journal = journal;
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    /// <summary>Takes up what the journal says: the head, what was staged for it, and the tiles that will grow.</summary>
    /// <returns>By tile, the newest version of each that the journal has.</returns>
    private async ValueTask<Dictionary<string, StagedObject>> ReplayAsync(IReadOnlyList<ReadOnlyMemory<byte>> records, CancellationToken cancel)
    {
        var newest = new Dictionary<string, StagedObject>(StringComparer.Ordinal);
        foreach (var (batch, head) in DecidedIn(records, _records))
        {
            _head = head;
            if (batch is not { } decided)
            {
                continue;
            }
            _staged.Clear();
            _staged[decided.Path] = decided.Objects;
            foreach (var item in decided.Objects)
            {
                newest[BatchRecord.TileOf(item.Path)] = item;
            }
        }
        foreach (var (tile, item) in newest.Where(item => IsHeld(item.Value.Path)))
        {
            _newest[tile] = item;
        }
        if (HoldsBack && _head is not null && !await IsPublishedAsync(_head, cancel))
        {
            _newest[LogPaths.Checkpoint] = new(LogPaths.Checkpoint, _head.Checkpoint);
        }
        _unpublished = [.. _newest.Values];
        return newest;
    }

    private async ValueTask<bool> IsPublishedAsync(LogHead head, CancellationToken cancel) =>
        await _objects.ReadAsync(LogPaths.Checkpoint, cancel) is { } bytes && SignedCheckpoint.TryParse(bytes.Span, out var published, out _) && published.Checkpoint.Size >= head.Size;

    /// <summary>Makes sure of the tiles that the journal's batches made and that are not held, and of nothing being beside any tile that a power cut has torn.</summary>
    private async ValueTask RepairAsync(Dictionary<string, StagedObject> newest, CancellationToken cancel)
    {
        foreach (var (tile, item) in newest)
        {
            if (!IsHeld(item.Path) && (await _objects.ReadAsync(item.Path, cancel) is not { } there || !there.Span.SequenceEqual(item.Content.Span)))
            {
                await _objects.WriteAsync(item.Path, item.Content, cancel);
            }
            await foreach (var path in _objects.ListAsync($"{tile}.p/", cancel))
            {
                if (path != item.Path || IsHeld(path))
                {
                    // Earlier versions, which the newest begins with.
                    await _objects.DeleteAsync(path, cancel);
                }
            }
        }
    }

    /// <summary>The heads of a journal, each with the batch that led to it; the first of a journal that was begun anew has none.</summary>
    private static IEnumerable<((string Path, IReadOnlyList<StagedObject> Objects)? Batch, LogHead Head)> DecidedIn(IReadOnlyList<ReadOnlyMemory<byte>> records, BatchRecord decoder)
    {
        (string Path, IReadOnlyList<StagedObject> Objects)? batch = null;
        foreach (var record in records)
        {
            if (!BatchRecord.TryDecodeHead(record, out var head))
            {
                batch = decoder.Decode(record);
                continue;
            }
            var isDecided = batch is { } staged && staged.Path == Staging.PathOf(head);
            if (isDecided)
            {
                decoder.Adopt();
            }
            yield return (isDecided ? batch : null, head);
        }
    }
}
