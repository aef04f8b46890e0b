using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Tests;

/// <summary>Envelopes with genuine signatures over whatever a test puts into them, written without the code under test that writes envelopes.</summary>
internal sealed class EnvelopeForge(Workshop workshop)
{
    public byte[] Payload { get; } = Document.Encode(Workshop.Licence);

    public (CborValue Key, CborValue? Value)[] Header(long algorithm = -19) =>
    [
        (1, algorithm), (3, LicenceGrant.ContentType), (4, workshop.Primary.KeyId),
        (15, CborMap.Of((1, Workshop.Issuer), (2, Workshop.Licence.Subject), (6, Workshop.Issued.ToUnixTimeSeconds()))),
    ];

    public (CborValue Key, CborValue? Value)[] ShadowHeader() => [(1, -49), (4, workshop.Shadow.KeyId)];

    /// <summary>An envelope with these headers; anything that is left out is as it should be.</summary>
    public StatementPart Make((CborValue Key, CborValue? Value)[]? header = null, (CborValue Key, CborValue? Value)[]? shadowHeader = null,
        (CborValue Key, CborValue? Value)[]? unprotected = null, byte[]? payload = null, ulong tag = 18)
    {
        payload ??= Payload;
        var body = DeterministicCbor.Encode(CborMap.Of(header ?? Header()));
        var signature = Sign(workshop.Primary, CborArray.Of("Signature1", body, Array.Empty<byte>(), payload));
        var sign = DeterministicCbor.Encode(CborMap.Of(shadowHeader ?? ShadowHeader()));
        var countersignature = Sign(workshop.Shadow, CborArray.Of("CounterSignatureV2", body, sign, Array.Empty<byte>(), payload, CborArray.Of(signature)));
        var countersignatureItem = CborArray.Of(sign, CborMap.Of(), countersignature);
        return new(DeterministicCbor.Encode(new CborTagged(tag, CborArray.Of(
            body, CborMap.Of([(11, countersignatureItem), .. unprotected ?? []]), payload, signature))), null);
    }

    private static byte[] Sign(ISigner signer, CborValue structure)
    {
        var signature = new byte[signer.Algorithm.SignatureSize()];
        signer.Sign(DeterministicCbor.Encode(structure), signature);
        return signature;
    }
}
