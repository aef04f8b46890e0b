using System.Runtime.CompilerServices;
using Touchmark.Log.Notes;
using Touchmark.Log.Writing;

namespace Touchmark.Log.Storage;

/// <summary>
/// A log's objects and its head, for whoever appends one entry at a time and waits for it: an append costs one flush of the disk. What is staged goes into a journal, and with the head behind it
/// becomes durable at once; tiles are written to their files without waiting, because until the file system is flushed they can be made again from the journal, which is what opening it does.
/// </summary>
public sealed class JournalledStore : IObjectStore, IHeadState, IDisposable
{
    private readonly IObjectStore _objects;
    private readonly string _path;
    private readonly Action _settle;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _staged = new(StringComparer.Ordinal);
    private readonly BatchRecord _records = new();
    private Journal? _journal;
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
        ? new(new FolderStore(folder) { Flushes = false }, journal, () => DurableFile.FlushAll(folder))
        : new(new FolderStore(folder), journal, () => { });

    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string path, CancellationToken cancel)
    {
        if (!IsStaging(path))
        {
            return await _objects.ReadAsync(path, cancel);
        }
        await OpenAsync(cancel);
        lock (_gate)
        {
            return _staged.TryGetValue(path, out var content) ? content : (ReadOnlyMemory<byte>?)null;
        }
    }

    public async ValueTask WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        if (!IsStaging(path))
        {
            await _objects.WriteAsync(path, content, cancel);
            return;
        }
        var journal = await OpenAsync(cancel);
        lock (_gate)
        {
            // What was staged before and not decided never will be: the head it was staged for is not the one that follows.
            journal.Forget(_decided);
            journal.Append(_records.Encode(path, Staging.Decode(content)));
            _staged[path] = content;
        }
    }

    public async ValueTask DeleteAsync(string path, CancellationToken cancel)
    {
        if (!IsStaging(path))
        {
            await _objects.DeleteAsync(path, cancel);
            return;
        }
        var journal = await OpenAsync(cancel);
        lock (_gate)
        {
            _staged.Remove(path);
            if (journal.Length > LongJournal && _staged.Count == 0 && _head is { } head)
            {
                _settle();
                journal.Restart(BatchRecord.EncodeHead(head));
                _decided = journal.Length;
                _records.Clear();
            }
        }
    }

    public async IAsyncEnumerable<string> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        await foreach (var path in _objects.ListAsync(prefix, cancel))
        {
            yield return path;
        }
        if (!IsStaging(prefix))
        {
            yield break;
        }
        await OpenAsync(cancel);
        string[] staged;
        lock (_gate)
        {
            staged = [.. _staged.Keys];
        }
        foreach (var path in staged)
        {
            yield return path;
        }
    }

    async ValueTask<LogHead?> IHeadState.ReadAsync(CancellationToken cancel)
    {
        await OpenAsync(cancel);
        lock (_gate)
        {
            return _head;
        }
    }

    public async ValueTask<bool> ReplaceAsync(LogHead? expected, LogHead next, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(next);
        var journal = await OpenAsync(cancel);
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

    public void Dispose() => _journal?.Dispose();

    private static bool IsStaging(string path) => path.StartsWith(Staging.Prefix, StringComparison.Ordinal);

    private async ValueTask<Journal> OpenAsync(CancellationToken cancel)
    {
        if (_journal is { } open)
        {
            return open;
        }
        var (journal, records) = Journal.Open(_path);
        try
        {
            await ReplayAsync(records, cancel);
            _decided = journal.Length;
            return _journal = journal;
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    /// <summary>Makes sure of the tiles that the journal's batches made, and keeps what was staged for the head.</summary>
    private async ValueTask ReplayAsync(IReadOnlyList<ReadOnlyMemory<byte>> records, CancellationToken cancel)
    {
        var newest = new Dictionary<string, StagedObject>(StringComparer.Ordinal);
        foreach (var (batch, head) in DecidedIn(records, _records))
        {
            _head = head;
            if (batch is { } decided)
            {
                _staged.Clear();
                _staged[decided.Path] = Staging.Encode(decided.Objects);
                foreach (var item in decided.Objects)
                {
                    newest[BatchRecord.TileOf(item.Path)] = item;
                }
            }
        }
        foreach (var item in newest.Values)
        {
            if (await _objects.ReadAsync(item.Path, cancel) is not { } there || !there.Span.SequenceEqual(item.Content.Span))
            {
                await RestoreAsync(records, newest, cancel);
                break;
            }
        }
        // A power cut may have left it without content. What is staged leads to a new one.
        if (_staged.Count > 0 && await _objects.ReadAsync(LogPaths.Checkpoint, cancel) is { } checkpoint && !SignedCheckpoint.TryParse(checkpoint.Span, out _, out _))
        {
            await _objects.DeleteAsync(LogPaths.Checkpoint, cancel);
        }
    }

    /// <summary>Writes all of them again: where one was lost, others may have been. Partial tiles that full ones replaced stay deleted.</summary>
    private async ValueTask RestoreAsync(IReadOnlyList<ReadOnlyMemory<byte>> records, Dictionary<string, StagedObject> newest, CancellationToken cancel)
    {
        foreach (var (batch, _) in DecidedIn(records, new BatchRecord()))
        {
            foreach (var item in batch?.Objects ?? [])
            {
                var last = newest[BatchRecord.TileOf(item.Path)].Path;
                if (last == item.Path || last != BatchRecord.TileOf(item.Path))
                {
                    await _objects.WriteAsync(item.Path, item.Content, cancel);
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
