using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Parts;

namespace Touchmark.Evidence.Documents;

/// <summary>How a print ended. The names on the wire are frozen.</summary>
public enum PrintResult
{
    /// <summary>Every segment was sent and telemetry confirmed its execution.</summary>
    Completed,

    /// <summary>A person cancelled it.</summary>
    Cancelled,

    /// <summary>The licence was revoked while it ran.</summary>
    Revoked,

    /// <summary>Printer, gateway, engine or network failed; <see cref="PrintCertificate.ResultReason"/> tells.</summary>
    Failed,

    /// <summary>Telemetry did not match what the segments had to cause.</summary>
    ProxySuspected,
}

/// <summary>The largest amount of toolpath that ever was outside the engine and not yet executed.</summary>
/// <param name="MotionS">Motion time, s.</param>
/// <param name="Segments">Segments.</param>
public sealed record Exposure(double MotionS, long Segments);

/// <summary>Lowest and highest temperature that the printer reported for one heater between start and end, °C.</summary>
/// <param name="Heater">Klipper's name of it, <c>extruder</c> or <c>heater_bed</c>.</param>
/// <param name="MinC">Lowest, °C.</param>
/// <param name="MaxC">Highest, °C.</param>
public sealed record TemperatureRange(string Heater, double MinC, double MaxC);

/// <summary>A change beside the toolpath while it printed.</summary>
/// <param name="At">When it was seen.</param>
/// <param name="What">Name of the value: <see cref="SpeedFactor"/>, or such as <c>nozzle_target_c</c>.</param>
/// <param name="From">Value before.</param>
/// <param name="To">Value after.</param>
/// <param name="By"><see cref="ByEngine"/>, <see cref="ByToolpath"/>, or <c>printer</c>: somebody at the printer. Null in certificates of before there was a choice, which meant the latter.</param>
/// <param name="Why">A sentence, where there is one.</param>
public sealed record Adjustment(DateTimeOffset At, string What, double From, double To, string? By = null, string? Why = null)
{
    /// <summary>The engine ordered it, within the licence's limits.</summary>
    public const string ByEngine = "engine";

    /// <summary>The toolpath set a target of its own where the engine had trimmed one: the trim is over.</summary>
    public const string ByToolpath = "toolpath";

    /// <summary>The share of the planned feed at which it prints, 1: all of it.</summary>
    public const string SpeedFactor = "speed_factor";
}

/// <summary>Random challenges that the engine put into the toolpath. Those that are neither answered nor missed could not be judged.</summary>
public sealed record Challenges(long Asked, long Answered, long Missed);

/// <summary>Something that the engine or the gateway noticed and that did not end the print.</summary>
/// <param name="At">When it was noticed.</param>
/// <param name="Code">Stable code.</param>
/// <param name="Text">A sentence for people, with the figures.</param>
public sealed record Alert(DateTimeOffset At, string Code, string Text);

/// <summary>Where the vault beside the printer told of a job.</summary>
/// <param name="BundleSha256">SHA-256 of the statement of the <see cref="Vault.EvidenceBundle"/>.</param>
/// <param name="VaultId">The vault that signed it.</param>
public sealed record VaultReference(ReadOnlyMemory<byte> BundleSha256, Guid VaultId);

/// <summary>What one print was: of which design, under which licence, on which machine, when, how, and how it ended.</summary>
public sealed record PrintCertificate : IDocument<PrintCertificate>
{
    /// <summary>Bytes of one segment IV (protocol.md).</summary>
    public const int IvLength = 12;

    private const int MaxSegments = 1_000_000;

    private static readonly (PrintResult, string)[] Results =
    [
        (PrintResult.Completed, "completed"), (PrintResult.Cancelled, "cancelled"), (PrintResult.Revoked, "revoked"),
        (PrintResult.Failed, "failed"), (PrintResult.ProxySuspected, "proxy_suspected"),
    ];

    public static string ContentType => "application/vnd.touchmark.print-certificate+cbor";

    public required Guid CertificateId { get; init; }

    public required Guid SessionId { get; init; }

    public required Guid JobId { get; init; }

    /// <summary>Name of the design, as its owner wrote it.</summary>
    public required string PartName { get; init; }

    public required string Material { get; init; }

    public required string Quality { get; init; }

    /// <summary>Organisation that owns the design.</summary>
    public required string Owner { get; init; }

    /// <summary>Organisation that printed.</summary>
    public required string Manufacturer { get; init; }

    public required Guid PrinterId { get; init; }

    public required string PrinterName { get; init; }

