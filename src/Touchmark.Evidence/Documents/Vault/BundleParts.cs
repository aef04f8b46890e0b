using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents.Vault;

/// <summary>How sure it is which slicer made the toolpath. The names on the wire are frozen.</summary>
public enum SlicerLevel
{
    /// <summary>Nothing says which.</summary>
    Unknown,

    /// <summary>The toolpath or whoever handed it in says so, and nobody vouches for it.</summary>
    SelfIdentified,

    /// <summary>A build that is in a signed <see cref="SlicerManifest"/> made it.</summary>
    Attested,
}

/// <summary>Which slicer made the toolpath, and how sure that is.</summary>
/// <param name="Level">How sure.</param>
/// <param name="Reason">Why this level, in words, up to 512 characters.</param>
public sealed record SlicerAttest(SlicerLevel Level, string Reason)
{
    private static readonly (SlicerLevel, string)[] Levels =
        [(SlicerLevel.Unknown, "unknown"), (SlicerLevel.SelfIdentified, "self-identified"), (SlicerLevel.Attested, "attested")];

    public string? Name { get; init; }

    public string? Version { get; init; }

    /// <summary>SHA-256 of the program file that sliced; one of the manifest's when attested.</summary>
    public ReadOnlyMemory<byte>? BuildSha256 { get; init; }

    /// <summary>SHA-256 of the statement of the <see cref="SlicerManifest"/>.</summary>
    public ReadOnlyMemory<byte>? ManifestSha256 { get; init; }

    /// <summary>The name of a level on the wire.</summary>
    public static string NameOf(SlicerLevel level) => Wire.NameOf(Levels, level);

    internal CborMap ToCbor() => CborMap.Of(
        ("level", NameOf(Level)),
        ("reason", Reason),
        ("name", Document.Text(Name)),
        ("version", Document.Text(Version)),
        ("build_sha256", Document.Bytes(BuildSha256)),
        ("manifest_sha256", Document.Bytes(ManifestSha256)));

    internal static SlicerAttest Read(CborFields fields)
    {
        var attest = new SlicerAttest(fields.Choice("level", Levels), fields.Text("reason", 512))
        {
            Name = fields.OptionalText("name"),
            Version = fields.OptionalText("version"),
            BuildSha256 = fields.OptionalBytes("build_sha256", 32, 32),
            ManifestSha256 = fields.OptionalBytes("manifest_sha256", 32, 32),
        };
        if (attest.Level == SlicerLevel.Attested != attest.ManifestSha256 is not null)
        {
            fields.Refuse("manifest_sha256", "an attested slicer has a manifest, and no other has");
        }
        if (attest.Level == SlicerLevel.Attested && (attest.BuildSha256 is null || attest.Version is null) || attest.Level != SlicerLevel.Unknown && attest.Name is null)
        {
            fields.Refuse("name", "an attested slicer has name, version and build, a self-identified one a name");
        }
        return attest;
    }
}

/// <summary>What is known of the printer's firmware. The names on the wire are frozen.</summary>
public enum FirmwareState
{
    /// <summary>Its hash could not be read.</summary>
    Unknown,

    /// <summary>Its hash is known, and two officers have not approved it.</summary>
    Unapproved,

    /// <summary>Two officers approved this image.</summary>
    Approved,
}

/// <summary>The firmware as it stood when the bundle was signed; its hash is <see cref="EvidenceBundle.FirmwareSha256"/>.</summary>
/// <param name="State">What is known.</param>
/// <param name="Approvals">SHA-256 of the statements of the <see cref="FirmwareApproval"/>s.</param>
/// <param name="Reason">In words where it is not approved, up to 512 characters.</param>
public sealed record FirmwareStanding(FirmwareState State, IReadOnlyList<ReadOnlyMemory<byte>> Approvals, string? Reason)
{
    private const int MaxApprovals = 16;

    private static readonly (FirmwareState, string)[] States =
        [(FirmwareState.Unknown, "unknown"), (FirmwareState.Unapproved, "unapproved"), (FirmwareState.Approved, "approved")];

    /// <summary>The name of a state on the wire.</summary>
    public static string NameOf(FirmwareState state) => Wire.NameOf(States, state);

    internal CborMap ToCbor() => CborMap.Of(("state", NameOf(State)), ("approvals", Document.Hashes(Approvals)), ("reason", Document.Text(Reason)));

    internal static FirmwareStanding Read(CborFields fields)
    {
        var standing = new FirmwareStanding(fields.Choice("state", States), fields.Hashes("approvals", MaxApprovals), fields.OptionalText("reason", 512));
        if (standing.State == FirmwareState.Approved && standing.Approvals.Count < 2)
        {
            fields.Refuse("approvals", "firmware is approved by two officers");
        }
        return standing;
    }
}

/// <summary>Lowest, highest and mean value of one sensor between start and end of a print.</summary>
/// <param name="Min">Lowest, in <paramref name="Unit"/>.</param>
/// <param name="Max">Highest.</param>
/// <param name="Mean">Between the two.</param>
/// <param name="Unit">Such as °C, % or ppm.</param>
/// <param name="Samples">How many values, at least one.</param>
public sealed record SensorRange(double Min, double Max, double Mean, string Unit, long Samples)
{
    internal CborMap ToCbor() => CborMap.Of(("min", Min), ("max", Max), ("mean", Mean), ("unit", Unit), ("samples", Samples));

