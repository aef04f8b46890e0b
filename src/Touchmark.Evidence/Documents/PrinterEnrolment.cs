using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents;

/// <summary>A printer and the gateway beside it became known to the engine.</summary>
public sealed record PrinterEnrolment : IDocument<PrinterEnrolment>
{
    /// <summary>Bytes of an uncompressed P-256 point (SEC 1, section 2.3.3).</summary>
    public const int DeviceKeyLength = 65;

    private const int MaxMeasured = 8;

    public static string ContentType => "application/vnd.touchmark.printer-enrolment+cbor";

    public required Guid PrinterId { get; init; }

    public required string PrinterName { get; init; }

    public required string PrinterModel { get; init; }

    /// <summary>Organisation that the printer belongs to.</summary>
    public required string Manufacturer { get; init; }

    /// <summary>SHA-256 of the stable identifiers of the machine.</summary>
    public required ReadOnlyMemory<byte> MachineId { get; init; }

    /// <summary>SHA-256 of the machine identity profile, as enrolled.</summary>
    public required ReadOnlyMemory<byte> ProfileSha256 { get; init; }

    /// <summary>The gateway's device key, <see cref="DeviceKeyLength"/> bytes.</summary>
    public required ReadOnlyMemory<byte> DevicePublicKey { get; init; }

    public required DateTimeOffset EnrolledAt { get; init; }

    /// <summary>What of the machine's behaviour was measured: <c>homing</c>, <c>heating</c>, <c>mesh</c>; null where the statement does not tell, empty for nothing.</summary>
    public IReadOnlyList<string>? Measured { get; init; }

    /// <summary>SHA-256 of the statement of the enrolment that this one replaces; null for a first one.</summary>
    public ReadOnlyMemory<byte>? Replaces { get; init; }

    /// <summary>Organisation that accepted the changed machine; null for a first enrolment.</summary>
    public string? AcceptedBy { get; init; }

    public string Subject => $"printer-enrolment/{PrinterId:D}";

    public CborMap ToCbor() => CborMap.Of(
        ("printer_id", Document.Id(PrinterId)),
        ("printer_name", PrinterName),
        ("printer_model", PrinterModel),
        ("manufacturer", Manufacturer),
        ("machine_id", MachineId),
        ("profile_sha256", ProfileSha256),
        ("device_public_key", DevicePublicKey),
        ("enrolled_at", Document.Time(EnrolledAt)),
        ("measured", Measured is null ? null : Document.Texts(Measured)),
        ("replaces", Replaces is { } replaced ? new CborBytes(replaced) : null),
        ("accepted_by", Document.Text(AcceptedBy)));

    public static PrinterEnrolment Read(CborFields fields) => new()
    {
        PrinterId = fields.Id("printer_id"),
        PrinterName = fields.Text("printer_name"),
        PrinterModel = fields.Text("printer_model"),
        Manufacturer = fields.Text("manufacturer"),
        MachineId = fields.Bytes("machine_id", 32),
        ProfileSha256 = fields.Bytes("profile_sha256", 32),
        DevicePublicKey = fields.Bytes("device_public_key", DeviceKeyLength),
        EnrolledAt = fields.Time("enrolled_at"),
        Measured = fields.Has("measured") ? fields.Texts("measured", MaxMeasured) : null,
        Replaces = fields.OptionalBytes("replaces", 32, 32),
        AcceptedBy = fields.OptionalText("accepted_by"),
    };
}
