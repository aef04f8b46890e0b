using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents;

/// <summary>Parts are called back. What it covers has to be all of what is named here, and at least one thing is. Signed by the registry.</summary>
public sealed record Recall : IDocument<Recall>
{
    public static string ContentType => "application/vnd.touchmark.recall+cbor";

    public required Guid RecallId { get; init; }

    /// <summary>Organisation that called for it.</summary>
    public required string By { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>What is wrong and what to do, up to 1,024 characters.</summary>
    public required string Reason { get; init; }

    /// <summary>Parts of this design.</summary>
    public Guid? DesignId { get; init; }

    /// <summary>Parts printed under this licence: a batch.</summary>
    public Guid? LicenceId { get; init; }

    /// <summary>Parts of this printer.</summary>
    public Guid? PrinterId { get; init; }

    /// <summary>Parts whose print ended at this time or later.</summary>
    public DateTimeOffset? PrintedFrom { get; init; }

    /// <summary>Parts whose print started at this time or earlier.</summary>
    public DateTimeOffset? PrintedTo { get; init; }

    /// <summary>Parts of this material, without regard to upper and lower case.</summary>
    public string? Material { get; init; }

    public string Subject => $"recall/{RecallId:D}";

    /// <summary>Whether the part that this certificate is about is recalled.</summary>
    public bool Covers(PrintCertificate certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return (DesignId ?? certificate.DesignId) == certificate.DesignId
            && (LicenceId ?? certificate.LicenceId) == certificate.LicenceId
            && (PrinterId ?? certificate.PrinterId) == certificate.PrinterId
            && !(certificate.EndedAt < PrintedFrom)
            && !(certificate.StartedAt > PrintedTo)
            && string.Equals(Material ?? certificate.Material, certificate.Material, StringComparison.OrdinalIgnoreCase);
    }

    public CborMap ToCbor() => CborMap.Of(
        ("recall_id", Document.Id(RecallId)),
        ("by", By),
        ("at", Document.Time(At)),
        ("reason", Reason),
        ("design_id", DesignId is { } design ? Document.Id(design) : null),
        ("licence_id", LicenceId is { } licence ? Document.Id(licence) : null),
        ("printer_id", PrinterId is { } printer ? Document.Id(printer) : null),
        ("printed_from", Document.Time(PrintedFrom)),
        ("printed_to", Document.Time(PrintedTo)),
        ("material", Document.Text(Material)));

    public static Recall Read(CborFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var recall = new Recall
        {
            RecallId = fields.Id("recall_id"),
            By = fields.Text("by"),
            At = fields.Time("at"),
            Reason = fields.Text("reason", 1024),
            DesignId = fields.OptionalId("design_id"),
            LicenceId = fields.OptionalId("licence_id"),
            PrinterId = fields.OptionalId("printer_id"),
            PrintedFrom = fields.OptionalTime("printed_from"),
            PrintedTo = fields.OptionalTime("printed_to"),
            Material = fields.OptionalText("material"),
        };
        if (recall is { DesignId: null, LicenceId: null, PrinterId: null, PrintedFrom: null, PrintedTo: null, Material: null })
        {
            fields.Refuse("design_id", "the recall names nothing that it covers");
        }
        if (recall.PrintedTo < recall.PrintedFrom)
        {
            fields.Refuse("printed_to", "before printed_from");
        }
        return recall;
    }
}
