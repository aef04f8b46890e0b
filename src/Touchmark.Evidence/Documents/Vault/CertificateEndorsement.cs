using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents.Vault;

/// <summary>A vault counter-signs the print certificate of a job of which it signed the bundle.</summary>
public sealed record CertificateEndorsement : IDocument<CertificateEndorsement>
{
    public static string ContentType => "application/vnd.touchmark.certificate-endorsement+cbor";

    /// <summary>The id of the print certificate.</summary>
    public required Guid CertificateId { get; init; }

    /// <summary>SHA-256 of its statement.</summary>
    public required ReadOnlyMemory<byte> CertificateSha256 { get; init; }

    public required Guid VaultId { get; init; }

    /// <summary>SHA-256 of the statement of the bundle.</summary>
    public required ReadOnlyMemory<byte> BundleSha256 { get; init; }

    public required DateTimeOffset At { get; init; }

    public string Subject => $"certificate-endorsement/{CertificateId:D}";

    public CborMap ToCbor() => CborMap.Of(
        ("certificate_id", Document.Id(CertificateId)),
        ("certificate_sha256", CertificateSha256),
        ("vault_id", Document.Id(VaultId)),
        ("bundle_sha256", BundleSha256),
        ("at", Document.Time(At)));

    public static CertificateEndorsement Read(CborFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        return new CertificateEndorsement
        {
            CertificateId = fields.Id("certificate_id"),
            CertificateSha256 = fields.Bytes("certificate_sha256", 32),
            VaultId = fields.Id("vault_id"),
            BundleSha256 = fields.Bytes("bundle_sha256", 32),
            At = fields.Time("at"),
        };
    }
}
