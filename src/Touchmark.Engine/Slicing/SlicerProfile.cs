using System.Collections.Frozen;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Touchmark.GCode;
using Touchmark.Hosting.Problems;
using Touchmark.Streaming;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.Slicing;

/// <summary>PrusaSlicer's settings for one printer, material and quality, made from what the printer's Klipper reports.</summary>
/// <param name="Material">Of the table.</param>
/// <param name="Quality">Of the table.</param>
/// <param name="Ini">The configuration file, UTF-8.</param>
internal sealed record SlicerProfile(Material Material, Quality Quality, byte[] Ini)
{
    private const double LargestTravel = 150;
    private const double EdgeGap = 5;
    private const int PrimePieces = 8;

    public byte[] Sha256 { get; } = SHA256.HashData(Ini);

    /// <summary>Refusals: MATERIAL_UNKNOWN, QUALITY_UNKNOWN, NOZZLE_RANGE, BED_RANGE, MISSING_HEATER.</summary>
    /// <param name="machine">The printer.</param>
    /// <param name="materialName">Of the table in <see cref="Material"/>.</param>
    /// <param name="qualityName">Of the table in <see cref="Quality"/>.</param>
    /// <param name="chosen">Settings that whoever prints has chosen in the place of ours, checked for this machine.</param>
    public static Outcome<SlicerProfile> Create(MachineProfile machine, string materialName, string qualityName, IReadOnlyDictionary<string, string>? chosen = null)
    {
        if (Material.Find(materialName) is not { } material)
        {
            return Refusal.Invalid("MATERIAL_UNKNOWN", "There are no settings for this material.", $"Choose one of: {string.Join(", ", Material.Names)}.").With("material", materialName);
        }

        if (Quality.Find(qualityName) is not { } quality)
        {
            return Refusal.Invalid("QUALITY_UNKNOWN", "There are no settings for this quality.", $"Choose one of: {string.Join(", ", Quality.Names)}.").With("quality", qualityName);
        }

        chosen ??= FrozenDictionary<string, string>.Empty;
        material = material with { NozzleC = Whole("temperature", material.NozzleC), BedC = Whole("bed_temperature", material.BedC) };
        return CheckHeat(machine.Limits, material) is { } refusal ? refusal : new SlicerProfile(material, quality, Encoding.UTF8.GetBytes(Write(machine, material, quality, chosen)));

        int Whole(string key, int usual) => chosen.TryGetValue(key, out var value) ? int.Parse(value, CultureInfo.InvariantCulture) : usual;
    }

    private static Refusal? CheckHeat(MachineLimits limits, Material material)
    {
        if (material.NozzleC > limits.MaxNozzleC)
        {
            return Conflict("NOZZLE_RANGE", $"{material.Name} needs a nozzle at {material.NozzleC} °C, this printer caps at {limits.MaxNozzleC:0} °C.", material.NozzleC, limits.MaxNozzleC);
        }

        if (limits.MaxBedC == 0)
        {
            return material.NeedsBed ? Conflict("MISSING_HEATER", $"{material.Name} needs a heated bed, which this printer does not have.", material.BedC, 0) : null;
        }

        return material.BedC > limits.MaxBedC
            ? Conflict("BED_RANGE", $"{material.Name} needs a bed at {material.BedC} °C, this printer caps at {limits.MaxBedC:0} °C.", material.BedC, limits.MaxBedC)
            : null;

        static Refusal Conflict(string code, string text, double needed, double limit) =>
            Refusal.Conflict(code, text, "Choose another material or another printer.").With("needed_c", needed).With("limit_c", limit);
    }

