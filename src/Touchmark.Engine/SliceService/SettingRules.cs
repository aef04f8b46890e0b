using System.Collections.Frozen;
using System.Globalization;
using Touchmark.GCode;

namespace Touchmark.Engine.SliceService;

/// <summary>What a setting of the slicer is about; a licence that names qualities or materials leaves those settings to its owner.</summary>
internal enum SettingKind
{
    Machine,
    Process,
    Filament,
}

/// <summary>
/// The settings of PrusaSlicer that a caller may choose, by its names, each with the values that it may have on this machine. What is not here is the engine's: the machine's shape and
/// limits, every piece of raw G-code, and everything that runs a program or reads a file.
/// </summary>
internal sealed class SettingRules(MachineLimits limits)
{
    /// <summary>Names one of our materials instead of being handed to the slicer.</summary>
    public const string FilamentType = "filament_type";

    /// <summary>Nothing is printed below this, whatever the machine would let out, °C.</summary>
    private const double ColdestNozzleC = 150;

    /// <summary>mm of filament per second.</summary>
    private const double FastestRetraction = 100;

    private readonly FrozenDictionary<string, SettingRule> rules = All(limits).ToFrozenDictionary(static rule => rule.Key, StringComparer.Ordinal);

    /// <summary>All names, in order.</summary>
    public IEnumerable<string> Names => rules.Keys.Order(StringComparer.Ordinal);

    public SettingRule? Find(string key) => rules.GetValueOrDefault(key);

    private static IEnumerable<SettingRule> All(MachineLimits limits)
    {
        var nozzle = limits.NozzleDiameter;
        var coldest = Math.Max(ColdestNozzleC, limits.MinExtrudeC);
        IEnumerable<SettingRule> machine =
        [
            Number("retract_length", 0, 10, "mm"),
            Number("retract_speed", 1, Math.Min(FastestRetraction, limits.MaxExtrudeOnlyVelocity ?? FastestRetraction), "mm/s"),
            Number("deretract_speed", 0, Math.Min(FastestRetraction, limits.MaxExtrudeOnlyVelocity ?? FastestRetraction), "mm/s"),
            Number("retract_before_travel", 0, 20, "mm"),
            Number("retract_lift", 0, 2, "mm"),
            Flag("retract_layer_change"),
            Flag("wipe"),
            // Told again by profiles that know the machine; there is one right answer.
            Number("nozzle_diameter", nozzle, nozzle, "mm"),
        ];
        IEnumerable<SettingRule> process =
        [
            Number("layer_height", 0.05, nozzle * 0.8, "mm"),
            Number("first_layer_height", 0.05, nozzle * 0.8, "mm"),
            Count("perimeters", 0, 20),
            Count("top_solid_layers", 0, 50),
            Count("bottom_solid_layers", 0, 50),
            Number("top_solid_min_thickness", 0, 10, "mm"),
            Number("bottom_solid_min_thickness", 0, 10, "mm"),
            Percent("fill_density", 0, 100),
            Word("fill_pattern", "rectilinear", "alignedrectilinear", "grid", "triangles", "stars", "cubic", "line", "concentric", "honeycomb", "3dhoneycomb", "gyroid", "adaptivecubic", "supportcubic"),
            Word("top_fill_pattern", "rectilinear", "monotonic", "alignedrectilinear", "concentric"),
            Word("bottom_fill_pattern", "rectilinear", "monotonic", "alignedrectilinear", "concentric"),
            Number("fill_angle", 0, 359, "°"),
            Number("solid_infill_below_area", 0, 1000, "mm²"),
            Percent("infill_overlap", 0, 50),
            Count("skirts", 0, 10),
            Number("skirt_distance", 0, 20, "mm"),
            Number("min_skirt_length", 0, 100, "mm"),
            Word("brim_type", "no_brim", "outer_only", "inner_only", "outer_and_inner"),
            Number("brim_width", 0, 20, "mm"),
            Number("brim_separation", 0, 2, "mm"),
            Flag("support_material"),
            Flag("support_material_auto"),
            Flag("support_material_buildplate_only"),
            Count("support_material_threshold", 0, 90),
            Word("support_material_pattern", "rectilinear", "rectilinear-grid", "honeycomb"),
            Word("support_material_style", "grid", "snug"),
            Number("support_material_spacing", 0.5, 10, "mm"),
            Number("support_material_contact_distance", 0, 1, "mm"),
            Count("support_material_interface_layers", 0, 10),
            Count("raft_layers", 0, 20),
            Word("seam_position", "random", "nearest", "aligned", "rear"),
            Word("perimeter_generator", "classic", "arachne"),
            Flag("spiral_vase"),
            Flag("external_perimeters_first"),
            Flag("extra_perimeters"),
            Flag("thin_walls"),
            Flag("overhangs"),
            Flag("gap_fill_enabled"),
            Flag("avoid_crossing_perimeters"),
            Number("elefant_foot_compensation", 0, 0.5, "mm"),
            Number("xy_size_compensation", -0.5, 0.5, "mm"),
            Number("resolution", 0, 0.1, "mm"),
            Number("bridge_flow_ratio", 0.5, 1.5, ""),
            .. ((string[])["extrusion_width", "first_layer_extrusion_width", "perimeter_extrusion_width", "external_perimeter_extrusion_width", "infill_extrusion_width",
                "solid_infill_extrusion_width", "top_infill_extrusion_width", "support_material_extrusion_width"]).Select(key => Number(key, nozzle * 0.75, nozzle * 2, "mm")),
            .. ((string[])["perimeter_speed", "external_perimeter_speed", "small_perimeter_speed", "infill_speed", "solid_infill_speed", "top_solid_infill_speed", "support_material_speed",
                "support_material_interface_speed", "bridge_speed", "gap_fill_speed", "first_layer_speed", "travel_speed"]).Select(key => Number(key, 1, limits.MaxVelocity, "mm/s")),
        ];
        IEnumerable<SettingRule> filament =
        [
            Word(FilamentType, [.. Slicing.Material.Names]),
            Count("temperature", coldest, limits.MaxNozzleC, "°C"),
            Count("first_layer_temperature", coldest, limits.MaxNozzleC, "°C"),
            Count("bed_temperature", 0, limits.MaxBedC, "°C"),
            Count("first_layer_bed_temperature", 0, limits.MaxBedC, "°C"),
            Number("filament_diameter", limits.FilamentDiameter, limits.FilamentDiameter, "mm"),
            Number("filament_density", 0.5, 5, "g/cm³"),
            Number("filament_max_volumetric_speed", 0, 100, "mm³/s"),
            Number("extrusion_multiplier", 0.5, 1.5, ""),
            Flag("cooling"),
            Flag("fan_always_on"),
            Count("min_fan_speed", 0, 100, "%"),
            Count("max_fan_speed", 0, 100, "%"),
            Count("bridge_fan_speed", 0, 100, "%"),
            Count("disable_fan_first_layers", 0, 1000),
            Count("full_fan_speed_layer", 0, 1000),
            Count("fan_below_layer_time", 0, 1000, "s"),
            Count("slowdown_below_layer_time", 0, 1000, "s"),
            Number("min_print_speed", 1, limits.MaxVelocity, "mm/s"),
        ];
        return [.. Of(machine, SettingKind.Machine), .. Of(process, SettingKind.Process), .. Of(filament, SettingKind.Filament)];

        static IEnumerable<SettingRule> Of(IEnumerable<SettingRule> rules, SettingKind kind) => rules.Select(rule => rule with { Kind = kind });
    }