    public required string PrinterModel { get; init; }

    /// <summary>SHA-256 of the stable identifiers of the machine (protocol.md, Enrolment).</summary>
    public required ReadOnlyMemory<byte> MachineId { get; init; }

    /// <summary>SHA-256 of the machine identity profile that bound the session keys.</summary>
    public required ReadOnlyMemory<byte> ProfileSha256 { get; init; }

    public required Guid LicenceId { get; init; }

    /// <summary>Which of the licence's prints this was, from 1.</summary>
    public required long PrintNumber { get; init; }

    public required Guid DesignId { get; init; }

    /// <summary>SHA-256 of the model file.</summary>
    public required ReadOnlyMemory<byte> DesignSha256 { get; init; }

    /// <summary>SHA-256 of the canonical G-code.</summary>
    public required ReadOnlyMemory<byte> SliceSha256 { get; init; }

    /// <summary>Name, version and build of the slicer.</summary>
    public required string Slicer { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset EndedAt { get; init; }

    public required PrintResult Result { get; init; }

    /// <summary>Stable code of why it ended so, unless it was completed.</summary>
    public string? ResultReason { get; init; }

    /// <summary>How gateway and engine spoke, such as <c>wss</c> or <c>ws</c> (loopback).</summary>
    public required string EngineTransport { get; init; }

    /// <summary>How gateway and printer spoke, such as <c>ws</c>, <c>wss</c> or <c>unix</c>.</summary>
    public required string PrinterTransport { get; init; }

    public required Exposure Exposure { get; init; }

    public required IReadOnlyList<TemperatureRange> Temperatures { get; init; }

    public required IReadOnlyList<Adjustment> Adjustments { get; init; }

    /// <summary>Null where none were asked.</summary>
    public Challenges? Challenges { get; init; }

    public required IReadOnlyList<Alert> Alerts { get; init; }

    /// <summary>The IV of every segment that was sent, <see cref="IvLength"/> bytes each, in order and without gaps.</summary>
    public required ReadOnlyMemory<byte> SegmentIvs { get; init; }

    /// <summary>Chain value after the last segment that was sent, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> ChainHead { get; init; }

    /// <summary>SHA-256 of the statement that holds the <see cref="LicenceGrant"/>.</summary>
    public required ReadOnlyMemory<byte> LicenceStatement { get; init; }

    /// <summary>SHA-256 of the statement that holds the <see cref="PrinterEnrolment"/>.</summary>
    public required ReadOnlyMemory<byte> EnrolmentStatement { get; init; }

    /// <summary>SHA-256 of the statement that holds the <see cref="SliceRecord"/>.</summary>
    public required ReadOnlyMemory<byte> SliceStatement { get; init; }

    /// <summary>The name of the part that was printed; null where it was given none.</summary>
    public PartId? PartId { get; init; }

    /// <summary>The bundle that the vault beside the printer signed of this job; null where there was no vault.</summary>
    public VaultReference? Vault { get; init; }

    /// <summary>Number of segments that were sent.</summary>
    public long Segments => SegmentIvs.Length / IvLength;

    public string Subject => $"print-certificate/{CertificateId:D}";

    /// <summary>The name of a result on the wire, in JSON and for people.</summary>
    public static string NameOf(PrintResult result) => Wire.NameOf(Results, result);

    public CborMap ToCbor() => CborMap.Of(
        ("certificate_id", Document.Id(CertificateId)),
        ("session_id", Document.Id(SessionId)),
        ("job_id", Document.Id(JobId)),
        ("part_name", PartName),
        ("material", Material),
        ("quality", Quality),
        ("owner", Owner),
        ("manufacturer", Manufacturer),
        ("printer_id", Document.Id(PrinterId)),
        ("printer_name", PrinterName),
        ("printer_model", PrinterModel),
        ("machine_id", MachineId),
        ("profile_sha256", ProfileSha256),
        ("licence_id", Document.Id(LicenceId)),
        ("print_number", PrintNumber),
        ("design_id", Document.Id(DesignId)),
        ("design_sha256", DesignSha256),
        ("slice_sha256", SliceSha256),
        ("slicer", Slicer),
        ("started_at", Document.Time(StartedAt)),
        ("ended_at", Document.Time(EndedAt)),
        ("result", NameOf(Result)),
        ("result_reason", Document.Text(ResultReason)),
        ("engine_transport", EngineTransport),
        ("printer_transport", PrinterTransport),
        ("exposure", CborMap.Of(("motion_s", Exposure.MotionS), ("segments", Exposure.Segments))),
        ("temperatures", new CborArray([.. Temperatures.Select(range => CborMap.Of(("heater", range.Heater), ("min_c", range.MinC), ("max_c", range.MaxC)))])),
        ("adjustments", new CborArray([.. Adjustments.Select(change =>
            CborMap.Of(("at", Document.Time(change.At)), ("what", change.What), ("from", change.From), ("to", change.To),
                ("by", Document.Text(change.By)), ("why", Document.Text(change.Why))))])),
        ("challenges", Challenges is { } asked ? CborMap.Of(("asked", asked.Asked), ("answered", asked.Answered), ("missed", asked.Missed)) : null),
        ("alerts", new CborArray([.. Alerts.Select(alert => CborMap.Of(("at", Document.Time(alert.At)), ("code", alert.Code), ("text", alert.Text)))])),
        ("segment_ivs", SegmentIvs),
        ("chain_head", ChainHead),
        ("licence_statement", LicenceStatement),
        ("enrolment_statement", EnrolmentStatement),
        ("slice_statement", SliceStatement),
        ("part_id", Document.Text(PartId?.Value)),
        ("vault", Vault is { } vault ? CborMap.Of(("bundle_sha256", vault.BundleSha256), ("vault_id", Document.Id(vault.VaultId))) : null));

    public static PrintCertificate Read(CborFields fields)
    {
        var certificate = new PrintCertificate
        {
            CertificateId = fields.Id("certificate_id"),
            SessionId = fields.Id("session_id"),
            JobId = fields.Id("job_id"),
            PartName = fields.Text("part_name"),
            Material = fields.Text("material"),
            Quality = fields.Text("quality"),
            Owner = fields.Text("owner"),
            Manufacturer = fields.Text("manufacturer"),
            PrinterId = fields.Id("printer_id"),
            PrinterName = fields.Text("printer_name"),
            PrinterModel = fields.Text("printer_model"),
            MachineId = fields.Bytes("machine_id", 32),
            ProfileSha256 = fields.Bytes("profile_sha256", 32),
            LicenceId = fields.Id("licence_id"),
            PrintNumber = fields.Integer("print_number", 1),
            DesignId = fields.Id("design_id"),
            DesignSha256 = fields.Bytes("design_sha256", 32),
            SliceSha256 = fields.Bytes("slice_sha256", 32),
            Slicer = fields.Text("slicer"),
            StartedAt = fields.Time("started_at"),
            EndedAt = fields.Time("ended_at"),
            Result = fields.Choice("result", Results),
            ResultReason = fields.OptionalText("result_reason"),
            EngineTransport = fields.Text("engine_transport"),
            PrinterTransport = fields.Text("printer_transport"),
            Exposure = fields.Map("exposure", exposure => new Exposure(exposure.Number("motion_s", 0), exposure.Integer("segments"))),
            Temperatures = fields.Maps("temperatures", 64, range => new TemperatureRange(range.Text("heater"), range.Number("min_c"), range.Number("max_c"))),
            Adjustments = fields.Maps("adjustments", 4096, change =>
                new Adjustment(change.Time("at"), change.Text("what"), change.Number("from"), change.Number("to"), change.OptionalText("by"), change.OptionalText("why"))),
            Challenges = fields.OptionalMap("challenges", asked => new Challenges(asked.Integer("asked"), asked.Integer("answered"), asked.Integer("missed"))),
            Alerts = fields.Maps("alerts", 4096, alert => new Alert(alert.Time("at"), alert.Text("code"), alert.Text("text", 1024))),
            SegmentIvs = fields.Bytes("segment_ivs", 0, IvLength * MaxSegments),
            ChainHead = fields.Bytes("chain_head", 32),
            LicenceStatement = fields.Bytes("licence_statement", 32),
            EnrolmentStatement = fields.Bytes("enrolment_statement", 32),
            SliceStatement = fields.Bytes("slice_statement", 32),
            PartId = fields.Has("part_id") ? PartId.Read(fields, "part_id") : null,
            Vault = fields.OptionalMap("vault", vault => new VaultReference(vault.Bytes("bundle_sha256", 32), vault.Id("vault_id"))),
        };
        if (certificate.SegmentIvs.Length % IvLength != 0)
        {
            fields.Refuse("segment_ivs", $"not a multiple of {IvLength} bytes");
        }
        if (certificate.EndedAt < certificate.StartedAt)
        {
            fields.Refuse("ended_at", "before started_at");
        }
        return certificate;
    }
}
