using Touchmark.Log.Notes;

namespace Touchmark.Log.Witnessing;

/// <summary>What a witness remembers of a log: the checkpoint that it cosigned last, with the log's signatures and its own.</summary>
/// <param name="Checkpoint">Also what <c>GET &lt;origin hash&gt;/checkpoint</c> serves.</param>
/// <param name="Seen">The time in its cosignature.</param>
public sealed record Witnessed(SignedCheckpoint Checkpoint, DateTimeOffset Seen);

/// <summary>Where a witness keeps what it has signed.</summary>
public interface IWitnessState
{
    /// <summary>The last of a log; null when there is none.</summary>
    ValueTask<Witnessed?> ReadAsync(string origin, CancellationToken cancel);

    /// <summary>
    /// Replaces it if it is still of the size of <paramref name="expected"/> (null: if there is none), atomically and durably; false when it is not. Two requests at once
    /// could otherwise take a witness back to a smaller tree.
    /// </summary>
    ValueTask<bool> ReplaceAsync(string origin, Witnessed? expected, Witnessed next, CancellationToken cancel);
}
