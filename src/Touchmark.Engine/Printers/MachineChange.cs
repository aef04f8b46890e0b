using System.Collections.Frozen;
using System.Globalization;
using Touchmark.Engine.Pages;
using Touchmark.Streaming;

namespace Touchmark.Engine.Printers;

/// <summary>One thing in which a presented machine differs from the enrolled one, as people read it.</summary>
/// <param name="What">Its name.</param>
/// <param name="Was">When it was enrolled, with its unit.</param>
/// <param name="Is">As it was presented.</param>
/// <param name="Kind">What it bears on.</param>
public sealed record MachineChange(string What, string Was, string Is, MachineChangeKind Kind)
{
    private static readonly FrozenDictionary<string, string> Names = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["cpu_serial"] = "Serial number of the host's processor",
        ["mcu_id"] = "Id of the main control board",
        ["board"] = "Kind of main control board",
        ["further_mcus"] = "Further control boards",
        ["model"] = "Model",
        ["firmware"] = "Firmware",
        ["kinematics"] = "Kinematics",
        ["macros"] = "Macros that prints may call",
        ["min_x_mm"] = "X from",
        ["max_x_mm"] = "X up to",
        ["min_y_mm"] = "Y from",
        ["max_y_mm"] = "Y up to",
        ["min_z_mm"] = "Z from",
        ["max_z_mm"] = "Z up to",
        ["home_x_mm"] = "Home of X",
        ["home_y_mm"] = "Home of Y",
        ["home_z_mm"] = "Home of Z",
        ["max_nozzle_c"] = "Nozzle up to",
        ["max_bed_c"] = "Bed up to",
        ["max_chamber_c"] = "Chamber up to",
        ["min_extrude_c"] = "Coldest nozzle that extrudes",
        ["max_velocity_mm_s"] = "Speed up to",
        ["max_acceleration_mm_s2"] = "Acceleration up to",
        ["max_z_velocity_mm_s"] = "Speed of Z up to",
        ["max_z_acceleration_mm_s2"] = "Acceleration of Z up to",
        ["nozzle_diameter_mm"] = "Width of the nozzle",
        ["filament_diameter_mm"] = "Filament",
        ["extruders"] = "Extruders",
        ["arcs"] = "It draws arcs (G2, G3)",
        ["radius_arcs"] = "It draws arcs by their radius",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly (string Suffix, string Unit)[] Units = [("_mm_s2", "mm/s²"), ("_mm_s", "mm/s"), ("_mm2", "mm²"), ("_mm", "mm"), ("_c", "°C")];

    /// <summary>All that differs: what says which machine it is first, then what it can do, then how it behaves.</summary>
    public static IReadOnlyList<MachineChange> Between(MachineProfile enrolled, MachineProfile presented)
    {
        var changes = MachineProfile.Compare(enrolled, presented).Select(Of);
        if (enrolled.Behaviour is { } before && presented.Behaviour is { } after)
        {
            changes = changes.Concat(SnapshotComparison.Compare(before, after).Where(figure => figure.Differs).Select(Of));
        }

        var (had, has) = (EnrolmentDifferences.Named(enrolled), EnrolmentDifferences.Named(presented));
        return [.. changes, .. had == has ? Array.Empty<MachineChange>() : [new("Measured behaviour", had, has, MachineChangeKind.Behaviour)]];
    }

    private static MachineChange Of(ProfileDifference difference)
    {
        var unit = Array.Find(Units, unit => difference.Field.EndsWith(unit.Suffix, StringComparison.Ordinal));
        var name = Names.GetValueOrDefault(difference.Field) ?? InWords(unit.Suffix is { } suffix ? difference.Field[..^suffix.Length] : difference.Field);
        return new(name, With(difference.Enrolled), With(difference.Presented), difference.IdentifiesMachine ? MachineChangeKind.Identity : MachineChangeKind.Ability);

        string With(string value) => value.Length == 0 ? "none" : unit.Unit is { } of && double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _) ? $"{value} {of}" : value;
    }

    private static MachineChange Of(BehaviourFigure figure) => new(
        figure.What == "homing" ? "Homing, 100 mm on each axis" : InWords(figure.What), $"{Say.Measure(figure.Enrolled, figure.Unit)} ± {Say.Measure(figure.Tolerance, figure.Unit)}",
        Say.Measure(figure.Found, figure.Unit), MachineChangeKind.Behaviour);

    private static string InWords(string field)
    {
        var words = field.Replace('_', ' ');
        return char.ToUpperInvariant(words[0]) + words[1..];
    }
}

/// <summary>What a change of a machine bears on.</summary>
public enum MachineChangeKind
{
    /// <summary>Which machine it is: its id is another one then.</summary>
    Identity,

    /// <summary>What it can do, which toolpaths are checked and planned against.</summary>
    Ability,

    /// <summary>How it moves and heats, which each print compares.</summary>
    Behaviour,
}
