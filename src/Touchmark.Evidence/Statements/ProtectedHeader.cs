using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Statements;

/// <summary>A protected header, of the envelope or of its countersignature, with every parameter known and of its type.</summary>
internal sealed class ProtectedHeader
{
    private const int MaxTextLength = 512;

    private static readonly long LatestSecond = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    private bool _hasDocumentHeaders;

    public SignatureAlgorithm Algorithm { get; private set; }

    public ReadOnlyMemory<byte> KeyId { get; private set; }

    /// <summary>Media type of the document: label 3, or 259 where there is a hash envelope.</summary>
    public string? ContentType { get; private set; }

    public string? Issuer { get; private set; }

    public string? Subject { get; private set; }

    public DateTimeOffset? IssuedAt { get; private set; }

    public ReadOnlyMemory<byte>? SessionMac { get; private set; }

    public bool IsHashEnvelope { get; private set; }

    private string? Location { get; set; }

    public static ProtectedHeader? Read(CborValue value, out string? problem)
    {
        if (value is not CborMap map)
        {
            problem = "protected header: not a map";
            return null;
        }
        var header = new ProtectedHeader();
        foreach (var (key, parameter) in map.Entries)
        {
            if (key is not CborInteger { Value: { } label } || !header.Take(label, parameter))
            {
                problem = key is CborInteger unknown
                    ? $"protected header: parameter {unknown} is unknown or of a wrong type"
                    : "protected header: a label is not an integer";
                return null;
            }
        }
        problem = null;
        return header;
    }

    /// <summary>What is wrong with these as headers of an envelope, or null.</summary>
    public string? Problem(StatementSignature signature, ReadOnlyMemory<byte> payload) => this switch
    {
        { Algorithm: not (SignatureAlgorithm.Ed25519 or SignatureAlgorithm.Es256) } => "the algorithm of the signature (1) is neither Ed25519 nor ES256",
        { KeyId.Length: 0 } => "the key id of the signature (4) is missing",
        { ContentType: null } => "the content type (3, or 259 in a hash envelope) is missing",
        { Issuer: null } or { Subject: null } => "the CWT claims (15) lack issuer or subject",
        _ when signature.Signature.Length != Algorithm.SignatureSize() =>
            $"the signature is {signature.Signature.Length} bytes long, {Algorithm} signatures are {Algorithm.SignatureSize()}",
        { IsHashEnvelope: true } when payload.Length != 32 => "the payload of a hash envelope is not 32 bytes",
        { IsHashEnvelope: true } when Location != CoseStructures.LocationOf(payload.Span) => "the payload location (260) does not name the payload's hash",
        { IsHashEnvelope: false, Location: not null } => "a payload location (260) without a hash envelope",
        _ => null,
    };

    /// <summary>What is wrong with these as headers of the countersignature, or null.</summary>
    public string? ShadowProblem(StatementSignature signature) => this switch
    {
        { Algorithm: not SignatureAlgorithm.MlDsa65 } => "the algorithm of the shadow signature (1) is not ML-DSA-65",
        { KeyId.Length: 0 } => "the key id of the shadow signature (4) is missing",
        { _hasDocumentHeaders: true } => "the shadow signature's header says more than algorithm and key id",
        _ when signature.Signature.Length != Algorithm.SignatureSize() =>
            $"the shadow signature is {signature.Signature.Length} bytes long, ML-DSA-65 signatures are {Algorithm.SignatureSize()}",
        _ => null,
    };

    private bool Take(long label, CborValue value)
    {
        if (label == CoseLabels.Algorithm && value is CborInteger algorithm)
        {
            Algorithm = CoseLabels.AlgorithmOf(algorithm.Value);
            return true;
        }
        if (label == CoseLabels.KeyId && value is CborBytes { Value.Length: Cryptography.KeyId.Size } keyId)
        {
            KeyId = keyId.Value;
            return true;
        }
        _hasDocumentHeaders = true;
        return TakeDocumentHeader(label, value);
    }

    private bool TakeDocumentHeader(long label, CborValue value)
    {
        if ((label == CoseLabels.ContentType && !IsHashEnvelope || label == CoseLabels.PreimageContentType && IsHashEnvelope)
            && ContentType is null && value is CborText { Value.Length: > 0 and <= MaxTextLength } contentType)
        {
            ContentType = contentType.Value;
            return true;
        }
        // Keys come in ascending order: 258 is seen before 259 and 260, and after 3.
        if (label == CoseLabels.PayloadHashAlgorithm && value is CborInteger hash && hash.Value == CoseLabels.Sha256 && ContentType is null)
        {
            return IsHashEnvelope = true;
        }
        if (label == CoseLabels.PayloadLocation && value is CborText location)
        {
            Location = location.Value;
            return true;
        }
        if (label == CoseLabels.SessionMac && value is CborBytes { Value.Length: 32 } mac)
        {
            SessionMac = mac.Value;
            return true;
        }
        return label == CoseLabels.CwtClaims && value is CborMap claims && TakeClaims(claims);
    }

    private bool TakeClaims(CborMap claims)
    {
        foreach (var (key, value) in claims.Entries)
        {
            if (!TakeClaim(key, value))
            {
                return false;
            }
        }
        return true;
    }

    private bool TakeClaim(CborValue key, CborValue value)
    {
        switch (key, value)
        {
            case (CborInteger { Value: var label }, CborText { Value: { Length: > 0 and <= MaxTextLength } text }) when label == CoseLabels.ClaimIssuer:
                Issuer = text;
                return true;
            case (CborInteger { Value: var label }, CborText { Value: { Length: > 0 and <= MaxTextLength } text }) when label == CoseLabels.ClaimSubject:
                Subject = text;
                return true;
            case (CborInteger { Value: var label }, CborInteger { Value: { } seconds })
                when label == CoseLabels.ClaimIssuedAt && seconds >= 0 && seconds <= LatestSecond:
                IssuedAt = DateTimeOffset.FromUnixTimeSeconds(seconds);
                return true;
            default:
                return false;
        }
    }
}
