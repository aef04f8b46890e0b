using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Documents;

/// <summary>A design was sliced for a printer: by what, with which settings, into which toolpath.</summary>
public sealed record SliceRecord : IDocument<SliceRecord>
{
    public static string ContentType => "application/vnd.touchmark.slice-record+cbor";

    public required Guid SliceId { get; init; }

    public required Guid DesignId { get; init; }

    /// <summary>SHA-256 of the model file.</summary>
    public required ReadOnlyMemory<byte> DesignSha256 { get; init; }

    /// <summary>SHA-256 of the canonical G-code.</summary>
    public required ReadOnlyMemory<byte> SliceSha256 { get; init; }

    public required Guid PrinterId { get; init; }

    public required string Material { get; init; }

    public required string Quality { get; init; }

    /// <summary>Name, version and build of the slicer.</summary>
    public required string Slicer { get; init; }

    /// <summary>SHA-256 of the settings that the slicer was given.</summary>
    public required ReadOnlyMemory<byte> SettingsSha256 { get; init; }

    /// <summary>Lines of canonical G-code.</summary>
    public required long Lines { get; init; }

    public required long Layers { get; init; }

    /// <summary>Estimated motion time, s.</summary>
    public required double MotionS { get; init; }

    /// <summary>Filament, mm.</summary>
    public required double FilamentMm { get; init; }

    public required DateTimeOffset SlicedAt { get; init; }

    public string Subject => $"slice-record/{SliceId:D}";

    public CborMap ToCbor() => CborMap.Of(
        ("slice_id", Document.Id(SliceId)),
        ("design_id", Document.Id(DesignId)),
        ("design_sha256", DesignSha256),
        ("slice_sha256", SliceSha256),
        ("printer_id", Document.Id(PrinterId)),
        ("material", Material),
        ("quality", Quality),
        ("slicer", Slicer),
        ("settings_sha256", SettingsSha256),
        ("lines", Lines),
        ("layers", Layers),
        ("motion_s", MotionS),
        ("filament_mm", FilamentMm),
        ("sliced_at", Document.Time(SlicedAt)));

    public static SliceRecord Read(CborFields fields) => new()
    {
        SliceId = fields.Id("slice_id"),
        DesignId = fields.Id("design_id"),
        DesignSha256 = fields.Bytes("design_sha256", 32),
        SliceSha256 = fields.Bytes("slice_sha256", 32),
        PrinterId = fields.Id("printer_id"),
        Material = fields.Text("material"),
        Quality = fields.Text("quality"),
        Slicer = fields.Text("slicer"),
        SettingsSha256 = fields.Bytes("settings_sha256", 32),
        Lines = fields.Integer("lines"),
        Layers = fields.Integer("layers"),
        MotionS = fields.Number("motion_s", 0),
        FilamentMm = fields.Number("filament_mm", 0),
        SlicedAt = fields.Time("sliced_at"),
    };
}
