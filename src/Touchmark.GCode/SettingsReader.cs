namespace Touchmark.GCode;

/// <summary>Reads the settings that slicers write into comments as <c>name = value</c>, and the heights of layers: what a front end shows of a file.</summary>
internal sealed class SettingsReader
{
    private double? _firstLayer;
    private bool _ofLayerHeight;
    private double? _height;
    private double? _nozzle;
    private double? _nozzleC;
    private double? _bedC;
    private double? _chamberC;
    private string? _filament;
    private string? _printer;

    public ToolpathMetadata Finish(ToolpathMetadata metadata) => metadata with
    {
        FirstLayerHeight = _ofLayerHeight ? Math.Round(_firstLayer!.Value / 100 * metadata.LayerHeight ?? 0, 6) is > 0 and var height ? height : null : _firstLayer,
        ObjectHeight = _height,
        NozzleDiameter = _nozzle,
        FirstLayerNozzleC = _nozzleC,
        FirstLayerBedC = _bedC,
        ChamberC = _chamberC,
        FilamentName = _filament,
        PrinterModel = _printer,
    };

    /// <param name="comment">Trimmed, without its semicolon.</param>
    public void Read(ReadOnlySpan<byte> comment)
    {
        int equals = comment.IndexOf(" = "u8);
        if (equals > 0)
        {
            Setting(comment[..equals], comment[(equals + 3)..]);
        }
        else if (comment.StartsWith("Z:"u8))
        {
            Height(comment[2..]);
        }
        else if (comment.StartsWith("MAXZ:"u8))
        {
            Height(comment[5..]);
        }
        else if (comment.StartsWith("MINZ:"u8))
        {
            _firstLayer ??= CommentReader.Number(comment[5..]);
        }
        else if (comment.StartsWith("max_z_height:"u8))
        {
            Height(comment[13..]);
        }
    }

    private void Setting(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        switch (name)
        {
            case var _ when Is(name, "first_layer_height"u8, "initial_layer_print_height"u8):
                _ofLayerHeight |= _firstLayer is null && value.EndsWith("%"u8) && CommentReader.Number(value) is not null;
                _firstLayer ??= CommentReader.Number(value);
                break;
            case var _ when name.SequenceEqual("nozzle_diameter"u8):
                _nozzle ??= CommentReader.Number(value);
                break;
            case var _ when Is(name, "first_layer_temperature"u8, "nozzle_temperature_initial_layer"u8):
                _nozzleC ??= CommentReader.Number(value);
                break;
            case var _ when Is(name, "first_layer_bed_temperature"u8, "hot_plate_temp_initial_layer"u8):
                _bedC ??= CommentReader.Number(value);
                break;
            case var _ when Is(name, "chamber_temperature"u8, "chamber_temperatures"u8):
                _chamberC ??= CommentReader.Number(value);
                break;
            case var _ when name.SequenceEqual("max_layer_z"u8):
                Height(value);
                break;
            case var _ when name.SequenceEqual("filament_settings_id"u8):
                _filament ??= First(value);
                break;
            case var _ when name.SequenceEqual("printer_model"u8):
                _printer ??= First(value);
                break;
        }
    }

    private void Height(ReadOnlySpan<byte> text)
    {
        if (CommentReader.Number(text) is { } height && height >= (_height ?? 0))
        {
            _height = height;
        }
    }

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> one, ReadOnlySpan<byte> other) => name.SequenceEqual(one) || name.SequenceEqual(other);

    /// <summary>The first of a list of names, without its quotes; null for an empty one.</summary>
    private static string? First(ReadOnlySpan<byte> value)
    {
        int end = value.IndexOf((byte)';');
        return CommentReader.Text((end < 0 ? value : value[..end]).Trim("\" "u8)) is { Length: > 0 } name ? name : null;
    }
}
