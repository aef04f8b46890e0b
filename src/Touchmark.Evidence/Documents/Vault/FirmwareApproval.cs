using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents.Vault;

/// <summary>An officer approves a firmware image. Two different officers' approvals of one image make it approved.</summary>
public sealed record FirmwareApproval : IDocument<FirmwareApproval>
{
    /// <summary>Most printers that one approval names.</summary>
    public const int MaxPrinters = 1024;

    public static string ContentType => "application/vnd.touchmark.firmware-approval+cbor";

    public required Guid ApprovalId { get; init; }

    public required string CustomerId { get; init; }

    /// <summary>SHA-256 as posture and bundles tell it.</summary>
    public required ReadOnlyMemory<byte> ImageSha256 { get; init; }

    public required string Name { get; init; }

    public required string Version { get; init; }

    /// <summary>The board that it is for.</summary>
    public string? Board { get; init; }

    /// <summary>Printers that may run it; none named means all.</summary>
    public IReadOnlyList<Guid> PrinterIds { get; init; } = [];

    public required DateTimeOffset ApprovedAt { get; init; }

    public string Subject => $"firmware-approval/{ApprovalId:D}";

    /// <summary>Whether it lets this printer run the image.</summary>
    public bool Covers(ReadOnlySpan<byte> imageSha256, Guid printerId) => ImageSha256.Span.SequenceEqual(imageSha256) && (PrinterIds.Count == 0 || PrinterIds.Contains(printerId));

    public CborMap ToCbor() => CborMap.Of(
        ("approval_id", Document.Id(ApprovalId)),
        ("customer_id", CustomerId),
        ("image_sha256", ImageSha256),
        ("name", Name),
        ("version", Version),
        ("board", Document.Text(Board)),
        ("printer_ids", Document.Ids(PrinterIds)),
        ("approved_at", Document.Time(ApprovedAt)));

    public static FirmwareApproval Read(CborFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        return new FirmwareApproval
        {
            ApprovalId = fields.Id("approval_id"),
            CustomerId = Issuers.ReadCustomerId(fields),
            ImageSha256 = fields.Bytes("image_sha256", 32),
            Name = fields.Text("name"),
            Version = fields.Text("version"),
            Board = fields.OptionalText("board"),
            PrinterIds = fields.Ids("printer_ids", MaxPrinters),
            ApprovedAt = fields.Time("approved_at"),
        };
    }
}
