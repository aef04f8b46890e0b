using Touchmark.Log.Notes;
using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;
using Touchmark.Log.Tree;

namespace Touchmark.Log.Writing;

/// <summary>A batch whose entries are in the log.</summary>
/// <param name="Checkpoint">Published.</param>
/// <param name="Growth">Gives the proofs of its entries; null when there were none.</param>
internal sealed record SealedBatch(SignedCheckpoint Checkpoint, TreeGrowth? Growth);

/// <summary>
/// Puts batches into the log, one after the other, so that a crash or a failure at any point neither forks it nor loses what was answered:
/// <list type="number">
/// <item>stage: all new tiles and bundles as one object, named by the size and root that they lead to;</item>
/// <item>swap: replace the head by the new one if it still is the old one. This alone decides;</item>
/// <item>write the tiles and bundles. What crashed here is done again, from staging;</item>
/// <item>publish the checkpoint, with the witnesses' signatures if there are any;</item>
/// <item>tidy: delete what was staged, and partial tiles that full ones replaced.</item>
/// </list>
/// Every call of the storage that throws may have happened. Not for two threads at once.
/// </summary>
internal sealed class Sealer
{
    private const int WritesAtOnce = 8;

    private readonly LogWriterOptions _options;
    private readonly NoteSigner[] _signers;
    private readonly TileCache _cache = new();
    private readonly Tidier _tidier;
    private LogState _state;
    private SignedCheckpoint? _published;

    // Swapped, as far as is known, but perhaps not.
    private Attempt? _doubtful;

    // Swapped for certain, and not published yet.
    private Attempt? _unpublished;

    private Sealer(LogWriterOptions options, LogState state)
    {
        _options = options;
        _state = state;
        _signers = SignersOf(options);
        _tidier = new(options.Objects);
    }

    /// <summary>The published checkpoint; null while there is none yet.</summary>
    public SignedCheckpoint? Published => _published;

    /// <summary>Whether everything that was decided is published.</summary>
    public bool IsSettled => _doubtful is null && _unpublished is null;

    /// <summary>For a log that has no head.</summary>
    public static Sealer OfNothing(LogWriterOptions options) => new(options, LogState.Nothing);

    /// <summary>For a log that has one: finishes what a crash left, and reads what it needs to go on.</summary>
    public static async ValueTask<Sealer> LoadAsync(LogWriterOptions options, LogHead head, CancellationToken cancel)
    {
        var sealer = new Sealer(options, LogState.Nothing);
        var signed = sealer.Recognise(head);
        var published = await sealer.ReadPublishedAsync(head, cancel);
        var staged = await options.Objects.ReadAsync(Staging.PathOf(head), cancel) is { } bytes ? Staging.Decode(bytes) : null;
        if (staged is null && published?.Checkpoint.Size != head.Size)
        {
            throw new LogDamagedException($"The log's head has {head.Size} leaves, its checkpoint {published?.Checkpoint.Size ?? 0}, and nothing is staged to lead there. "
                + "An old checkpoint may have come back: put the head in its place, and run fsck.");
        }
        // Everything is looked at before anything is written.
        IObjectReader objects = staged is null ? options.Objects : new StagedReader(staged, options.Objects);
        sealer._state = await LogState.ReadAsync(objects, head, cancel);
        if (published is not null)
        {
            var (root, _) = await new TileTree(objects, head.Size, head.Root).ConsistencyAsync(published.Checkpoint.Size, cancel);
            RequireSame(root == published.Checkpoint.Root);
        }
        await sealer._tidier.FindLeftoversAsync(Staging.PathOf(head), cancel);
        sealer._published = published;
        if (staged is not null)
        {
            sealer._unpublished = new(sealer._state, signed, staged);
            await sealer.TryPublishAsync(sealer._unpublished, cancel);
        }
        return sealer;
    }

