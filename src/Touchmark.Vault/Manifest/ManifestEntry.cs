using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;
using Touchmark.Hosting.Storage;

namespace Touchmark.Vault.Manifest;

/// <summary>A statement that is in the manifest.</summary>
/// <param name="Index">Its place, from 1: entry 0 is the manifest's genesis.</param>
/// <param name="Envelope">As it was entered.</param>
/// <param name="Statement">The same, taken apart.</param>
/// <param name="Beside">The document, where the envelope holds only its hash.</param>
internal sealed record ManifestEntry(long Index, ReadOnlyMemory<byte> Envelope, Statement Statement, ReadOnlyMemory<byte>? Beside)
{
    // Every index looks at the same document, and decoding it is the work.
    private object? decoded;

    /// <summary>The name by which other statements refer to this one, 32 bytes.</summary>
    public byte[] Sha256 => Statement.Sha256.ToArray();

    /// <summary>The document, when it is one of this type.</summary>
    public T? Read<T>()
        where T : class, IDocument<T>
    {
        if (decoded is T known)
        {
            return known;
        }

        if (Statement.ContentType != T.ContentType || !Document.TryDecode<T>(Beside ?? Statement.Payload, out var document, out _))
        {
            return null;
        }

        decoded = document;
        return document;
    }

    /// <summary>What goes into an evidence file.</summary>
    public StatementPart ToPart() => new(Envelope, Beside);
}

/// <summary>A feature's tables about what is in the manifest. They hold nothing that it does not say, so that they can be emptied and made anew from it.</summary>
internal interface IManifestIndex
{
    /// <summary>The tables, in the order in which they can be emptied.</summary>
    IReadOnlyList<string> Tables { get; }

    /// <summary>An entry was added, or is met again while the index is made anew. Called for each entry once, in their order.</summary>
    Task ApplyAsync(Transaction work, ManifestEntry entry, CancellationToken cancel);
}
