using System.Diagnostics.CodeAnalysis;
using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Statements;
using Touchmark.Log.Notes;
using Touchmark.Log.Tree;

namespace Touchmark.Evidence.Receipts;

/// <summary>
/// That an entry is in a log, as COSE says it (RFC 9942): a COSE_Sign1 over the root of the log's tree, which is not in it, with the inclusion proof that leads there (spec/log.md, Receipts).
/// One key signs one receipt; a log of ours gives two for an entry.
/// </summary>
public sealed record CoseReceipt
{
    /// <summary>Longest receipt, bytes: a proof of 63 hashes and the longest signature fit.</summary>
    public const int MaxBytes = 8192;

    /// <summary>RFC9162_SHA256 of the registry of verifiable data structures: the tree of RFC 6962.</summary>
    private const long TreeOfRfc9162 = 1;

    private const long DataStructure = 395;
    private const long Proofs = 396;
    private const long InclusionProofs = -1;

    private static readonly CborLimits Limits = new(MaxBytes, MaxDepth: 8, MaxItems: 128);

    private CoseReceipt()
    {
    }

    /// <summary>The log's name: CWT claim <c>iss</c>.</summary>
    public required string Origin { get; init; }

    public required SignatureAlgorithm Algorithm { get; init; }

    /// <summary>Names the log's key, 8 bytes.</summary>
    public required ReadOnlyMemory<byte> KeyId { get; init; }

    /// <summary>Leaves of the tree.</summary>
    public required long Size { get; init; }

    /// <summary>The entry's place, from 0.</summary>
    public required long Index { get; init; }

    /// <summary>The hashes from the leaf's sibling up, at least one.</summary>
    public required IReadOnlyList<TreeHash> Path { get; init; }

    public required ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>Signs the root of a checkpoint. The signature is the same for all entries of one tree.</summary>
    /// <param name="signer">A key of the log.</param>
    /// <param name="checkpoint">A head that the log has published: signing another would fork it.</param>
    /// <param name="index">The entry's place.</param>
    /// <param name="path">Its inclusion proof, at least one hash.</param>
    public static CoseReceipt Sign(ISigner signer, Checkpoint checkpoint, long index, IReadOnlyList<TreeHash> path)
    {
        ArgumentNullException.ThrowIfNull(signer);
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentOutOfRangeException.ThrowIfZero(path.Count);
        var signature = new byte[signer.Algorithm.SignatureSize()];
        signer.Sign(CoseStructures.ToBeSigned(ProtectedOf(checkpoint.Origin, signer.Algorithm, signer.KeyId), checkpoint.Root.ToArray()), signature);
        return new() { Origin = checkpoint.Origin, Algorithm = signer.Algorithm, KeyId = signer.KeyId, Size = checkpoint.Size, Index = index, Path = path, Signature = signature };
    }

    /// <summary>The COSE_Sign1, tagged.</summary>
    public byte[] Encode()
    {
        var proof = DeterministicCbor.Encode(CborArray.Of(Size, Index, new CborArray([.. Path.Select(hash => (CborValue)hash.ToArray())])));
        return DeterministicCbor.Encode(new CborTagged(CoseLabels.Sign1Tag, CborArray.Of(
            ProtectedOf(Origin, Algorithm, KeyId), CborMap.Of((Proofs, CborMap.Of((InclusionProofs, CborArray.Of(proof))))), CborNull.Instance, Signature)));
    }

    /// <summary>Reads a receipt strictly: <see cref="Encode"/> gives back the same bytes. False and a problem in words for anything else; verifies nothing.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> encoding, [NotNullWhen(true)] out CoseReceipt? receipt, [NotNullWhen(false)] out string? problem)
    {
        receipt = null;
        if (!DeterministicCbor.TryDecode(encoding, out var value, out problem, Limits))
        {
            return false;
        }
        if (value is not CborTagged { Tag: CoseLabels.Sign1Tag, Content: CborArray { Items: [CborBytes header, CborMap unprotected, CborNull, CborBytes signature] } })
        {
            problem = "not a COSE_Sign1 without payload (tag 18)";
            return false;
        }
        if (unprotected.Find(Proofs) is not CborMap proofs || proofs.Find(InclusionProofs) is not CborArray { Items: [CborBytes proof] }
            || !TryReadProof(proof.Value, out var size, out var index, out var path))
        {
            problem = "the unprotected header has not exactly one inclusion proof (396, -1)";
            return false;
        }
        if (!DeterministicCbor.TryDecode(header.Value, out var headers, out problem, Limits))
        {
            return false;
        }
        if (headers is not CborMap map || map.Find(CoseLabels.Algorithm) is not CborInteger algorithm || map.Find(CoseLabels.KeyId) is not CborBytes keyId
            || map.Find(CoseLabels.CwtClaims) is not CborMap claims || claims.Find(CoseLabels.ClaimIssuer) is not CborText origin)
        {
            problem = "the protected header lacks algorithm (1), key id (4) or the log's name (15, 1)";
            return false;
        }
        var found = new CoseReceipt
        {
            Origin = origin.Value, Algorithm = CoseLabels.AlgorithmOf(algorithm.Value), KeyId = keyId.Value, Size = size, Index = index, Path = path, Signature = signature.Value,
        };
        // Whatever else the headers say, or say otherwise, is not what we write: the tree's kind (395) among it.
        if (found.Algorithm == SignatureAlgorithm.None || !found.Encode().AsSpan().SequenceEqual(encoding.Span))
        {
            problem = "the headers are not those of a receipt for a tree of RFC 9162 with SHA-256 (395 = 1)";
            return false;
        }
        receipt = found;
        return true;
    }

    /// <summary>Whether this key signed the root to which the proof leads from this entry.</summary>
    /// <param name="entry">What was logged: the envelope.</param>
    /// <param name="publicKey">The log's, for <see cref="Algorithm"/>.</param>
    public bool Verify(ReadOnlySpan<byte> entry, ReadOnlySpan<byte> publicKey) =>
        TreeProof.RootOf(TreeHash.OfLeaf(entry), Index, Size, Path) is { } root
        && SignatureVerifier.Verify(Algorithm, publicKey, CoseStructures.ToBeSigned(ProtectedOf(Origin, Algorithm, KeyId), root.ToArray()), Signature.Span);

    private static byte[] ProtectedOf(string origin, SignatureAlgorithm algorithm, ReadOnlyMemory<byte> keyId) => DeterministicCbor.Encode(CborMap.Of(
        (CoseLabels.Algorithm, (int)algorithm),
        (CoseLabels.KeyId, keyId),
        (CoseLabels.CwtClaims, CborMap.Of((CoseLabels.ClaimIssuer, origin))),
        (DataStructure, TreeOfRfc9162)));

    private static bool TryReadProof(ReadOnlyMemory<byte> encoding, out long size, out long index, [NotNullWhen(true)] out IReadOnlyList<TreeHash>? path)
    {
        (size, index, path) = (0, 0, null);
        if (!DeterministicCbor.TryDecode(encoding, out var value, out _, Limits)
            || value is not CborArray { Items: [CborInteger { Value: { } n }, CborInteger { Value: { } i }, CborArray { Items: { Count: >= 1 and <= TreeProof.MaxHashes } items }] }
            || i < 0 || i >= n || !items.All(item => item is CborBytes { Value.Length: TreeHash.Size }))
        {
            return false;
        }
        (size, index, path) = (n, i, [.. items.Cast<CborBytes>().Select(item => new TreeHash(item.Value.Span))]);
        return true;
    }
}