    /// <summary>Puts entries into the log; without any, publishes the head anew, with fresh signatures of the witnesses.</summary>
    /// <exception cref="LogAppendException">They may not be in it.</exception>
    /// <exception cref="LogStoppedException">Going on could fork the log.</exception>
    public async ValueTask<SealedBatch> SealAsync(IReadOnlyList<ReadOnlyMemory<byte>> entries, CancellationToken cancel)
    {
        await OrFailAsync(SettleAsync(cancel), mayBeLogged: false);
        if (entries.Count == 0)
        {
            _unpublished = new(_state, Recognise(_state.Head!), []);
            await OrFailAsync(PublishAsync(_unpublished, cancel), mayBeLogged: false);
            return new(_published!, null);
        }
        var growth = new TreeGrowth(_state.Edge, [.. entries.Select(entry => TreeHash.OfLeaf(entry.Span))]);
        var attempt = Prepare(growth, entries);
        await OrFailAsync(StageAsync(attempt, cancel), mayBeLogged: false);
        await OrFailAsync(SwapAsync(attempt, cancel), mayBeLogged: true);
        await OrFailAsync(PublishAsync(attempt, cancel), mayBeLogged: true);
        return new(_published!, growth);
    }

    /// <summary>Finds out what became of a swap that failed, and publishes what was decided.</summary>
    public async ValueTask SettleAsync(CancellationToken cancel)
    {
        if (_doubtful is { } attempt)
        {
            await ResolveAsync(attempt, cancel);
        }
        if (_unpublished is { } decided)
        {
            await PublishAsync(decided, cancel);
        }
    }

    /// <summary>Step 5. A failure leaves things for the next time.</summary>
    public ValueTask TidyAsync(CancellationToken cancel) => _tidier.TidyAsync(cancel);

    private Attempt Prepare(TreeGrowth growth, IReadOnlyList<ReadOnlyMemory<byte>> entries)
    {
        var (bundles, open) = _state.Bundles(entries);
        var signed = SignedCheckpoint.Sign(new(_options.Origin, growth.Size, growth.Root), _signers);
        if (!IsSigned(signed))
        {
            // A token that went wrong; what it signs would be believed by nobody.
            throw new LogStoppedException("The log's keys give signatures that do not verify.");
        }
        return new(new(new(growth.Size, growth.Root, signed.Encode()), growth.Edge(), open), signed,
            [.. growth.Tiles().Select(tile => new StagedObject(tile.Id.Path, tile.Content)), .. bundles]);
    }

    private async ValueTask StageAsync(Attempt attempt, CancellationToken cancel)
    {
        _tidier.Left(attempt.StagingPath);
        if (_options.Objects is JournalledStore journalled)
        {
            // Which keeps the difference to what was there: there is no need to put all of it into one object first.
            await journalled.StageAsync(attempt.StagingPath, attempt.Objects, cancel);
            return;
        }
        await _options.Objects.WriteAsync(attempt.StagingPath, Staging.Encode(attempt.Objects), cancel);
    }

    private async ValueTask SwapAsync(Attempt attempt, CancellationToken cancel)
    {
        _doubtful = attempt;
        bool swapped;
        try
        {
            swapped = await _options.Head.ReplaceAsync(_state.Head, attempt.State.Head!, cancel);
        }
        catch (Exception e) when (IsOfStorage(e))
        {
            await ResolveAsync(attempt, cancel);
            if (_unpublished == attempt)
            {
                return;
            }
            throw;
        }
        if (swapped)
        {
            Adopt(attempt);
            return;
        }
        await ResolveAsync(attempt, cancel);
        if (_unpublished != attempt)
        {
            throw new LogStoppedException("The head of the log was not replaced although it is the one that was expected.");
        }
    }

    private async ValueTask ResolveAsync(Attempt attempt, CancellationToken cancel)
    {
        var now = await _options.Head.ReadAsync(cancel);
        if (attempt.State.Head!.IsSameTree(now))
        {
            Adopt(attempt);
        }
        else if (now is null ? _state.Head is null : now.IsSameTree(_state.Head))
        {
            // It did not happen, or not yet: should it happen late, the next swap will fail, and what was staged is still there.
            _doubtful = null;
        }
        else
        {
            throw new LogStoppedException(
                $"The head of the log is of {now?.Size ?? 0} leaves, which this writer did not write: another one is at work, or the head was restored from a copy.");
        }
    }

    private void Adopt(Attempt attempt)
    {
        _doubtful = null;
        _unpublished = attempt;
        _state = attempt.State;
        _tidier.Swapped(attempt.StagingPath);
    }

