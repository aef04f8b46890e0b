namespace Touchmark.GCode;

/// <summary>What the check of a toolpath found.</summary>
public sealed record ToolpathReport
{
    /// <summary>SHA-256 of the canonical text, 32 bytes.</summary>
    public required byte[] CanonicalSha256 { get; init; }

    public required ToolpathMetadata Metadata { get; init; }

    /// <summary>The pictures in its comments, where <see cref="ToolpathOptions.Pictures"/> asked for them.</summary>
    public IReadOnlyList<ToolpathPicture> Pictures { get; init; } = [];

    /// <summary>The first 100 refusals in the order of the file.</summary>
    public required IReadOnlyList<ToolpathRefusal> Refusals { get; init; }

    /// <summary>All refusals, also those that are not listed.</summary>
    public required long RefusalCount { get; init; }

    /// <summary>Lines of the canonical text.</summary>
    public required long Lines { get; init; }

    /// <summary>Bytes of the canonical text.</summary>
    public required long CanonicalBytes { get; init; }

    /// <summary>How many segments the canonical text is cut into.</summary>
    public required int Segments { get; init; }

    /// <summary>Seconds of motion and dwelling by the kinematic model; heating, homing and macros are not in it.</summary>
    public required double MotionSeconds { get; init; }

    /// <summary>Whether the toolpath may be printed on this machine.</summary>
    public bool Accepted => RefusalCount == 0;
}

/// <summary>One reason not to print a toolpath.</summary>
/// <param name="Line">Line of the file as it was given, from 1; 0 for the file as a whole.</param>
/// <param name="Code">Stable, for example <c>OUT_OF_VOLUME</c>; all are listed in spec/gcode.md.</param>
/// <param name="Text">A sentence for people, figures included.</param>
/// <param name="Figures">The figures behind it by name, in invariant notation.</param>
/// <param name="Fix">What to do about it.</param>
public sealed record ToolpathRefusal(long Line, string Code, string Text, IReadOnlyDictionary<string, string> Figures, string Fix);

/// <summary>What a file says about itself, and what its moves show.</summary>
public sealed record ToolpathMetadata
{
    /// <summary>For example <c>PrusaSlicer</c>, <c>OrcaSlicer</c>, <c>BambuStudio</c>, <c>Cura</c>; null where the file does not say.</summary>
    public string? Slicer { get; init; }

    public string? SlicerVersion { get; init; }

    /// <summary>Layers by the slicer's own count, or by its layer marks; 0 where there are none.</summary>
    public int Layers { get; init; }

    /// <summary>The slicer's estimate, s.</summary>
    public double? EstimatedSeconds { get; init; }

    /// <summary>Filament by the slicer's figures, mm, all extruders together.</summary>
    public double? FilamentMm { get; init; }

    /// <summary>Filament by the slicer's figures, g.</summary>
    public double? FilamentGrams { get; init; }

    /// <summary>For example <c>PLA</c>.</summary>
    public string? FilamentType { get; init; }

    public double? LayerHeight { get; init; }

    /// <summary>By the slicer's settings, mm.</summary>
    public double? FirstLayerHeight { get; init; }

    /// <summary>The highest layer by the slicer's marks, mm.</summary>
    public double? ObjectHeight { get; init; }

    /// <summary>By the slicer's settings, mm.</summary>
    public double? NozzleDiameter { get; init; }

    /// <summary>By the slicer's settings, °C.</summary>
    public double? FirstLayerNozzleC { get; init; }

    /// <summary>By the slicer's settings, °C.</summary>
    public double? FirstLayerBedC { get; init; }

    /// <summary>By the slicer's settings, °C.</summary>
    public double? ChamberC { get; init; }

    /// <summary>The first filament's profile, where the file says it.</summary>
    public string? FilamentName { get; init; }

    /// <summary>The printer that it was sliced for, where the file says it.</summary>
    public string? PrinterModel { get; init; }

    /// <summary>The name of the print profile, where the file says it and it has one.</summary>
    public string? Profile { get; init; }

    /// <summary>SHA-256 of the slicer's block of settings, in lower-case hexadecimal; null where the file has none.</summary>
    public string? SettingsSha256 { get; init; }

    /// <summary>Filament that the moves push out, mm, retractions taken off.</summary>
    public double ExtrudedMm { get; init; }

    /// <summary>Highest nozzle target that the lines set, °C; 0 for none.</summary>
    public double MaxNozzleC { get; init; }

    /// <summary>Highest bed target that the lines set, °C; 0 for none.</summary>
    public double MaxBedC { get; init; }

    /// <summary>Smallest box around all extruding moves, null where there are none.</summary>
    public BoundingBox? Extent { get; init; }

    public IReadOnlyList<ToolpathThumbnail> Thumbnails { get; init; } = [];
}

/// <summary>Machine coordinates, mm.</summary>
public readonly record struct BoundingBox(Position Min, Position Max);

/// <summary>A picture in the comments.</summary>
/// <param name="Line">Line where it begins, from 1.</param>
/// <param name="Format">PNG, JPG or QOI.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Characters">Length in base64 as the file states it.</param>
public sealed record ToolpathThumbnail(long Line, string Format, int Width, int Height, int Characters);
