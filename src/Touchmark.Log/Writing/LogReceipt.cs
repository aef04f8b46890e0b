using Touchmark.Log.Notes;
using Touchmark.Log.Proofs;
using Touchmark.Log.Tree;

namespace Touchmark.Log.Writing;

/// <summary>The answer to an append: where the entry is, and what proves it.</summary>
/// <param name="Index">Its place in the log, from 0.</param>
/// <param name="Proof">Its inclusion proof.</param>
/// <param name="Checkpoint">The published checkpoint that the proof leads to.</param>
public sealed record LogReceipt(long Index, IReadOnlyList<TreeHash> Proof, SignedCheckpoint Checkpoint)
{
    /// <summary>As a file that verifies offline.</summary>
    public LogProof ToProof() => new(Index, Proof, Checkpoint);
}

/// <summary>An append that was not answered with a receipt. The writer goes on.</summary>
/// <param name="mayBeLogged">Whether the entry may be in the log all the same, or be in it soon: the storage failed when it had to decide, or after that.</param>
/// <param name="inner">What the storage said.</param>
public sealed class LogAppendException(bool mayBeLogged, Exception inner)
    : Exception(mayBeLogged
        ? "The storage of the log failed while the entry was being logged: it may be in the log. Appending it again may log it twice."
        : "The storage of the log failed before the entry was logged. It is not in the log.", inner)
{
    public bool MayBeLogged => mayBeLogged;
}

/// <summary>The writer stopped for good: going on could fork the log. Whoever operates it has to look, and run <c>fsck</c>, before it is started again.</summary>
public sealed class LogStoppedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A log was to be created where something is already, or loaded where there is none or not this one.</summary>
public sealed class LogConfigurationException(string message) : Exception(message);
