using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Verification;
using Touchmark.Log.Notes;
using Touchmark.Log.Verification;

namespace Touchmark.Evidence.Documents.Vault;

/// <summary>
/// A customer certifies the keys of a vault: from here a verifier that pins nothing but the customer's root takes the keys of the vault's statements and those of its manifest.
/// Signed by the customer's root.
/// </summary>
public sealed record VaultCertificate : IDocument<VaultCertificate>
{
    public static string ContentType => "application/vnd.touchmark.vault-certificate+cbor";

    public required Guid VaultId { get; init; }

    public required string CustomerId { get; init; }

    public required Guid PrinterId { get; init; }

    /// <summary>SHA-256 of the statement of the <see cref="VaultKeyRequest"/> that was certified.</summary>
    public required ReadOnlyMemory<byte> RequestSha256 { get; init; }

    public required VaultKeySet Keys { get; init; }

    public required TokenFacts Token { get; init; }

    public required DateTimeOffset ValidFrom { get; init; }

    public DateTimeOffset? ValidUntil { get; init; }

    /// <summary>SHA-256 of the statement of the certificate before; null for a vault's first.</summary>
    public ReadOnlyMemory<byte>? Replaces { get; init; }

    public string Subject => $"vault-certificate/{VaultId:D}";

    /// <summary>What the vault signs its statements with, as a verifier believes it.</summary>
    public IReadOnlyList<TrustedKey> SigningKeys =>
    [
        new(Issuers.OfVault(VaultId), Keys.Primary.Algorithm, Keys.Primary.PublicKey, ValidFrom, ValidUntil),
        new(Issuers.OfVault(VaultId), Keys.Shadow.Algorithm, Keys.Shadow.PublicKey, ValidFrom, ValidUntil),
    ];

    /// <summary>The name of the manifest.</summary>
    public string ManifestOrigin => Issuers.ManifestOrigin(CustomerId, VaultId);

    /// <summary>The manifest as a log that is believed: both keys have to sign its checkpoints, and no witness has to.</summary>
    public LogPolicy ManifestPolicy => LogPolicy.Of(
    [
        new(ManifestOrigin, NoteKeyType.Ed25519, Keys.ManifestEd25519.PublicKey),
        new(ManifestOrigin, NoteKeyType.MlDsa65, Keys.ManifestMlDsa65.PublicKey),
    ]);

    public CborMap ToCbor() => CborMap.Of(
        ("vault_id", Document.Id(VaultId)),
        ("customer_id", CustomerId),
        ("printer_id", Document.Id(PrinterId)),
        ("request_sha256", RequestSha256),
        ("keys", Keys.ToCbor()),
        ("token", Token.ToCbor()),
        ("valid_from", Document.Time(ValidFrom)),
        ("valid_until", Document.Time(ValidUntil)),
        ("replaces", Document.Bytes(Replaces)));

    public static VaultCertificate Read(CborFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var certificate = new VaultCertificate
        {
            VaultId = fields.Id("vault_id"),
            CustomerId = Issuers.ReadCustomerId(fields),
            PrinterId = fields.Id("printer_id"),
            RequestSha256 = fields.Bytes("request_sha256", 32),
            Keys = fields.Map("keys", VaultKeySet.Read),
            Token = fields.Map("token", TokenFacts.Read),
            ValidFrom = fields.Time("valid_from"),
            ValidUntil = fields.OptionalTime("valid_until"),
            Replaces = fields.OptionalBytes("replaces", 32, 32),
        };
        if (certificate.ValidUntil <= certificate.ValidFrom)
        {
            fields.Refuse("valid_until", "not after valid_from");
        }
        return certificate;
    }
}
