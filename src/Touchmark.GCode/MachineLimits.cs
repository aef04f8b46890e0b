using System.Collections.Frozen;

namespace Touchmark.GCode;

/// <summary>What one machine may be asked to do. Names and defaults follow Klipper's <c>[printer]</c> and <c>[extruder]</c> sections
/// (docs/Config_Reference.md); a machine's profile fills them in. Lengths in mm, speeds in mm/s, accelerations in mm/s², temperatures in °C.</summary>
public sealed record MachineLimits
{
    /// <summary>The build volume in machine coordinates, mm.</summary>
    public required double MinX { get; init; }

    public required double MaxX { get; init; }

    public required double MinY { get; init; }

    public required double MaxY { get; init; }

    public required double MinZ { get; init; }

    public required double MaxZ { get; init; }

    /// <summary>Where <c>G28</c> leaves the head, mm.</summary>
    public double HomeX { get; init; }

    public double HomeY { get; init; }

    public double HomeZ { get; init; }

    /// <summary>Highest nozzle target, °C.</summary>
    public required double MaxNozzleC { get; init; }

    /// <summary>Highest bed target, °C; 0 where there is no bed heater.</summary>
    public double MaxBedC { get; init; }

    /// <summary>Highest chamber target, °C; 0 where there is no chamber heater.</summary>
    public double MaxChamberC { get; init; }

    /// <summary>Extrusion with a nozzle target below this is refused, °C; 0 leaves that to the printer (Klipper's <c>min_extrude_temp</c>).</summary>
    public double MinExtrudeC { get; init; } = 170;

    public required double MaxVelocity { get; init; }

    public required double MaxAcceleration { get; init; }

    public double SquareCornerVelocity { get; init; } = 5;

    /// <summary>Share of a short move that must be cruised, 0 to below 1.</summary>
    public double MinimumCruiseRatio { get; init; } = 0.5;

    /// <summary>Null: the machine's <see cref="MaxVelocity"/>.</summary>
    public double? MaxZVelocity { get; init; }

    /// <summary>Null: the machine's <see cref="MaxAcceleration"/>.</summary>
    public double? MaxZAcceleration { get; init; }

    /// <summary>Fastest retraction or other move of the filament alone, mm of filament per second. Null: Klipper's rule from nozzle and filament.</summary>
    public double? MaxExtrudeOnlyVelocity { get; init; }

    /// <summary>Null: Klipper's rule from nozzle and filament.</summary>
    public double? MaxExtrudeOnlyAcceleration { get; init; }

    /// <summary>Longest move of the filament alone, mm of filament.</summary>
    public double MaxExtrudeOnlyDistance { get; init; } = 50;

    /// <summary>Change of filament speed allowed at a junction, mm/s (Klipper's <c>instantaneous_corner_velocity</c>).</summary>
    public double InstantaneousCornerVelocity { get; init; } = 1;

    public double NozzleDiameter { get; init; } = 0.4;

    public double FilamentDiameter { get; init; } = 1.75;

    /// <summary>Largest cross section of an extruded line, mm². Null: Klipper's four nozzle diameters squared.</summary>
    public double? MaxExtrudeCrossSection { get; init; }

    /// <summary>Number of extruders, T0 upwards.</summary>
    public int Extruders { get; init; } = 1;

    /// <summary>Whether the printer has Klipper's <c>[gcode_arcs]</c>.</summary>
    public bool Arcs { get; init; } = true;

    /// <summary>Whether arcs given by R are understood; Klipper's are not.</summary>
    public bool RadiusArcs { get; init; }

    /// <summary>Length of the chords that an arc is printed as, mm (Klipper's <c>[gcode_arcs] resolution</c>).</summary>
    public double ArcResolution { get; init; } = 1;

    /// <summary>Upper-case names of the macros that the machine's profile allows, for example <c>PRINT_START</c>.</summary>
    public IReadOnlySet<string> AllowedMacros { get; init; } = FrozenSet<string>.Empty;

    internal double FilamentArea => Math.PI * FilamentDiameter * FilamentDiameter / 4;

    /// <summary>Filament per mm of travel of the fattest line: kinematics/extruder.py, <c>max_extrude_ratio</c>.</summary>
    internal double MaxExtrudeRatio => (MaxExtrudeCrossSection ?? DefaultCrossSection) / FilamentArea;

    internal double ExtrudeOnlyVelocity => MaxExtrudeOnlyVelocity ?? MaxVelocity * DefaultCrossSection / FilamentArea;

    internal double ExtrudeOnlyAcceleration => MaxExtrudeOnlyAcceleration ?? MaxAcceleration * DefaultCrossSection / FilamentArea;

    private double DefaultCrossSection => 4 * NozzleDiameter * NozzleDiameter;
}
