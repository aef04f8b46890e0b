using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Documents;
using Touchmark.Log.Notes;
using Touchmark.Log.Tree;

namespace Touchmark.Evidence.Statements;

/// <summary>That an envelope is in the log: its place in the tree of the file's checkpoint.</summary>
/// <param name="Index">From 0.</param>
/// <param name="Hashes">The inclusion proof, from the leaf's sibling up; at most <see cref="TreeProof.MaxHashes"/>.</param>
public sealed record InclusionProof(long Index, IReadOnlyList<TreeHash> Hashes);

/// <summary>An envelope, the document beside it where it is a hash envelope, and where it is in the log.</summary>
/// <param name="Envelope">The COSE_Sign1.</param>
/// <param name="Document">The document; null where the envelope holds it. No document is empty, so an absent byte array counts as null.</param>
/// <param name="Proof">Against the checkpoint of the file; null when nobody entered it in a log, or nobody asks.</param>
public sealed record StatementPart(ReadOnlyMemory<byte> Envelope, ReadOnlyMemory<byte>? Document, InclusionProof? Proof = null)
{
    public ReadOnlyMemory<byte>? Document { get; } = Document is { IsEmpty: false } ? Document : null;
}

/// <summary>
/// The file that a customer keeps: a statement, those that it refers to by hash or that bear on it, and the proof that all of them are in the log, so that they can be checked
/// together without asking anybody (spec/certificate.md). Media type <see cref="MediaType"/>, ending <c>.touchmark</c>.
/// </summary>
/// <param name="Subject">What the file is about: that of a <see cref="PrintCertificate"/>, or any other statement that stands for itself.</param>
/// <param name="Related">
/// Each once, in any order. For a certificate its <see cref="LicenceGrant"/>, <see cref="PrinterEnrolment"/> and <see cref="SliceRecord"/>,
/// and a <see cref="LicenceRevocation"/> if there is one.
/// </param>
/// <param name="Checkpoint">The head of the log that all proofs lead to; null when there are none.</param>
public sealed record EvidenceFile(StatementPart Subject, IReadOnlyList<StatementPart> Related, SignedCheckpoint? Checkpoint = null)
{
    public const string MediaType = "application/vnd.touchmark.evidence-file+cbor";

    /// <summary>Longest file that is read, bytes: the longest document, and as much again for statements and proofs.</summary>
    public const int MaxBytes = 2 * Document.MaxBytes;

    /// <summary>Most statements, the subject among them.</summary>
    public const int MaxStatements = 100_000;

    private const ulong SelfDescribedCbor = 55799;
    private const string Magic = "touchmark evidence";
    private const long Version = 2;

    // No file of MaxBytes with proofs as long as they get has more items.
    private static readonly CborLimits Limits = new(MaxBytes, MaxDepth: 6, MaxItems: 1_000_000);

    public byte[] Encode() => DeterministicCbor.Encode(new CborTagged(SelfDescribedCbor, CborArray.Of(
        Magic, Version, Checkpoint is { } head ? head.Encode() : CborNull.Instance, new CborArray([Encode(Subject), .. Related.Select(Encode)]))));

    /// <summary>Takes untrusted bytes apart; false and a problem in words when they are no evidence file. Never throws, verifies nothing.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out EvidenceFile? file, [NotNullWhen(false)] out string? problem)
    {
        file = null;
        if (CountOf(bytes) is > MaxStatements and var count)
        {
            problem = $"it holds {count} statements, at most {MaxStatements} are read";
            return false;
        }
        if (!DeterministicCbor.TryDecode(bytes, out var value, out problem, Limits))
        {
            return false;
        }
        if (value is not CborTagged { Tag: SelfDescribedCbor, Content: CborArray { Items: [CborText { Value: Magic }, CborInteger version, var head, CborArray statements] } })
        {
            problem = "not a Touchmark evidence file";
            return false;
        }
        if (version.Value != Version)
        {
            problem = $"version {version} of the evidence file, this program reads version {Version}";
            return false;
        }
        if (!TryDecodeCheckpoint(head, out var checkpoint, out problem))
        {
            return false;
        }
        var parts = statements.Items.Select(Decode).ToList();
        if (parts.Count == 0 || parts.Contains(null))
        {
            problem = "its statements are not envelope, document and proof, at least one of them";
            return false;
        }
        file = new(parts[0]!, parts[1..]!, checkpoint);
        return true;
    }

    /// <summary>How many statements the bytes say that they hold, read before anything is made for them; null when they do not get that far.</summary>
    private static int? CountOf(ReadOnlyMemory<byte> bytes)
    {
        var reader = new CborReader(bytes, CborConformanceMode.Lax);
        try
        {
            reader.ReadTag();
            reader.ReadStartArray();
            reader.SkipValue();
            reader.SkipValue();
            reader.SkipValue();
            return reader.ReadStartArray();
        }
        catch (Exception error) when (error is CborContentException or InvalidOperationException)
        {
            return null;
        }
    }

    private static bool TryDecodeCheckpoint(CborValue value, out SignedCheckpoint? checkpoint, [NotNullWhen(false)] out string? problem)
    {
        (checkpoint, problem) = (null, null);
        if (value is CborNull || (value is CborBytes { Value: var note } && SignedCheckpoint.TryParse(note.Span, out checkpoint, out problem)))
        {
            return true;
        }
        problem = $"its checkpoint is none: {problem ?? "no byte string"}";
        return false;
    }

    private static CborArray Encode(StatementPart part) => CborArray.Of(
        part.Envelope,
        part.Document is { } document ? document : CborNull.Instance,
        part.Proof is { } proof ? CborArray.Of(proof.Index, new CborArray([.. proof.Hashes.Select(hash => new CborBytes(hash.ToArray()))])) : CborNull.Instance);

    private static StatementPart? Decode(CborValue value)
    {
        if (value is not CborArray { Items: [CborBytes envelope, var document, var proof] }
            || document is not (CborNull or CborBytes { Value.IsEmpty: false }) || !TryDecodeProof(proof, out var found))
        {
            return null;
        }
        return new(envelope.Value, (document as CborBytes)?.Value, found);
    }

    private static bool TryDecodeProof(CborValue value, out InclusionProof? proof)
    {
        proof = null;
        if (value is CborNull)
        {
            return true;
        }
        if (value is not CborArray { Items: [CborInteger { Value: >= 0 and var index }, CborArray { Items: { Count: <= TreeProof.MaxHashes } items }] })
        {
            return false;
        }
        var hashes = new TreeHash[items.Count];
        for (var i = 0; i < hashes.Length; i++)
        {
            if (items[i] is not CborBytes { Value: { Length: TreeHash.Size } hash })
            {
                return false;
            }
            hashes[i] = new(hash.Span);
        }
        proof = new(index, hashes);
        return true;
    }
}
