using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents.Vault;

/// <summary>
/// A vault asks the customer's root to certify the keys that it has made. Signed by those keys themselves, which proves that it has them; nothing else in it is proven.
/// </summary>
public sealed record VaultKeyRequest : IDocument<VaultKeyRequest>
{
    public static string ContentType => "application/vnd.touchmark.vault-key-request+cbor";

    public required Guid VaultId { get; init; }

    public required string CustomerId { get; init; }

    public required Guid PrinterId { get; init; }

    public required VaultKeySet Keys { get; init; }

    public required TokenFacts Token { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>SHA-256 of the statement of the certificate that these keys shall follow; null for a new vault.</summary>
    public ReadOnlyMemory<byte>? Replaces { get; init; }

    public string Subject => $"vault-key-request/{VaultId:D}";

    public CborMap ToCbor() => CborMap.Of(
        ("vault_id", Document.Id(VaultId)),
        ("customer_id", CustomerId),
        ("printer_id", Document.Id(PrinterId)),
        ("keys", Keys.ToCbor()),
        ("token", Token.ToCbor()),
        ("requested_at", Document.Time(RequestedAt)),
        ("replaces", Document.Bytes(Replaces)));

    public static VaultKeyRequest Read(CborFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        return new VaultKeyRequest
        {
            VaultId = fields.Id("vault_id"),
            CustomerId = Issuers.ReadCustomerId(fields),
            PrinterId = fields.Id("printer_id"),
            Keys = fields.Map("keys", VaultKeySet.Read),
            Token = fields.Map("token", TokenFacts.Read),
            RequestedAt = fields.Time("requested_at"),
            Replaces = fields.OptionalBytes("replaces", 32, 32),
        };
    }
}
