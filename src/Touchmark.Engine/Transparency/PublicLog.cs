using System.Text;
using Touchmark.Engine.Keys;
using Touchmark.Evidence.Receipts;
using Touchmark.Evidence.Verification;
using Touchmark.Hosting.Storage;
using Touchmark.Log.Notes;
using Touchmark.Log.Proofs;
using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;
using Touchmark.Log.Writing;

namespace Touchmark.Engine.Transparency;

/// <summary>The engine's log: its name, its keys, where it lies, and what can be read and proved from it.</summary>
internal sealed class PublicLog(EngineOptions options, EngineKeys keys, Database database, Witnesses witnesses)
{
    // The entries of one transaction arrive together; more would only keep people waiting.
    private static readonly TimeSpan BatchTime = TimeSpan.FromMilliseconds(2);

    private readonly TileCache cache = new();
    private string? origin;
    private TrustedLog? policy;

    public IObjectStore Objects { get; } = new FolderStore(options.Log);

    public IHeadState Head { get; } = new SqlHeadState(database);

    public string Origin => origin ?? throw NotOpen();

    public LogWriterOptions WriterOptions => new(Origin, keys.LogEd25519, keys.LogMlDsa65, Objects, Head) { BatchTime = BatchTime, Cosign = witnesses.Any ? witnesses.CosignAsync : null };

    /// <summary>What believes this log and its witnesses, and nothing else: a C2SP tlog-policy.</summary>
    public TrustedLog Policy => policy ?? throw NotOpen();

    /// <summary>Finds the log's name: that of a log that is there stays, whatever the engine is called by now.</summary>
    public async Task OpenAsync(CancellationToken cancel)
    {
        var head = await Head.ReadAsync(cancel);
        origin = head is not null && SignedCheckpoint.TryParse(head.Checkpoint.Span, out var signed, out _) ? signed.Checkpoint.Origin : NewOrigin();
        policy = witnesses.PolicyOf(LogWriter.KeysOf(WriterOptions));
    }

    /// <summary>The published checkpoint; null while there is none here.</summary>
    public async Task<SignedCheckpoint?> CheckpointAsync(CancellationToken cancel) =>
        await Objects.ReadAsync(LogPaths.Checkpoint, cancel) is not { } bytes ? null
        : SignedCheckpoint.TryParse(bytes.Span, out var signed, out var problem) ? signed
        : throw new LogDamagedException($"The log's checkpoint cannot be read: {problem}.");

    /// <summary>Proves an entry against the published checkpoint; null while that does not reach it.</summary>
    public async Task<LogProof?> ProveAsync(long index, CancellationToken cancel)
    {
        if (await CheckpointAsync(cancel) is not { } signed || index >= signed.Checkpoint.Size)
        {
            return null;
        }

        return new LogProof(index, await TreeOf(signed.Checkpoint).InclusionAsync(index, cancel), signed);
    }

    /// <summary>An entry's envelope with its receipts by both keys of the log; null while the published checkpoint does not reach it.</summary>
    public async Task<byte[]?> TransparentAsync(long index, CancellationToken cancel)
    {
        if (await ProveAsync(index, cancel) is not { Checkpoint.Checkpoint: var head } proof)
        {
            return null;
        }

        var envelope = await TreeOf(head).EntryAsync(index, cancel);
        return TransparentStatement.With(envelope, [CoseReceipt.Sign(keys.LogEd25519, head, index, proof.Hashes), CoseReceipt.Sign(keys.LogMlDsa65, head, index, proof.Hashes)]);
    }

    /// <summary>The tree of a checkpoint of this log.</summary>
    public TileTree TreeOf(Checkpoint checkpoint) => new(Objects, checkpoint.Size, checkpoint.Root, cache);

    private static InvalidOperationException NotOpen() => new("The log is opened when the host starts.");

    // A key's name has neither blanks nor plus signs; an issuer may.
    private string NewOrigin() => new StringBuilder(options.Issuer.Length).Append([.. options.Issuer.Select(c => NoteKey.IsName(c.ToString()) ? c : '-')]).Append("/log").ToString();
}
