using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents;

/// <summary>The owner of a design lets it be printed: by whom, how often, until when and how.</summary>
public sealed record LicenceGrant : IDocument<LicenceGrant>
{
    public static string ContentType => "application/vnd.touchmark.licence-grant+cbor";

    public required Guid LicenceId { get; init; }

    public required Guid DesignId { get; init; }

    /// <summary>SHA-256 of the model file.</summary>
    public required ReadOnlyMemory<byte> DesignSha256 { get; init; }

    /// <summary>Organisation that owns the design.</summary>
    public required string Owner { get; init; }

    /// <summary>Organisations that may print on any printer of theirs.</summary>
    public required IReadOnlyList<string> Manufacturers { get; init; }

    /// <summary>Printers that may print, whoever owns them.</summary>
    public required IReadOnlyList<Guid> Printers { get; init; }

    /// <summary>How many prints, in all.</summary>
    public required long Prints { get; init; }

    /// <summary>Allowed materials; none named means all.</summary>
    public required IReadOnlyList<string> Materials { get; init; }

    /// <summary>Allowed qualities; none named means all.</summary>
    public required IReadOnlyList<string> Qualities { get; init; }

    public required DateTimeOffset GrantedAt { get; init; }

    /// <summary>A print must start before this.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Most toolpath that may be outside the engine and not yet executed, s of motion.</summary>
    public double? ExposureLimitS { get; init; }

    /// <summary>How long the engine may be lost before the gateway ends the print, s.</summary>
    public double? OutageLimitS { get; init; }

    public string Subject => $"licence-grant/{LicenceId:D}";

    public CborMap ToCbor() => CborMap.Of(
        ("licence_id", Document.Id(LicenceId)),
        ("design_id", Document.Id(DesignId)),
        ("design_sha256", DesignSha256),
        ("owner", Owner),
        ("manufacturers", Document.Texts(Manufacturers)),
        ("printers", Document.Ids(Printers)),
        ("prints", Prints),
        ("materials", Document.Texts(Materials)),
        ("qualities", Document.Texts(Qualities)),
        ("granted_at", Document.Time(GrantedAt)),
        ("expires_at", Document.Time(ExpiresAt)),
        ("exposure_limit_s", Document.Number(ExposureLimitS)),
        ("outage_limit_s", Document.Number(OutageLimitS)));

    public static LicenceGrant Read(CborFields fields) => new()
    {
        LicenceId = fields.Id("licence_id"),
        DesignId = fields.Id("design_id"),
        DesignSha256 = fields.Bytes("design_sha256", 32),
        Owner = fields.Text("owner"),
        Manufacturers = fields.Texts("manufacturers", 1024),
        Printers = fields.Ids("printers", 1024),
        Prints = fields.Integer("prints", 1),
        Materials = fields.Texts("materials", 256),
        Qualities = fields.Texts("qualities", 256),
        GrantedAt = fields.Time("granted_at"),
        ExpiresAt = fields.OptionalTime("expires_at"),
        ExposureLimitS = fields.OptionalNumber("exposure_limit_s", 0),
        OutageLimitS = fields.OptionalNumber("outage_limit_s", 0),
    };
}

/// <summary>The owner of a design takes a licence back. Prints that started before stay licensed.</summary>
public sealed record LicenceRevocation : IDocument<LicenceRevocation>
{
    public static string ContentType => "application/vnd.touchmark.licence-revocation+cbor";

    public required Guid LicenceId { get; init; }

    /// <summary>SHA-256 of the statement that holds the <see cref="LicenceGrant"/>.</summary>
    public required ReadOnlyMemory<byte> LicenceStatement { get; init; }

    public required DateTimeOffset RevokedAt { get; init; }

    /// <summary>In the owner's words.</summary>
    public required string Reason { get; init; }

    public string Subject => $"licence-revocation/{LicenceId:D}";

    public CborMap ToCbor() => CborMap.Of(
        ("licence_id", Document.Id(LicenceId)),
        ("licence_statement", LicenceStatement),
        ("revoked_at", Document.Time(RevokedAt)),
        ("reason", Reason));

    public static LicenceRevocation Read(CborFields fields) => new()
    {
        LicenceId = fields.Id("licence_id"),
        LicenceStatement = fields.Bytes("licence_statement", 32),
        RevokedAt = fields.Time("revoked_at"),
        Reason = fields.Text("reason", 1024),
    };
}
