using System.Collections.Frozen;

namespace Touchmark.Engine.Slicing;

/// <summary>What a filament needs.</summary>
/// <param name="Name">Upper case, as licences name it.</param>
/// <param name="NozzleC">Nozzle target, °C.</param>
/// <param name="BedC">Bed target, °C.</param>
/// <param name="NeedsBed">Does not print on a cold bed.</param>
/// <param name="FanPercent">Part cooling once the first layers are down, %.</param>
/// <param name="DensityGCm3">g/cm³.</param>
internal sealed record Material(string Name, int NozzleC, int BedC, bool NeedsBed, int FanPercent, double DensityGCm3)
{
    private static readonly FrozenDictionary<string, Material> Known = new Material[]
    {
        new("PLA", 215, 60, NeedsBed: false, 100, 1.24),
        new("PETG", 240, 80, NeedsBed: false, 50, 1.27),
        new("TPU", 225, 45, NeedsBed: false, 60, 1.21),
        new("ABS", 250, 100, NeedsBed: true, 15, 1.04),
        new("ASA", 255, 100, NeedsBed: true, 15, 1.07),
        new("PA", 260, 80, NeedsBed: true, 10, 1.12),
        new("PC", 275, 110, NeedsBed: true, 10, 1.2),
    }.ToFrozenDictionary(material => material.Name, StringComparer.OrdinalIgnoreCase);

    public static IEnumerable<string> Names => Known.Keys.Order(StringComparer.Ordinal);

    public static Material? Find(string name) => Known.GetValueOrDefault(name);
}

/// <summary>How fine a print is. Lengths in mm, speeds in mm/s.</summary>
/// <param name="Name">Lower case, as licences name it.</param>
/// <param name="LayerShare">Layer height as a share of the nozzle's diameter.</param>
/// <param name="Perimeters">Walls.</param>
/// <param name="InfillPercent">%.</param>
/// <param name="WallSpeed">Outer walls; inner walls and infill go faster.</param>
internal sealed record Quality(string Name, double LayerShare, int Perimeters, int InfillPercent, double WallSpeed)
{
    private static readonly FrozenDictionary<string, Quality> Known = new Quality[]
    {
        new("draft", 0.7, 2, 10, 60),
        new("standard", 0.5, 2, 15, 45),
        new("fine", 0.3, 3, 20, 35),
    }.ToFrozenDictionary(quality => quality.Name, StringComparer.OrdinalIgnoreCase);

    public static IEnumerable<string> Names => Known.Keys.Order(StringComparer.Ordinal);

    public static Quality? Find(string name) => Known.GetValueOrDefault(name);
}
