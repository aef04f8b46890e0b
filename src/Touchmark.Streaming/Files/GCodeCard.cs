using System.Text.Json;
using Touchmark.Evidence.Cbor;
using Touchmark.GCode;

namespace Touchmark.Streaming.Files;

/// <summary>
/// What a front end shows of a file before it prints: the fields that Moonraker reads out of plain files, by Moonraker's names (its file_manager/metadata.py), and pictures.
/// Hints for people: nothing is decided on them.
/// </summary>
public sealed record GCodeCard
{
    /// <summary>Longest encoding, bytes.</summary>
    public const int MaxBytes = 4 << 20;

    private const int MaxThumbnails = 32;
    private const int MaxText = 256;
    private const double Most = 1e12;

    public string? Slicer { get; init; }

    public string? SlicerVersion { get; init; }

    /// <summary>s.</summary>
    public double? EstimatedTime { get; init; }

    public int? LayerCount { get; init; }

    /// <summary>mm.</summary>
    public double? LayerHeight { get; init; }

    /// <summary>mm.</summary>
    public double? FirstLayerHeight { get; init; }

    /// <summary>mm.</summary>
    public double? ObjectHeight { get; init; }

    /// <summary>mm.</summary>
    public double? NozzleDiameter { get; init; }

    /// <summary>°C.</summary>
    public double? FirstLayerExtrTemp { get; init; }

    /// <summary>°C.</summary>
    public double? FirstLayerBedTemp { get; init; }

    /// <summary>°C.</summary>
    public double? ChamberTemp { get; init; }

    /// <summary>mm, all extruders together.</summary>
    public double? FilamentTotal { get; init; }

    /// <summary>g, all extruders together.</summary>
    public double? FilamentWeightTotal { get; init; }

    public string? FilamentName { get; init; }

    /// <summary>For example <c>PLA</c>.</summary>
    public string? FilamentType { get; init; }

    public string? PrinterModel { get; init; }

    public IReadOnlyList<CardThumbnail> Thumbnails { get; init; } = [];

    /// <summary>The card of a toolpath: what its comments say, and where they are silent, what its moves show.</summary>
    public static GCodeCard Of(ToolpathMetadata about, IReadOnlyList<ToolpathPicture> pictures) => new()
    {
        Slicer = about.Slicer,
        SlicerVersion = about.SlicerVersion,
        EstimatedTime = Shown(about.EstimatedSeconds),
        LayerCount = about.Layers > 0 ? about.Layers : null,
        LayerHeight = Shown(about.LayerHeight),
        FirstLayerHeight = Shown(about.FirstLayerHeight),
        ObjectHeight = Shown(about.ObjectHeight ?? about.Extent?.Max.Z),
        NozzleDiameter = Shown(about.NozzleDiameter),
        FirstLayerExtrTemp = Shown(about.FirstLayerNozzleC ?? (about.MaxNozzleC > 0 ? about.MaxNozzleC : null)),
        FirstLayerBedTemp = Shown(about.FirstLayerBedC ?? (about.MaxBedC > 0 ? about.MaxBedC : null)),
        ChamberTemp = Shown(about.ChamberC),
        FilamentTotal = Shown(about.FilamentMm ?? (about.ExtrudedMm > 0 ? about.ExtrudedMm : null)),
        FilamentWeightTotal = Shown(about.FilamentGrams),
        FilamentName = about.FilamentName,
        FilamentType = about.FilamentType,
        PrinterModel = about.PrinterModel,
        Thumbnails = [.. pictures.Where(CardThumbnail.Fits).Select(static picture => new CardThumbnail(picture.Format, picture.Width, picture.Height, picture.Image))],
    };

    /// <summary>Writes the fields that are there, pictures left out, as properties of the JSON object that <paramref name="json"/> is in.</summary>
    public void WriteFields(Utf8JsonWriter json)
    {
        foreach (var (name, value) in Fields())
        {
            switch (value)
            {
                case CborText text:
                    json.WriteString(name, text.Value);
                    break;
                case CborInteger integer:
                    json.WriteNumber(name, integer.Value!.Value);
                    break;
                case CborFloat number:
                    json.WriteNumber(name, number.Value);
                    break;
            }
        }
    }

