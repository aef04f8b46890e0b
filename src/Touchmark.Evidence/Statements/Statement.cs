using System.Diagnostics.CodeAnalysis;
using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Statements;

/// <summary>One signature of an envelope.</summary>
/// <param name="Algorithm">Its algorithm.</param>
/// <param name="KeyId">Names the key that made it, 8 bytes.</param>
/// <param name="Signature">As long as the algorithm's signatures are.</param>
/// <param name="Message">What is signed: a Sig_structure or a Countersign_structure.</param>
public sealed record StatementSignature(SignatureAlgorithm Algorithm, ReadOnlyMemory<byte> KeyId, ReadOnlyMemory<byte> Signature, ReadOnlyMemory<byte> Message);

/// <summary>
/// An envelope, taken apart and not yet verified (spec/statement.md). Nothing in an envelope is ignored: an unknown header, an empty slot that is not
/// empty, any other encoding of the same values make it unreadable. What is left is covered by both signatures.
/// </summary>
public sealed record Statement
{
    /// <summary>Longest envelope: it has to fit into one leaf of the log, bytes.</summary>
    public const int MaxBytes = 65_535;

    private static readonly CborLimits Limits = new(MaxBytes, MaxDepth: 8, MaxItems: 256);

    private Statement()
    {
    }

    /// <summary>SHA-256 of the envelope: the name by which other statements refer to this one.</summary>
    public required ReadOnlyMemory<byte> Sha256 { get; init; }

    public required StatementSignature Primary { get; init; }

    public required StatementSignature Shadow { get; init; }

    /// <summary>Media type of the document.</summary>
    public required string ContentType { get; init; }

    /// <summary>CWT claim <c>iss</c>.</summary>
    public required string Issuer { get; init; }

    /// <summary>CWT claim <c>sub</c>.</summary>
    public required string Subject { get; init; }

    /// <summary>CWT claim <c>iat</c>, whole seconds.</summary>
    public DateTimeOffset? IssuedAt { get; init; }

    /// <summary>HMAC-SHA-256(certificate key, document), 32 bytes.</summary>
    public ReadOnlyMemory<byte>? SessionMac { get; init; }

    /// <summary>The document, or its SHA-256 when <see cref="IsHashEnvelope"/>.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Whether the document is kept beside the envelope.</summary>
    public required bool IsHashEnvelope { get; init; }

    /// <summary>Takes untrusted bytes apart; false and a problem in words when they are no envelope. Never throws, verifies nothing.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> envelope, [NotNullWhen(true)] out Statement? statement, [NotNullWhen(false)] out string? problem)
    {
        statement = null;
        if (!DeterministicCbor.TryDecode(envelope, out var value, out problem, Limits))
        {
            return false;
        }
        if (value is not CborTagged { Tag: CoseLabels.Sign1Tag, Content: CborArray parts }
            || parts is not { Items: [CborBytes body, CborMap unprotected, CborBytes payload, CborBytes signature] })
        {
            problem = "not a COSE_Sign1 with an embedded payload (tag 18)";
            return false;
        }
        if (unprotected.Entries is not [{ Key: CborInteger { Value: var label }, Value: CborArray shadowParts }]
            || shadowParts is not { Items: [CborBytes sign, CborMap { Entries.Count: 0 }, CborBytes countersignature] }
            || label != CoseLabels.CounterSignatureV2)
        {
            problem = "the unprotected header is not exactly one countersignature (11)";
            return false;
        }
        if (!TryReadHeaders(body.Value, out var headers, out problem) || !TryReadHeaders(sign.Value, out var signHeaders, out problem))
        {
            return false;
        }
        var shadow = new StatementSignature(signHeaders.Algorithm, signHeaders.KeyId, countersignature.Value,
            CoseStructures.ToBeCountersigned(body.Value, sign.Value, payload.Value, signature.Value));
        var primary = new StatementSignature(headers.Algorithm, headers.KeyId, signature.Value, CoseStructures.ToBeSigned(body.Value, payload.Value));
        problem = headers.Problem(primary, payload.Value) ?? signHeaders.ShadowProblem(shadow);
        if (problem is not null)
        {
            return false;
        }
        statement = new Statement
        {
            Sha256 = CoseStructures.Sha256(envelope),
            Primary = primary,
            Shadow = shadow,
            ContentType = headers.ContentType!,
            Issuer = headers.Issuer!,
            Subject = headers.Subject!,
            IssuedAt = headers.IssuedAt,
            SessionMac = headers.SessionMac,
            Payload = payload.Value,
            IsHashEnvelope = headers.IsHashEnvelope,
        };
        return true;
    }

    private static bool TryReadHeaders(
        ReadOnlyMemory<byte> encoding, [NotNullWhen(true)] out ProtectedHeader? headers, [NotNullWhen(false)] out string? problem)
    {
        headers = null;
        if (!DeterministicCbor.TryDecode(encoding, out var value, out problem, Limits))
        {
            problem = $"protected header: {problem}";
            return false;
        }
        headers = ProtectedHeader.Read(value, out problem);
        return headers is not null;
    }
}
