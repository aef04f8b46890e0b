using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents.Vault;

/// <summary>The part as it was designed.</summary>
/// <param name="ModelSha256">Of the model file.</param>
public sealed record AsDesigned(ReadOnlyMemory<byte> ModelSha256)
{
    /// <summary>Of the print profile.</summary>
    public ReadOnlyMemory<byte>? ProfileSha256 { get; init; }

    public string? Name { get; init; }

    public string? Revision { get; init; }

    internal CborMap ToCbor() => CborMap.Of(
        ("model_sha256", ModelSha256), ("profile_sha256", Document.Bytes(ProfileSha256)), ("name", Document.Text(Name)), ("revision", Document.Text(Revision)));

    internal static AsDesigned Read(CborFields fields) => new(fields.Bytes("model_sha256", 32))
    {
        ProfileSha256 = fields.OptionalBytes("profile_sha256", 32, 32),
        Name = fields.OptionalText("name"),
        Revision = fields.OptionalText("revision"),
    };
}

/// <summary>The part as it was sliced.</summary>
/// <param name="GCodeSha256">Of the canonical G-code.</param>
/// <param name="Slicer">Name and version.</param>
public sealed record AsSliced(ReadOnlyMemory<byte> GCodeSha256, string Slicer)
{
    internal CborMap ToCbor() => CborMap.Of(("gcode_sha256", GCodeSha256), ("slicer", Slicer));

    internal static AsSliced Read(CborFields fields) => new(fields.Bytes("gcode_sha256", 32), fields.Text("slicer"));
}

/// <summary>The part as it was built.</summary>
/// <param name="BundleSha256">SHA-256 of the statement of the <see cref="EvidenceBundle"/>.</param>
/// <param name="BundleId">Its id.</param>
/// <param name="PartId">The name of the part, where it has one.</param>
public sealed record AsBuilt(ReadOnlyMemory<byte> BundleSha256, Guid BundleId, Parts.PartId? PartId)
{
    internal CborMap ToCbor() => CborMap.Of(("bundle_sha256", BundleSha256), ("bundle_id", Document.Id(BundleId)), ("part_id", Document.Text(PartId?.Value)));

    internal static AsBuilt Read(CborFields fields) =>
        new(fields.Bytes("bundle_sha256", 32), fields.Id("bundle_id"), fields.Has("part_id") ? Parts.PartId.Read(fields, "part_id") : null);
}

/// <summary>
/// The digital twin of one part: as designed, as sliced, as built. First a draft; the bundle of its print completes it. Signed by the vault (spec/bundle.md).
/// It is a completion exactly when <see cref="DraftSha256"/> is there.
/// </summary>
public sealed record TwinCertificate : IDocument<TwinCertificate>
{
    private static readonly (bool IsComplete, string Name)[] States = [(false, "draft"), (true, "complete")];

    public static string ContentType => "application/vnd.touchmark.twin-certificate+cbor";

    /// <summary>Draft and completion have the same.</summary>
    public required Guid TwinId { get; init; }

    public required string CustomerId { get; init; }

    public required DateTimeOffset MadeAt { get; init; }

    public required AsDesigned AsDesigned { get; init; }

    /// <summary>Of a completion always; of a draft where the slice is known already.</summary>
    public AsSliced? AsSliced { get; init; }

    /// <summary>Of a completion, and only there.</summary>
    public AsBuilt? AsBuilt { get; init; }

    /// <summary>SHA-256 of the statement of the draft: of a completion, and only there.</summary>
    public ReadOnlyMemory<byte>? DraftSha256 { get; init; }

    public bool IsComplete => DraftSha256 is not null;

    public string Subject => $"twin-certificate/{TwinId:D}";

    public CborMap ToCbor() => CborMap.Of(
        ("twin_id", Document.Id(TwinId)),
        ("customer_id", CustomerId),
        ("state", IsComplete ? "complete" : "draft"),
        ("made_at", Document.Time(MadeAt)),
        ("as_designed", AsDesigned.ToCbor()),
        ("as_sliced", AsSliced?.ToCbor()),
        ("as_built", AsBuilt?.ToCbor()),
        ("draft_sha256", Document.Bytes(DraftSha256)));

    public static TwinCertificate Read(CborFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var twin = new TwinCertificate
        {
            TwinId = fields.Id("twin_id"),
            CustomerId = Issuers.ReadCustomerId(fields),
            MadeAt = fields.Time("made_at"),
            AsDesigned = fields.Map("as_designed", AsDesigned.Read),
            AsSliced = fields.OptionalMap("as_sliced", AsSliced.Read),
            AsBuilt = fields.OptionalMap("as_built", AsBuilt.Read),
            DraftSha256 = fields.OptionalBytes("draft_sha256", 32, 32),
        };
        var isComplete = fields.Choice("state", States);
        if (isComplete != twin.IsComplete || isComplete != twin.AsBuilt is not null)
        {
            fields.Refuse("state", "a completion has as_built and draft_sha256, a draft neither");
        }
        if (isComplete && twin.AsSliced is null)
        {
            fields.Refuse("as_sliced", "missing");
        }
        return twin;
    }
}
