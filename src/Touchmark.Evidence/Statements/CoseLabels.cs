using Touchmark.Cryptography;

namespace Touchmark.Evidence.Statements;

/// <summary>Numbers of COSE (RFC 9052, 9338, 9597, 9995) and of ours that occur in an envelope. On the wire: frozen.</summary>
internal static class CoseLabels
{
    public const ulong Sign1Tag = 18;

    public const long Algorithm = 1;
    public const long ContentType = 3;
    public const long KeyId = 4;
    public const long CounterSignatureV2 = 11;
    public const long CwtClaims = 15;
    public const long PayloadHashAlgorithm = 258;
    public const long PreimageContentType = 259;
    public const long PayloadLocation = 260;

    /// <summary>HMAC-SHA-256(certificate key, document), 32 bytes. The first label of the private use range (below -65536).</summary>
    public const long SessionMac = -65537;

    public const long ClaimIssuer = 1;
    public const long ClaimSubject = 2;
    public const long ClaimIssuedAt = 6;

    public const long Sha256 = -16;

    /// <summary>EdDSA, the id that RFC 9864 replaced by Ed25519 (-19): read, never written.</summary>
    private const int EdDsa = -8;

    /// <summary>The algorithm with this COSE id, or <see cref="SignatureAlgorithm.None"/> when it is not one of ours.</summary>
    public static SignatureAlgorithm AlgorithmOf(long? id) =>
        id == EdDsa || id == (int)SignatureAlgorithm.Ed25519 ? SignatureAlgorithm.Ed25519
        : id == (int)SignatureAlgorithm.Es256 ? SignatureAlgorithm.Es256
        : id == (int)SignatureAlgorithm.MlDsa65 ? SignatureAlgorithm.MlDsa65
        : SignatureAlgorithm.None;
}
