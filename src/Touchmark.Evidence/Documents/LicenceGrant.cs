using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents;

/// <summary>What becomes of a print that runs while its licence is revoked. The numbers are in databases: never change or reuse one.</summary>
public enum RevocationPolicy
{
    /// <summary>It is stopped, and the printer comes to rest safely.</summary>
    AtOnce = 1,

    /// <summary>It is finished; no other one starts.</summary>
    AfterPrint = 2,
}

/// <summary>The owner of a design lets it be printed: by whom, how often, until when and how.</summary>
public sealed record LicenceGrant : IDocument<LicenceGrant>
{
    /// <summary>The largest <see cref="MaxSlowdownPercent"/>.</summary>
    public const double HighestSlowdownPercent = 50;

    /// <summary>The largest <see cref="MaxTemperatureTrimC"/>, °C.</summary>
    public const double HighestTemperatureTrimC = 15;

    private static readonly (RevocationPolicy, string)[] Policies = [(Documents.RevocationPolicy.AtOnce, "at_once"), (Documents.RevocationPolicy.AfterPrint, "after_print")];

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

    /// <summary>Null in a grant of before there was a choice, which meant at once.</summary>
    public RevocationPolicy? RevocationPolicy { get; init; }

    /// <summary>It may be printed although the printer's Moonraker keeps scripts, with a warning on the certificate; null means no.</summary>
    public bool? AllowScriptStore { get; init; }

    /// <summary>It may be printed on a printer without a dead-man timer, with a warning on the certificate; null means no.</summary>
    public bool? AllowNoDeadMan { get; init; }

    /// <summary>By how much the engine may slow the feed while it prints, %, 0 to <see cref="HighestSlowdownPercent"/>; null means not at all.</summary>
    public double? MaxSlowdownPercent { get; init; }

    /// <summary>By how much the engine may move a heater's target while it prints, °C, 0 to <see cref="HighestTemperatureTrimC"/>; null means not at all.</summary>
    public double? MaxTemperatureTrimC { get; init; }

    /// <summary>The name that a policy has in statements.</summary>
    public static string NameOf(RevocationPolicy policy) => Wire.NameOf(Policies, policy);

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
        ("outage_limit_s", Document.Number(OutageLimitS)),
        ("revocation_policy", Document.Text(RevocationPolicy is { } policy ? NameOf(policy) : null)),
        ("allow_script_store", Document.Boolean(AllowScriptStore)),
        ("allow_no_dead_man", Document.Boolean(AllowNoDeadMan)),
        ("max_slowdown_percent", Document.Number(MaxSlowdownPercent)),
        ("max_temperature_trim_c", Document.Number(MaxTemperatureTrimC)));

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
        RevocationPolicy = fields.OptionalChoice("revocation_policy", Policies),
        AllowScriptStore = fields.OptionalBoolean("allow_script_store"),
        AllowNoDeadMan = fields.OptionalBoolean("allow_no_dead_man"),
        MaxSlowdownPercent = fields.OptionalNumber("max_slowdown_percent", 0, HighestSlowdownPercent),
        MaxTemperatureTrimC = fields.OptionalNumber("max_temperature_trim_c", 0, HighestTemperatureTrimC),
    };
}

/// <summary>The owner of a design takes a licence back. What was printed before stays licensed; what is being printed goes by <see cref="RevocationPolicy"/>.</summary>
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
