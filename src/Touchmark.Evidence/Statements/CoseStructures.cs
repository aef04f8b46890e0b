using System.Buffers.Text;
using System.Security.Cryptography;
using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Statements;

/// <summary>The bytes that signatures are made over.</summary>
internal static class CoseStructures
{
    private static readonly byte[] NoExternalData = [];

    /// <summary>Sig_structure of a COSE_Sign1 (RFC 9052, section 4.4).</summary>
    public static byte[] ToBeSigned(ReadOnlyMemory<byte> bodyProtected, ReadOnlyMemory<byte> payload) =>
        DeterministicCbor.Encode(CborArray.Of("Signature1", bodyProtected, NoExternalData, payload));

    /// <summary>
    /// Countersign_structure over a COSE_Sign1 (RFC 9338, section 3.3): its other field is the signature, so that the countersignature covers the
    /// whole envelope, whatever another signature of the primary key over the same payload would be.
    /// </summary>
    public static byte[] ToBeCountersigned(
        ReadOnlyMemory<byte> bodyProtected, ReadOnlyMemory<byte> signProtected, ReadOnlyMemory<byte> payload, ReadOnlyMemory<byte> signature) =>
        DeterministicCbor.Encode(CborArray.Of("CounterSignatureV2", bodyProtected, signProtected, NoExternalData, payload, CborArray.Of(signature)));

    /// <summary>Where a document behind a hash envelope is found: its name by hash (RFC 6920).</summary>
    public static string LocationOf(ReadOnlySpan<byte> documentSha256) => $"ni:///sha-256;{Base64Url.EncodeToString(documentSha256)}";

    public static byte[] Sha256(ReadOnlyMemory<byte> data) => SHA256.HashData(data.Span);
}
