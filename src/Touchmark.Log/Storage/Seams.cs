using Touchmark.Log.Tree;

namespace Touchmark.Log.Storage;

/// <summary>Where the public objects of a log can be read: a folder, a bucket, another party's web server.</summary>
public interface IObjectReader
{
    /// <summary>The whole object, or null when there is none.</summary>
    /// <param name="path">Such as <c>tile/0/x001/234</c>: relative, with slashes.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="IOException">Whether there is one could not be told, or it could not be read.</exception>
    ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string path, CancellationToken cancel);
}

/// <summary>Where a log keeps its objects. A write that throws may have happened; the writer reckons with that.</summary>
public interface IObjectStore : IObjectReader
{
    /// <summary>Writes an object, or replaces it. At return it is durable; whatever happens, readers see the old object or the new one, never half of one.</summary>
    ValueTask WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancel);

    /// <summary>Deletes an object if it is there. It need not be durable: a deleted object that comes back does no harm.</summary>
    ValueTask DeleteAsync(string path, CancellationToken cancel);

    /// <summary>The paths that start with this, in any order. What is written meanwhile may be missing.</summary>
    IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancel);
}

/// <summary>What a log has committed itself to.</summary>
/// <param name="Size">Leaves.</param>
/// <param name="Root">The root of the tree of that size.</param>
/// <param name="Checkpoint">The note that the log has signed over them.</param>
public sealed record LogHead(long Size, TreeHash Root, ReadOnlyMemory<byte> Checkpoint)
{
    /// <summary>Whether it is the same tree; the signatures may differ.</summary>
    public bool IsSameTree(LogHead? other) => other is not null && other.Size == Size && other.Root == Root;
}

/// <summary>The one place that decides what a log has committed itself to. As only one of two replacements of the same head can succeed, a log cannot fork.</summary>
public interface IHeadState
{
    /// <summary>The head, or null when the log was never created.</summary>
    ValueTask<LogHead?> ReadAsync(CancellationToken cancel);

    /// <summary>
    /// Replaces the head if it still has the size and root of <paramref name="expected"/> (null: if there is none), atomically and durably; false when it does not.
    /// A call that throws may have happened, also later.
    /// </summary>
    ValueTask<bool> ReplaceAsync(LogHead? expected, LogHead next, CancellationToken cancel);
}

/// <summary>Stored bytes are not what they have to be: an object is missing, cut or altered. <c>fsck</c> says what else is wrong.</summary>
public sealed class LogDamagedException(string message) : Exception(message);
