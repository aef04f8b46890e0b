using Touchmark.Cryptography;
using Touchmark.Log.Notes;
using Touchmark.Log.Storage;
using Touchmark.Log.Tiles;

namespace Touchmark.Log.Writing;

/// <summary>Gathers the signatures of witnesses under a checkpoint, or throws; then the checkpoint is not published yet, and asked for again.</summary>
/// <param name="checkpoint">Signed by the log.</param>
/// <param name="tree">Its tree, for proofs of consistency; its tiles are written.</param>
/// <param name="cancel">Stops waiting.</param>
/// <returns>The checkpoint with further signature lines.</returns>
public delegate ValueTask<SignedCheckpoint> CosignCheckpoint(SignedCheckpoint checkpoint, TileTree tree, CancellationToken cancel);

/// <summary>One log: its name, its keys and where it lives.</summary>
/// <param name="Origin">The name: a URL without scheme, such as <c>log.example/parts</c>.</param>
/// <param name="Ed25519">Its first key; it stays its owner's to dispose.</param>
/// <param name="MlDsa65">Its second key; it stays its owner's to dispose.</param>
/// <param name="Objects">Where tiles, bundles and checkpoint go.</param>
/// <param name="Head">What decides.</param>
public sealed record LogWriterOptions(string Origin, ISigner Ed25519, ISigner MlDsa65, IObjectStore Objects, IHeadState Head)
{
    /// <summary>How long a batch stays open after its first entry.</summary>
    public TimeSpan BatchTime { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Entries at which a batch closes before its time.</summary>
    public int BatchEntries { get; init; } = 8192;

    /// <summary>Bytes of entries at which a batch closes before its time.</summary>
    public int BatchBytes { get; init; } = 16 << 20;

    /// <summary>Entries that may wait for a place in a batch; further ones wait to be taken.</summary>
    public int Waiting { get; init; } = 16384;

    /// <summary>How long the writer waits before it tries again to finish what a failure of the storage left unfinished.</summary>
    public TimeSpan RetryTime { get; init; } = TimeSpan.FromSeconds(1);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Null for a log that no witness watches.</summary>
    public CosignCheckpoint? Cosign { get; init; }
}
