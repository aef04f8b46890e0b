using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents.Vault;

/// <summary>A reviewer accepts or rejects what a model found in a bundle. Signed by the vault, on the reviewer's behalf.</summary>
public sealed record FindingReview : IDocument<FindingReview>
{
    private static readonly (bool Accepts, string Name)[] Decisions = [(true, "accept"), (false, "reject")];

    public static string ContentType => "application/vnd.touchmark.finding-review+cbor";

    public required Guid ReviewId { get; init; }

    public required string CustomerId { get; init; }

    /// <summary>SHA-256 of the statement of the bundle.</summary>
    public required ReadOnlyMemory<byte> BundleSha256 { get; init; }

    /// <summary>Its id.</summary>
    public required Guid BundleId { get; init; }

    /// <summary>The name of the signal.</summary>
    public required string Signal { get; init; }

    /// <summary>Whether the reviewer takes the finding for right.</summary>
    public required bool Accepts { get; init; }

    /// <summary>In the reviewer's words, up to 1,024 characters.</summary>
    public required string Comment { get; init; }

    /// <summary>Who: the subject of the reviewer's token or account.</summary>
    public required string Reviewer { get; init; }

    public required DateTimeOffset At { get; init; }

    public string Subject => $"finding-review/{ReviewId:D}";

    public CborMap ToCbor() => CborMap.Of(
        ("review_id", Document.Id(ReviewId)),
        ("customer_id", CustomerId),
        ("bundle_sha256", BundleSha256),
        ("bundle_id", Document.Id(BundleId)),
        ("signal", Signal),
        ("decision", Accepts ? "accept" : "reject"),
        ("comment", Comment),
        ("reviewer", Reviewer),
        ("at", Document.Time(At)));

    public static FindingReview Read(CborFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        return new FindingReview
        {
            ReviewId = fields.Id("review_id"),
            CustomerId = Issuers.ReadCustomerId(fields),
            BundleSha256 = fields.Bytes("bundle_sha256", 32),
            BundleId = fields.Id("bundle_id"),
            Signal = fields.Text("signal", 64),
            Accepts = fields.Choice("decision", Decisions),
            Comment = fields.Text("comment", 1024),
            Reviewer = fields.Text("reviewer"),
            At = fields.Time("at"),
        };
    }
}
