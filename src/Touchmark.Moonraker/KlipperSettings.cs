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

    /// <summary>A list of numbers such as <c>home_xy_position</c>; empty where it is missing or something else.</summary>
    public IReadOnlyList<double> Numbers(string section, string option)
    {
        if (!TrySection(section, out var options) || !options.TryGetProperty(option, out var list) || list.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        var numbers = new List<double>();
        foreach (var entry in list.EnumerateArray().Take(100))
        {
            if (!StatusMerge.TryNumber(entry, out var number))
            {
                return [];
            }

            numbers.Add(number);
        }

        return numbers;
    }

    private bool TrySection(string section, out JsonElement options)
    {
        options = default;
        return _settings.ValueKind == JsonValueKind.Object && _settings.TryGetProperty(section, out options) && options.ValueKind == JsonValueKind.Object;
    }
}
