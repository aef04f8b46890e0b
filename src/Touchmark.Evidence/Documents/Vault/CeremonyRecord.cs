using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents.Vault;

/// <summary>What a ceremony was for. The names on the wire are frozen.</summary>
public enum CeremonyKind
{
    /// <summary>A new vault.</summary>
    Enrol,

    /// <summary>New keys for a vault.</summary>
    Rekey,

    /// <summary>A vault's end.</summary>
    Decommission,
}

/// <summary>One thing that was done.</summary>
/// <param name="At">When.</param>
/// <param name="What">In words, up to 512 characters.</param>
public sealed record CeremonyStep(DateTimeOffset At, string What);

/// <summary>What was done in a ceremony, in whose presence. Two statements hold the same document: one signed by the custodian, one by the witness.</summary>
public sealed record CeremonyRecord : IDocument<CeremonyRecord>
{
    private const int MaxSteps = 256;

    private static readonly (CeremonyKind, string)[] Kinds = [(CeremonyKind.Enrol, "enrol"), (CeremonyKind.Rekey, "rekey"), (CeremonyKind.Decommission, "decommission")];

    public static string ContentType => "application/vnd.touchmark.ceremony-record+cbor";

    public required Guid CeremonyId { get; init; }

    public required CeremonyKind Kind { get; init; }

    public required string CustomerId { get; init; }

    public required Guid VaultId { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Place { get; init; }

    /// <summary>The officer who led it.</summary>
    public required Guid Custodian { get; init; }

    /// <summary>The officer who watched: another one.</summary>
    public required Guid Witness { get; init; }

    public required IReadOnlyList<CeremonyStep> Steps { get; init; }

    public required TokenFacts Token { get; init; }

    /// <summary>SHA-256 of the statement of the <see cref="VaultCertificate"/> that was made, or ended.</summary>
    public required ReadOnlyMemory<byte> CertificateSha256 { get; init; }

    /// <summary>The root's pin as it was read out.</summary>
    public required string RootPin { get; init; }

    public string? Note { get; init; }

    public string Subject => $"ceremony-record/{CeremonyId:D}";

    /// <summary>The name of a kind on the wire.</summary>
    public static string NameOf(CeremonyKind kind) => Wire.NameOf(Kinds, kind);

    public CborMap ToCbor() => CborMap.Of(
        ("ceremony_id", Document.Id(CeremonyId)),
        ("kind", NameOf(Kind)),
        ("customer_id", CustomerId),
        ("vault_id", Document.Id(VaultId)),
        ("at", Document.Time(At)),
        ("place", Place),
        ("custodian", Document.Id(Custodian)),
        ("witness", Document.Id(Witness)),
        ("steps", new CborArray([.. Steps.Select(step => CborMap.Of(("at", Document.Time(step.At)), ("what", step.What)))])),
        ("token", Token.ToCbor()),
        ("certificate_sha256", CertificateSha256),
        ("root_pin", RootPin),
        ("note", Document.Text(Note)));

    public static CeremonyRecord Read(CborFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var record = new CeremonyRecord
        {
            CeremonyId = fields.Id("ceremony_id"),
            Kind = fields.Choice("kind", Kinds),
            CustomerId = Issuers.ReadCustomerId(fields),
            VaultId = fields.Id("vault_id"),
            At = fields.Time("at"),
            Place = fields.Text("place"),
            Custodian = fields.Id("custodian"),
            Witness = fields.Id("witness"),
            Steps = fields.Maps("steps", MaxSteps, step => new CeremonyStep(step.Time("at"), step.Text("what", 512))),
            Token = fields.Map("token", TokenFacts.Read),
            CertificateSha256 = fields.Bytes("certificate_sha256", 32),
            RootPin = fields.Text("root_pin", 128),
            Note = fields.OptionalText("note", 1024),
        };
        if (record.Custodian == record.Witness)
        {
            fields.Refuse("witness", "the custodian: nobody watches himself");
        }
        return record;
    }
}
