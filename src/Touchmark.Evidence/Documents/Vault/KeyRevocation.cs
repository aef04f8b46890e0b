using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents.Vault;

/// <summary>Why keys are no longer believed. The names on the wire are frozen.</summary>
public enum KeyRevocationReason
{
    /// <summary>Somebody else may have them.</summary>
    Compromised,

    /// <summary>Others follow them.</summary>
    Superseded,

    /// <summary>The vault was taken out of service, or the officer left.</summary>
    Decommissioned,

    /// <summary>Nobody has them any more.</summary>
    Lost,
}

/// <summary>A customer takes back a <see cref="VaultCertificate"/> or an <see cref="OfficerAppointment"/>. Signed by the customer's root. What was signed and logged before stands.</summary>
public sealed record KeyRevocation : IDocument<KeyRevocation>
{
    private static readonly (KeyRevocationReason, string)[] Reasons =
    [
        (KeyRevocationReason.Compromised, "compromised"), (KeyRevocationReason.Superseded, "superseded"),
        (KeyRevocationReason.Decommissioned, "decommissioned"), (KeyRevocationReason.Lost, "lost"),
    ];

    public static string ContentType => "application/vnd.touchmark.key-revocation+cbor";

    public required Guid RevocationId { get; init; }

    public required string CustomerId { get; init; }

    /// <summary>SHA-256 of the statement of the certificate or appointment.</summary>
    public required ReadOnlyMemory<byte> RevokedStatement { get; init; }

    /// <summary>The id of the vault or officer.</summary>
    public required Guid Holder { get; init; }

    /// <summary>Nothing that is signed at this time or later counts.</summary>
    public required DateTimeOffset RevokedAt { get; init; }

    public required KeyRevocationReason Reason { get; init; }

    /// <summary>For people, up to 1,024 characters.</summary>
    public string? Note { get; init; }

    public string Subject => $"key-revocation/{RevocationId:D}";

    /// <summary>The name of a reason on the wire.</summary>
    public static string NameOf(KeyRevocationReason reason) => Wire.NameOf(Reasons, reason);

    public CborMap ToCbor() => CborMap.Of(
        ("revocation_id", Document.Id(RevocationId)),
        ("customer_id", CustomerId),
        ("revoked_statement", RevokedStatement),
        ("holder", Document.Id(Holder)),
        ("revoked_at", Document.Time(RevokedAt)),
        ("reason", NameOf(Reason)),
        ("note", Document.Text(Note)));

    public static KeyRevocation Read(CborFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        return new KeyRevocation
        {
            RevocationId = fields.Id("revocation_id"),
            CustomerId = Issuers.ReadCustomerId(fields),
            RevokedStatement = fields.Bytes("revoked_statement", 32),
            Holder = fields.Id("holder"),
            RevokedAt = fields.Time("revoked_at"),
            Reason = fields.Choice("reason", Reasons),
            Note = fields.OptionalText("note", 1024),
        };
    }
}