    private async ValueTask PublishAsync(Attempt decided, CancellationToken cancel)
    {
        var at = new ParallelOptions { MaxDegreeOfParallelism = WritesAtOnce, CancellationToken = cancel };
        await Parallel.ForEachAsync(decided.Objects, at, (item, stop) => _options.Objects.WriteAsync(item.Path, item.Content, stop));
        var signed = decided.Signed;
        if (_options.Cosign is { } cosign)
        {
            var cosigned = await cosign(signed, new TileTree(_options.Objects, signed.Checkpoint.Size, signed.Checkpoint.Root, _cache), cancel);
            if (cosigned.Note.Text != signed.Note.Text || !IsSigned(cosigned))
            {
                throw new LogStoppedException("The checkpoint that came back from the witnesses is not the log's.");
            }
            signed = cosigned;
        }
        await _options.Objects.WriteAsync(LogPaths.Checkpoint, signed.Encode(), cancel);
        _published = signed;
        _unpublished = null;
        _tidier.Published(decided.StagingPath, decided.Objects);
    }

    /// <summary>At the start nobody waits for it: witnesses that cannot be reached must not keep a log from being loaded. It is tried again like any other.</summary>
    private async ValueTask TryPublishAsync(Attempt decided, CancellationToken cancel)
    {
        try
        {
            await PublishAsync(decided, cancel);
            await TidyAsync(cancel);
        }
        catch (Exception e) when (IsOfStorage(e) && !cancel.IsCancellationRequested)
        {
            // It stays unpublished, which the writer sees.
        }
    }

    /// <summary>The head's checkpoint, if this log's keys signed it.</summary>
    private SignedCheckpoint Recognise(LogHead head) =>
        SignedCheckpoint.TryParse(head.Checkpoint.Span, out var signed, out _)
        && (signed.Checkpoint.Origin, signed.Checkpoint.Size, signed.Checkpoint.Root) == (_options.Origin, head.Size, head.Root) && IsSigned(signed)
            ? signed
            : throw new LogConfigurationException($"The head is not one of the log {_options.Origin} with these keys.");

    private async ValueTask<SignedCheckpoint?> ReadPublishedAsync(LogHead head, CancellationToken cancel)
    {
        if (await _options.Objects.ReadAsync(LogPaths.Checkpoint, cancel) is not { } bytes)
        {
            return null;
        }
        if (!SignedCheckpoint.TryParse(bytes.Span, out var published, out var problem))
        {
            throw new LogDamagedException($"The log's checkpoint cannot be read: {problem}.");
        }
        RequireSame(published.Checkpoint.Size < head.Size || (published.Checkpoint.Size == head.Size && published.Checkpoint.Root == head.Root));
        return published;
    }

    private static void RequireSame(bool leads)
    {
        if (!leads)
        {
            throw new LogStoppedException("The published checkpoint does not lead to the head of the log: the head was restored from an older copy, or they are of two logs.");
        }
    }

    private bool IsSigned(SignedCheckpoint signed) => Array.TrueForAll(_signers, signer => signed.Note.Check(signer.Key).State == NoteSignatureState.Valid);

    internal static NoteSigner[] SignersOf(LogWriterOptions options)
    {
        NoteSigner[] signers = [new(options.Origin, options.Ed25519), new(options.Origin, options.MlDsa65)];
        return (signers[0].Key.Type, signers[1].Key.Type, options.Origin) is (NoteKeyType.Ed25519, NoteKeyType.MlDsa65, not CosignedText.Header)
            ? signers
            : throw new LogConfigurationException("A log has an Ed25519 key and an ML-DSA-65 key, and a name other than that of witnesses' signatures.");
    }

    private static async ValueTask OrFailAsync(ValueTask step, bool mayBeLogged)
    {
        try
        {
            await step;
        }
        catch (Exception e) when (IsOfStorage(e))
        {
            throw new LogAppendException(mayBeLogged, e);
        }
    }

    /// <summary>Whatever an implementation of the seams throws is a failure of the storage, but for what says that something is wrong with the log.</summary>
    private static bool IsOfStorage(Exception e) => e is not (LogStoppedException or LogDamagedException or LogConfigurationException);

    private sealed record Attempt(LogState State, SignedCheckpoint Signed, IReadOnlyList<StagedObject> Objects)
    {
        public string StagingPath => Staging.PathOf(State.Head!);
    }
}
