using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents.Vault;

/// <summary>
/// What one print job was: what the printer was told to do, in what context, by whose authority. Signed by the vault beside the printer (spec/bundle.md).
/// Its mode is <c>normal</c> exactly when <see cref="DegradedReasons"/> is empty.
/// </summary>
public sealed record EvidenceBundle : IDocument<EvidenceBundle>
{
    /// <summary>Longest <see cref="JobId"/>, characters.</summary>
    public const int MaxJobId = 128;

    /// <summary>Most channels of <see cref="SensorEnvelope"/>.</summary>
    public const int MaxChannels = 64;

    private const int MaxReasons = 32;
    private const int MaxSignals = 16;

    private static readonly (bool IsDegraded, string Name)[] Modes = [(false, "normal"), (true, "degraded")];

    public static string ContentType => "application/vnd.touchmark.evidence-bundle+cbor";

    public required Guid BundleId { get; init; }

    public required string CustomerId { get; init; }

    public required Guid PrinterId { get; init; }

    public required Guid VaultId { get; init; }

    public required DateTimeOffset SignedAt { get; init; }

    /// <summary>The token's counter, from 1: no two bundles of a vault have the same.</summary>
    public required long MachineCounter { get; init; }

    /// <summary>SHA-256 of the statement of the vault's bundle before; null for its first.</summary>
    public ReadOnlyMemory<byte>? Previous { get; init; }

    /// <summary>The caller's name of the job: one job is one bundle.</summary>
    public required string JobId { get; init; }

    /// <summary>SHA-256 of the canonical G-code (spec/gcode.md).</summary>
    public required ReadOnlyMemory<byte> GCodeSha256 { get; init; }

    /// <summary>Length of the canonical G-code, bytes.</summary>
    public required long GCodeBytes { get; init; }

    public required SlicerAttest SlicerAttest { get; init; }

    /// <summary>SHA-256 of the firmware that the printer ran; null where it could not be read.</summary>
    public ReadOnlyMemory<byte>? FirmwareSha256 { get; init; }

    public required FirmwareStanding Firmware { get; init; }

    /// <summary>By channel: chamber, humidity, oxygen, or any other name of up to 64 characters.</summary>
    public required IReadOnlyDictionary<string, SensorRange> SensorEnvelope { get; init; }

    public OperatorBinding? OperatorBinding { get; init; }

    public TwinReference? TwinCertRef { get; init; }

    /// <summary>Why the vault's mode was degraded, in words; empty when it was normal.</summary>
    public required IReadOnlyList<string> DegradedReasons { get; init; }

    public required KeyCustodies KeyCustody { get; init; }

    public required IReadOnlyList<ReviewModel> Models { get; init; }

    public required IReadOnlyList<ReviewSignal> Signals { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public string? Material { get; init; }

    public string? Note { get; init; }

    public bool IsDegraded => DegradedReasons.Count > 0;

    public string Subject => $"evidence-bundle/{BundleId:D}";

    public CborMap ToCbor() => CborMap.Of(
        ("bundle_id", Document.Id(BundleId)),
        ("customer_id", CustomerId),
        ("printer_id", Document.Id(PrinterId)),
        ("vault_id", Document.Id(VaultId)),
        ("signed_at", Document.Time(SignedAt)),
        ("machine_counter", MachineCounter),
        ("previous", Document.Bytes(Previous)),
        ("job_id", JobId),
        ("gcode_sha256", GCodeSha256),
        ("gcode_bytes", GCodeBytes),
        ("slicer_attest", SlicerAttest.ToCbor()),
        ("firmware_sha256", Document.Bytes(FirmwareSha256)),
        ("firmware", Firmware.ToCbor()),
        ("sensor_envelope", new CborMap([.. SensorEnvelope.Select(channel => new KeyValuePair<CborValue, CborValue>(channel.Key, channel.Value.ToCbor()))])),
        ("operator_binding", OperatorBinding?.ToCbor()),
        ("twincert_ref", TwinCertRef?.ToCbor()),
        ("mode", IsDegraded ? "degraded" : "normal"),
        ("reasons", Document.Texts(DegradedReasons)),
        ("key_custody", KeyCustody.ToCbor()),
        ("models", new CborArray([.. Models.Select(model => model.ToCbor())])),
        ("signals", new CborArray([.. Signals.Select(signal => signal.ToCbor())])),
        ("started_at", Document.Time(StartedAt)),
        ("ended_at", Document.Time(EndedAt)),
        ("material", Document.Text(Material)),
        ("note", Document.Text(Note)));

    public static EvidenceBundle Read(CborFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var bundle = new EvidenceBundle
        {
            BundleId = fields.Id("bundle_id"),
            CustomerId = Issuers.ReadCustomerId(fields),
            PrinterId = fields.Id("printer_id"),
            VaultId = fields.Id("vault_id"),
            SignedAt = fields.Time("signed_at"),
            MachineCounter = fields.Integer("machine_counter", 1),
            Previous = fields.OptionalBytes("previous", 32, 32),
            JobId = fields.Text("job_id", MaxJobId),
            GCodeSha256 = fields.Bytes("gcode_sha256", 32),
            GCodeBytes = fields.Integer("gcode_bytes"),
            SlicerAttest = fields.Map("slicer_attest", SlicerAttest.Read),
            FirmwareSha256 = fields.OptionalBytes("firmware_sha256", 32, 32),
            Firmware = fields.Map("firmware", FirmwareStanding.Read),
            SensorEnvelope = fields.Named("sensor_envelope", MaxChannels, 64, SensorRange.Read),
            OperatorBinding = fields.OptionalMap("operator_binding", OperatorBinding.Read),
            TwinCertRef = fields.OptionalMap("twincert_ref", TwinReference.Read),
            DegradedReasons = fields.Texts("reasons", MaxReasons, 512),
            KeyCustody = fields.Map("key_custody", KeyCustodies.Read),
            Models = fields.Maps("models", MaxSignals, ReviewModel.Read),
            Signals = fields.Maps("signals", MaxSignals, ReviewSignal.Read),
            StartedAt = fields.OptionalTime("started_at"),
            EndedAt = fields.OptionalTime("ended_at"),
            Material = fields.OptionalText("material"),
            Note = fields.OptionalText("note", 1024),
        };
        bundle.CheckTogether(fields, fields.Choice("mode", Modes));
        return bundle;
    }

    /// <summary>What only shows in several fields.</summary>
    private void CheckTogether(CborFields fields, bool isDegraded)
    {
        if (isDegraded != IsDegraded)
        {
            fields.Refuse("mode", "degraded with reasons, or normal without");
        }
        if (Previous is not null && MachineCounter == 1)
        {
            fields.Refuse("previous", "there although this is the first bundle");
        }
        if (FirmwareSha256 is null != (Firmware.State == FirmwareState.Unknown))
        {
            fields.Refuse("firmware_sha256", "the firmware is unknown exactly when it has no hash");
        }
        if (Firmware.State != FirmwareState.Approved && !IsDegraded)
        {
            fields.Refuse("mode", "normal although the firmware is not approved");
        }
        if (EndedAt < StartedAt)
        {
            fields.Refuse("ended_at", "before started_at");
        }
    }
}