    /// <exception cref="ArgumentException">Longer than <see cref="MaxBytes"/>: its pictures are too large.</exception>
    internal byte[] Encode()
    {
        var thumbnails = new CborArray([.. Thumbnails.Select(static picture => picture.ToCbor())]);
        var encoding = DeterministicCbor.Encode(CborMap.Of([.. Fields().Select(static field => ((CborValue)field.Name, field.Value)), ("thumbnails", Thumbnails.Count == 0 ? null : thumbnails)]));
        return encoding.Length <= MaxBytes ? encoding : throw new ArgumentException($"A card has up to {MaxBytes} bytes, this one has {encoding.Length}.", nameof(Thumbnails));
    }

    /// <summary>Null, and what is wrong in words, for anything but one deterministically encoded card. Never throws.</summary>
    internal static GCodeCard? TryDecode(ReadOnlyMemory<byte> encoding, out string? problem) =>
        DeterministicCbor.TryDecode(encoding, out var value, out problem, new CborLimits(MaxBytes, MaxDepth: 4, MaxItems: 512))
            ? CborFields.Decode(value, "card", Read, out problem)
            : null;

    private IEnumerable<(string Name, CborValue? Value)> Fields() =>
    [
        ("slicer", Text(Slicer)),
        ("slicer_version", Text(SlicerVersion)),
        ("estimated_time", Number(EstimatedTime)),
        ("layer_count", LayerCount is { } layers ? (CborValue)layers : null),
        ("layer_height", Number(LayerHeight)),
        ("first_layer_height", Number(FirstLayerHeight)),
        ("object_height", Number(ObjectHeight)),
        ("nozzle_diameter", Number(NozzleDiameter)),
        ("first_layer_extr_temp", Number(FirstLayerExtrTemp)),
        ("first_layer_bed_temp", Number(FirstLayerBedTemp)),
        ("chamber_temp", Number(ChamberTemp)),
        ("filament_total", Number(FilamentTotal)),
        ("filament_weight_total", Number(FilamentWeightTotal)),
        ("filament_name", Text(FilamentName)),
        ("filament_type", Text(FilamentType)),
        ("printer_model", Text(PrinterModel)),
    ];

    private static GCodeCard Read(CborFields fields)
    {
        return new()
        {
            Slicer = fields.OptionalText("slicer", MaxText),
            SlicerVersion = fields.OptionalText("slicer_version", MaxText),
            EstimatedTime = Number("estimated_time"),
            LayerCount = (int?)fields.OptionalInteger("layer_count", 0, int.MaxValue),
            LayerHeight = Number("layer_height"),
            FirstLayerHeight = Number("first_layer_height"),
            ObjectHeight = Number("object_height"),
            NozzleDiameter = Number("nozzle_diameter"),
            FirstLayerExtrTemp = Number("first_layer_extr_temp"),
            FirstLayerBedTemp = Number("first_layer_bed_temp"),
            ChamberTemp = Number("chamber_temp"),
            FilamentTotal = Number("filament_total"),
            FilamentWeightTotal = Number("filament_weight_total"),
            FilamentName = fields.OptionalText("filament_name", MaxText),
            FilamentType = fields.OptionalText("filament_type", MaxText),
            PrinterModel = fields.OptionalText("printer_model", MaxText),
            Thumbnails = fields.Has("thumbnails") ? fields.Maps("thumbnails", MaxThumbnails, CardThumbnail.Read) : [],
        };

        double? Number(string name) => fields.OptionalNumber(name, 0, Most);
    }

    /// <summary>Slicers, or who alters their files, may write any figure.</summary>
    private static double? Shown(double? number) => number is >= 0 and <= Most ? number : null;

    private static CborText? Text(string? text) => text is null ? null : new CborText(text);

    private static CborFloat? Number(double? number) => number is { } value ? new CborFloat(value) : null;
}

/// <summary>A picture of a card.</summary>
/// <param name="Format"><c>png</c>, <c>jpg</c> or <c>qoi</c>.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Image">The file of that format.</param>
public sealed record CardThumbnail(string Format, int Width, int Height, ReadOnlyMemory<byte> Image)
{
    private const int MaxPixels = 4096;

    internal static bool Fits(ToolpathPicture picture) => picture is { Width: >= 1 and <= MaxPixels, Height: >= 1 and <= MaxPixels };

    internal CborValue ToCbor() => CborMap.Of(("format", Format), ("width", Width), ("height", Height), ("image", Image));

    internal static CardThumbnail Read(CborFields fields) => new(
        fields.Choice("format", [(0, "png"), (1, "jpg"), (2, "qoi")]) switch { 1 => "jpg", 2 => "qoi", _ => "png" },
        (int)fields.Integer("width", 1, MaxPixels),
        (int)fields.Integer("height", 1, MaxPixels),
        fields.Bytes("image", 1, GCodeCard.MaxBytes));
}
