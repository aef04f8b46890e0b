using System.Runtime.CompilerServices;
using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Verification.Archives;

/// <summary>A statement of an archive.</summary>
/// <param name="Index">Its place in the manifest.</param>
/// <param name="Envelope">As it was entered.</param>
/// <param name="Statement">The same, taken apart.</param>
/// <param name="Document">What stands beside it; null where the envelope holds it, or it is missing.</param>
public sealed record ArchivedStatement(long Index, ReadOnlyMemory<byte> Envelope, Statement Statement, ReadOnlyMemory<byte>? Document);

/// <summary>What an archive holds, for whoever does something with it once <see cref="ArchiveVerifier"/> has found it valid.</summary>
public static class ArchiveStatements
{
    /// <summary>Every statement in the order of the manifest. Nothing is verified: what cannot be read ends it, or is left out.</summary>
    /// <param name="file">Seekable.</param>
    /// <param name="cancel">Stops reading.</param>
    public static async IAsyncEnumerable<ArchivedStatement> ReadAsync(Stream file, [EnumeratorCancellation] CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (!ArchiveContainer.TryOpen(file, out var container, out _))
        {
            yield break;
        }
        using (container)
        {
            long index = 0;
            await foreach (var entry in container.EntriesAsync(container.ReadCheckpoint()?.Checkpoint.Size ?? 0, cancel))
            {
                if (Statement.TryParse(entry, out var statement, out _))
                {
                    yield return new(index, entry, statement, statement.IsHashEnvelope && container.ReadDocument(Convert.ToHexStringLower(statement.Payload.Span)) is { } document ? document : (ReadOnlyMemory<byte>?)null);
                }
                index++;
            }
        }
    }
}