    private static SettingRule Number(string key, double minimum, double maximum, string unit) => new(key, minimum, maximum, unit);

    private static SettingRule Count(string key, double minimum, double maximum, string unit = "") => new(key, minimum, maximum, unit) { Whole = true };

    private static SettingRule Percent(string key, double minimum, double maximum) => new(key, minimum, maximum, "%") { Suffix = "%" };

    private static SettingRule Flag(string key) => new(key, 0, 1, "") { Whole = true };

    private static SettingRule Word(string key, params string[] words) => new(key, 0, 0, "") { Words = words };
}

/// <summary>A setting and its values.</summary>
/// <param name="Key">PrusaSlicer's name.</param>
/// <param name="Minimum">Lowest number.</param>
/// <param name="Maximum">Highest number; below the lowest one where the machine cannot do it at all.</param>
/// <param name="Unit">Of both; empty for plain numbers.</param>
internal sealed record SettingRule(string Key, double Minimum, double Maximum, string Unit)
{
    private const int MaxText = 16;

    public SettingKind Kind { get; init; }

    /// <summary>No fractions.</summary>
    public bool Whole { get; init; }

    /// <summary>What the slicer wants behind the number; a caller may leave it out.</summary>
    public string Suffix { get; init; } = "";

    /// <summary>The words that it takes in the place of numbers; null where it takes numbers.</summary>
    public IReadOnlyList<string>? Words { get; init; }

    /// <summary>The value as the slicer is given it: never the caller's own text, so that nothing else can be in it. Null when it is not of the right kind; <paramref name="inRange"/> tells whether it may be.</summary>
    public string? Rewrite(string text, out bool inRange)
    {
        inRange = true;
        if (Words is not null)
        {
            return Words.FirstOrDefault(word => word == text);
        }

        var number = Suffix.Length > 0 && text.EndsWith(Suffix, StringComparison.Ordinal) ? text[..^Suffix.Length] : text;
        if (number.Length > MaxText || !decimal.TryParse(number, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            || (Whole && value != decimal.Truncate(value)))
        {
            return null;
        }

        // Limits are computed from a nozzle's diameter: half of what is written out is their rounding.
        inRange = (double)value >= Minimum - 5e-7 && (double)value <= Maximum + 5e-7;
        return value.ToString("0.######", CultureInfo.InvariantCulture) + Suffix;
    }
}