    private static string Write(MachineProfile machine, Material material, Quality quality, IReadOnlyDictionary<string, string> chosen)
    {
        var limits = machine.Limits;
        var (minX, maxX, minY, maxY) = Bed(machine);
        var nozzle = limits.NozzleDiameter;
        var bed = limits.MaxBedC == 0 ? 0 : material.BedC;
        var travel = Math.Min(LargestTravel, limits.MaxVelocity);
        var inner = Math.Min(travel, quality.WallSpeed * 1.6);
        var outer = Math.Min(travel, quality.WallSpeed);
        var settings = new OrderedDictionary<string, string>(StringComparer.Ordinal);

        // PrusaSlicer 2.5 does not know Klipper by name. "reprap" writes what Klipper reads, and no M201, M203, M205 or M900.
        Set("gcode_flavor", "reprap");
        Set("machine_limits_usage", "ignore");
        Set("printer_technology", "FFF");
        Set("bed_shape", string.Join(',', new[] { (minX, minY), (maxX, minY), (maxX, maxY), (minX, maxY) }.Select(corner => Invariant($"{corner.Item1:0.###}x{corner.Item2:0.###}"))));
        Set("max_print_height", Invariant($"{limits.MaxZ:0.###}"));
        Set("nozzle_diameter", Invariant($"{nozzle:0.###}"));
        Set("filament_diameter", Invariant($"{limits.FilamentDiameter:0.###}"));
        Set("filament_type", material.Name == "TPU" ? "FLEX" : material.Name);
        Set("filament_density", Invariant($"{material.DensityGCm3:0.##}"));
        Set("temperature", Invariant($"{material.NozzleC}"));
        Set("first_layer_temperature", Invariant($"{material.NozzleC}"));
        Set("bed_temperature", Invariant($"{bed}"));
        Set("first_layer_bed_temperature", Invariant($"{bed}"));
        Set("min_fan_speed", Invariant($"{material.FanPercent}"));
        Set("max_fan_speed", Invariant($"{material.FanPercent}"));
        Set("bridge_fan_speed", Invariant($"{material.FanPercent}"));
        Set("disable_fan_first_layers", "2");
        Set("layer_height", Invariant($"{nozzle * quality.LayerShare:0.###}"));
        Set("first_layer_height", Invariant($"{nozzle * 0.5:0.###}"));
        Set("perimeters", Invariant($"{quality.Perimeters}"));
        Set("fill_density", Invariant($"{quality.InfillPercent}%"));
        Set("fill_pattern", "grid");
        Set("top_solid_layers", "4");
        Set("bottom_solid_layers", "3");
        Set("skirts", "1");
        Set("external_perimeter_speed", Invariant($"{outer:0.#}"));
        Set("small_perimeter_speed", Invariant($"{outer:0.#}"));
        Set("top_solid_infill_speed", Invariant($"{outer:0.#}"));
        Set("perimeter_speed", Invariant($"{inner:0.#}"));
        Set("solid_infill_speed", Invariant($"{inner:0.#}"));
        Set("infill_speed", Invariant($"{Math.Min(travel, inner * 1.3):0.#}"));
        Set("first_layer_speed", Invariant($"{Math.Min(travel, 30):0.#}"));
        Set("travel_speed", Invariant($"{travel:0.#}"));
        Set("retract_length", "0.8");
        Set("retract_speed", "35");
        Set("retract_lift", "0");
        Set("use_relative_e_distances", "1");
        Set("use_firmware_retraction", "0");
        // The layer is for the printer's own pages, whichever way the lines go there.
        Set("layer_gcode", "SET_PRINT_STATS_INFO CURRENT_LAYER={layer_num + 1}\nG92 E0");
        foreach (var (key, value) in chosen)
        {
            Set(key, value);
        }

        Set("start_gcode", Start(limits, settings["first_layer_temperature"], settings["first_layer_bed_temperature"], minX, maxX, minY));
        Set("end_gcode", "M107");
        // In an ini value a line break is written as \n.
        return string.Concat(settings.Select(static setting => $"{setting.Key} = {setting.Value.Replace("\n", "\\n", StringComparison.Ordinal)}\n"));

        void Set(string key, string value) => settings[key] = value;
    }

    /// <summary>
    /// Homes before it heats, so that a cold nozzle touches the bed; warms the nozzle only as far as nothing oozes while the bed takes its time; primes along the
    /// front edge. Making the printer safe at the end is the gateway's business.
    /// </summary>
    private static string Start(MachineLimits limits, string nozzleC, string bedC, double minX, double maxX, double minY)
    {
        var from = minX + EdgeGap;
        var to = Math.Min(maxX - EdgeGap, from + 60);
        var height = limits.NozzleDiameter * 0.7;
        // A line as wide as the nozzle and a half, as a volume of filament.
        var filament = (to - from) * height * limits.NozzleDiameter * 1.5 / (Math.PI * limits.FilamentDiameter * limits.FilamentDiameter / 4);
        var lines = new List<string> { "SET_PRINT_STATS_INFO TOTAL_LAYER={total_layer_count}", "G21", "G90", "M83", "M107", "G28" };
        if (bedC != "0")
        {
            lines.AddRange([$"M140 S{bedC}", "M104 S150", $"M190 S{bedC}"]);
        }

        lines.AddRange([
            $"M109 S{nozzleC}",
            "G92 E0",
            "G1 Z5 F600",
            Invariant($"G1 X{from:0.###} Y{minY + EdgeGap:0.###} F6000"),
            Invariant($"G1 Z{height:0.###} F600"),
        ]);
        // In short pieces: a line is the least that can be let out, and a long slow one would be most of the exposure of a print.
        lines.AddRange(Enumerable.Range(1, PrimePieces).Select(piece => Invariant($"G1 X{from + ((to - from) * piece / PrimePieces):0.###} E{filament / PrimePieces:0.####} F900")));
        lines.Add("G92 E0");
        return string.Join('\n', lines);
    }

    /// <summary>The rectangle to print in: what the axes reach, and on a delta the square inside its circle.</summary>
    private static (double MinX, double MaxX, double MinY, double MaxY) Bed(MachineProfile machine)
    {
        var limits = machine.Limits;
        var shrink = machine.Kinematics.Contains("delta", StringComparison.Ordinal) || machine.Kinematics == "polar" ? (1 - Math.Sqrt(0.5)) / 2 : 0;
        var (x, y) = ((limits.MaxX - limits.MinX) * shrink, (limits.MaxY - limits.MinY) * shrink);
        return (limits.MinX + x, limits.MaxX - x, limits.MinY + y, limits.MaxY - y);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
