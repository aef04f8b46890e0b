using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Documents;

namespace Touchmark.Evidence.Statements;

/// <summary>A statement and the document that it is about.</summary>
/// <param name="Envelope">The COSE_Sign1.</param>
/// <param name="Document">The encoded document.</param>
/// <param name="IsDetached">Whether the envelope holds only the document's hash, so that the document has to be kept beside it.</param>
public sealed record SignedStatement(ReadOnlyMemory<byte> Envelope, ReadOnlyMemory<byte> Document, bool IsDetached)
{
    /// <summary>SHA-256 of the envelope: the name by which other statements refer to this one.</summary>
    public byte[] Sha256 => CoseStructures.Sha256(Envelope);

    /// <summary>What goes into an <see cref="EvidenceFile"/>.</summary>
    public StatementPart ToPart() => new(Envelope, IsDetached ? Document : (ReadOnlyMemory<byte>?)null);
}

/// <summary>Makes statements: a COSE_Sign1 by the primary key, countersigned by the shadow key (spec/statement.md).</summary>
/// <param name="primary">Ed25519, or ES256 for a gateway without an HSM.</param>
/// <param name="shadow">ML-DSA-65.</param>
/// <param name="issuer">CWT claim <c>iss</c>; readers pin both keys under this name.</param>
public sealed class StatementSigner(ISigner primary, ISigner shadow, string issuer)
{
    /// <summary>A longer document goes behind a hash envelope, bytes.</summary>
    public const int MaxEmbeddedBytes = 16 << 10;

    public string Issuer => issuer;

    /// <summary>Signs a document.</summary>
    /// <param name="document">What is stated.</param>
    /// <param name="issuedAt">CWT claim <c>iat</c>; whole seconds are kept.</param>
    /// <param name="sessionMac">HMAC-SHA-256(certificate key, encoded document), 32 bytes, for a print certificate.</param>
    public SignedStatement Sign<T>(T document, DateTimeOffset issuedAt, ReadOnlyMemory<byte>? sessionMac = null)
        where T : class, IDocument<T>
    {
        ArgumentNullException.ThrowIfNull(document);
        ReadOnlyMemory<byte> encoded = Document.Encode(document);
        var detached = encoded.Length > MaxEmbeddedBytes;
        var payload = detached ? CoseStructures.Sha256(encoded) : encoded;
        ReadOnlyMemory<byte> bodyProtected = DeterministicCbor.Encode(CborMap.Of(
            (CoseLabels.Algorithm, (int)primary.Algorithm),
            // RFC 9995: the content type of a hash is meaningless, so 3 is absent where 258 is present.
            (CoseLabels.ContentType, detached ? null : new CborText(T.ContentType)),
            (CoseLabels.KeyId, primary.KeyId),
            (CoseLabels.CwtClaims, CborMap.Of(
                (CoseLabels.ClaimIssuer, issuer),
                (CoseLabels.ClaimSubject, document.Subject),
                (CoseLabels.ClaimIssuedAt, issuedAt.ToUnixTimeSeconds()))),
            (CoseLabels.PayloadHashAlgorithm, detached ? CoseLabels.Sha256 : null),
            (CoseLabels.PreimageContentType, detached ? new CborText(T.ContentType) : null),
            (CoseLabels.PayloadLocation, detached ? new CborText(CoseStructures.LocationOf(payload.Span)) : null),
            (CoseLabels.SessionMac, sessionMac is { } mac ? new CborBytes(mac) : null)));
        var signature = Sign(primary, CoseStructures.ToBeSigned(bodyProtected, payload));

        ReadOnlyMemory<byte> signProtected = DeterministicCbor.Encode(CborMap.Of(
            (CoseLabels.Algorithm, (int)shadow.Algorithm), (CoseLabels.KeyId, shadow.KeyId)));
        var countersignature = Sign(shadow, CoseStructures.ToBeCountersigned(bodyProtected, signProtected, payload, signature));

        var envelope = new CborTagged(CoseLabels.Sign1Tag, CborArray.Of(
            bodyProtected,
            CborMap.Of((CoseLabels.CounterSignatureV2, CborArray.Of(signProtected, CborMap.Of(), countersignature))),
            payload,
            signature));
        return new(DeterministicCbor.Encode(envelope), encoded, detached);
    }

    private static byte[] Sign(ISigner signer, ReadOnlySpan<byte> message)
    {
        var signature = new byte[signer.Algorithm.SignatureSize()];
        signer.Sign(message, signature);
        return signature;
    }
}