    internal static SensorRange Read(CborFields fields)
    {
        var range = new SensorRange(fields.Number("min"), fields.Number("max"), fields.Number("mean"), fields.Text("unit", 16), fields.Integer("samples", 1));
        if (!(range.Min <= range.Mean && range.Mean <= range.Max))
        {
            fields.Refuse("mean", "not between min and max");
        }
        return range;
    }
}

/// <summary>On whose behalf the vault signed: an operator, as the customer's identity provider knows him, with a session that the key of the token binds to this bundle.</summary>
/// <param name="Idp">The identity provider: the issuer of the session token.</param>
/// <param name="Subject">The operator: the subject of the session token.</param>
/// <param name="TokenSha256">SHA-256 of the session token.</param>
/// <param name="Signature">The vault's primary key over <see cref="Message"/>, 64 bytes.</param>
public sealed record OperatorBinding(string Idp, string Subject, ReadOnlyMemory<byte> TokenSha256, ReadOnlyMemory<byte> Signature)
{
    private static readonly byte[] Context = "touchmark operator v1"u8.ToArray();

    /// <summary>Most <see cref="Roles"/>, and the longest, characters.</summary>
    public const int MaxRoles = 16, MaxRole = 64;

    /// <summary>The operator's roles by the identity provider's word; empty where it says none.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>What is signed: "touchmark operator v1" || SHA-256 of the session token || bundle id (16 bytes, big-endian).</summary>
    public static byte[] Message(ReadOnlySpan<byte> tokenSha256, Guid bundleId) => [.. Context, .. tokenSha256, .. bundleId.ToByteArray(bigEndian: true)];

    internal CborMap ToCbor() => CborMap.Of(("idp", Idp), ("subject", Subject), ("token_sha256", TokenSha256), ("signature", Signature), ("roles", Roles.Count > 0 ? Document.Texts(Roles) : null));

    internal static OperatorBinding Read(CborFields fields) => new(fields.Text("idp"), fields.Text("subject"), fields.Bytes("token_sha256", 32), fields.Bytes("signature", 64))
    {
        Roles = fields.OptionalTexts("roles", MaxRoles, MaxRole),
    };
}

/// <summary>The twin that the part is the as-built of.</summary>
/// <param name="TwinId">Its id.</param>
/// <param name="DraftSha256">SHA-256 of the statement of its draft.</param>
public sealed record TwinReference(Guid TwinId, ReadOnlyMemory<byte> DraftSha256)
{
    internal CborMap ToCbor() => CborMap.Of(("twin_id", Document.Id(TwinId)), ("draft_sha256", DraftSha256));

    internal static TwinReference Read(CborFields fields) => new(fields.Id("twin_id"), fields.Bytes("draft_sha256", 32));
}

/// <summary>Where the keys were that signed: said again in every bundle, so that nobody has to look it up.</summary>
/// <param name="Primary">Of the Ed25519 or ES256 key.</param>
/// <param name="Shadow">Of the ML-DSA-65 key.</param>
public sealed record KeyCustodies(KeyCustody Primary, KeyCustody Shadow)
{
    internal CborMap ToCbor() => CborMap.Of(("primary", VaultKey.NameOf(Primary)), ("shadow", VaultKey.NameOf(Shadow)));

    internal static KeyCustodies Read(CborFields fields) => new(fields.Choice("primary", VaultKey.Custodies), fields.Choice("shadow", VaultKey.Custodies));
}

/// <summary>A model that judged.</summary>
/// <param name="Name">Such as <c>sensor-anomaly</c>.</param>
/// <param name="Version">Its version.</param>
/// <param name="Sha256">Of the model as it was stored.</param>
public sealed record ReviewModel(string Name, string Version, ReadOnlyMemory<byte> Sha256)
{
    internal CborMap ToCbor() => CborMap.Of(("name", Name), ("version", Version), ("sha256", Sha256));

    internal static ReviewModel Read(CborFields fields) => new(fields.Text("name", 64), fields.Text("version", 64), fields.Bytes("sha256", 32));
}

/// <summary>One thing that a signal was found by.</summary>
/// <param name="Name">Such as a channel.</param>
/// <param name="Value">With its unit, up to 256 characters.</param>
public sealed record SignalEvidence(string Name, string Value);

/// <summary>What a model thought of the print. It never decides whether a bundle is valid.</summary>
/// <param name="Name">Such as <c>sensor-anomaly</c>.</param>
/// <param name="Score">0 (as always) to 1.</param>
/// <param name="Reason">In words, up to 512 characters.</param>
/// <param name="Evidence">Most telling first.</param>
public sealed record ReviewSignal(string Name, double Score, string Reason, IReadOnlyList<SignalEvidence> Evidence)
{
    private const int MaxEvidence = 32;

    internal CborMap ToCbor() => CborMap.Of(
        ("name", Name), ("score", Score), ("reason", Reason),
        ("evidence", new CborArray([.. Evidence.Select(item => CborMap.Of(("name", item.Name), ("value", item.Value)))])));

    internal static ReviewSignal Read(CborFields fields) => new(
        fields.Text("name", 64), fields.Number("score", 0, 1), fields.Text("reason", 512),
        fields.Maps("evidence", MaxEvidence, item => new SignalEvidence(item.Text("name", 128), item.Text("value"))));
}
