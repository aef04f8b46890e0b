using System.Text.Json;

namespace Touchmark.Moonraker;

/// <summary>
/// Klipper's settings by section and option. Sections and options are in lower case, as Klipper reports them; numbers are in Klipper's units
/// (mm, mm/s, mm/s², °C).
/// </summary>
public sealed class KlipperSettings
{
    private readonly JsonElement _settings;

    internal KlipperSettings(JsonElement settings) => _settings = settings;

    public IEnumerable<string> Sections =>
        _settings.ValueKind == JsonValueKind.Object ? _settings.EnumerateObject().Take(10_000).Select(StatusMerge.TryName).OfType<string>() : [];

    public bool Has(string section) => TrySection(section, out _);

    /// <summary>A finite number, or null where the section or the option is missing or something else.</summary>
    public double? Number(string section, string option) => TrySection(section, out var options) ? options.TryGetNumber(option) : null;

    /// <summary>Text of at most 1,000 characters, or null.</summary>
    public string? Text(string section, string option) =>
        TrySection(section, out var options) && options.Text(option, "") is { Length: > 0 } text ? text : null;

    private bool TrySection(string section, out JsonElement options)
    {
        options = default;
        return _settings.ValueKind == JsonValueKind.Object && _settings.TryGetProperty(section, out options) && options.ValueKind == JsonValueKind.Object;
    }
}
