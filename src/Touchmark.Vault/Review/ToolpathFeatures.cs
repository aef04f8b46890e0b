using Touchmark.GCode;

namespace Touchmark.Vault.Review;

/// <summary>What a toolpath's own comments give away of how it was sliced.</summary>
internal static class ToolpathFeatures
{
    private const string LayerHeight = "layer height, mm";
    private const string Pace = "filament pace, mm/s";
    private const string Weight = "filament weight, g/m";

    public static IReadOnlyList<string> Names { get; } = [LayerHeight, Pace, Weight];

    public static Dictionary<string, double> Numbers(ToolpathMetadata toolpath)
    {
        var numbers = new Dictionary<string, double>(StringComparer.Ordinal);
        Put(LayerHeight, toolpath.LayerHeight);
        Put(Pace, toolpath.FilamentMm / toolpath.EstimatedSeconds);
        Put(Weight, 1000 * toolpath.FilamentGrams / toolpath.FilamentMm);
        return numbers;

        void Put(string name, double? value)
        {
            if (value is { } number && double.IsFinite(number) && number > 0)
            {
                numbers[name] = number;
            }
        }
    }

    /// <summary>Name of the profile and hash of its settings, as far as they are told; null where neither is.</summary>
    public static string? Profile(ToolpathMetadata toolpath) => (toolpath.Profile, toolpath.SettingsSha256) switch
    {
        (null, null) => null,
        (var name, null) => name,
        (var name, { } settings) => $"{name ?? "unnamed"} ({settings[..16]})",
    };
}
