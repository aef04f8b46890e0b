using System.Collections.Frozen;
using Touchmark.Evidence.Cbor;
using Touchmark.GCode;

namespace Touchmark.Streaming;

/// <summary><see cref="MachineLimits"/> as fields of the profile's map. Every physical figure is floating point on the wire; units are in the names.</summary>
internal static class MachineLimitsCodec
{
    private const int MaxMacros = 128;

    /// <summary>10 m: no printer is larger, and a figure beyond it is a mistake or an attack.</summary>
    private const double Far = 10_000;

    private const double Hot = 1_000;
    private const double Fast = 100_000;
    private const double Sharp = 10_000_000;

    public static CborValue? Optional(double? value) => value is { } number ? (CborValue)number : null;

    public static (CborValue, CborValue?)[] Entries(MachineLimits limits) =>
    [
        ("min_x_mm", limits.MinX),
        ("max_x_mm", limits.MaxX),
        ("min_y_mm", limits.MinY),
        ("max_y_mm", limits.MaxY),
        ("min_z_mm", limits.MinZ),
        ("max_z_mm", limits.MaxZ),
        ("home_x_mm", limits.HomeX),
        ("home_y_mm", limits.HomeY),
        ("home_z_mm", limits.HomeZ),
        ("max_nozzle_c", limits.MaxNozzleC),
        ("max_bed_c", limits.MaxBedC),
        ("max_chamber_c", limits.MaxChamberC),
        ("min_extrude_c", limits.MinExtrudeC),
        ("max_velocity_mm_s", limits.MaxVelocity),
        ("max_acceleration_mm_s2", limits.MaxAcceleration),
        ("square_corner_velocity_mm_s", limits.SquareCornerVelocity),
        ("minimum_cruise_ratio", limits.MinimumCruiseRatio),
        ("max_z_velocity_mm_s", Optional(limits.MaxZVelocity)),
        ("max_z_acceleration_mm_s2", Optional(limits.MaxZAcceleration)),
        ("max_extrude_only_velocity_mm_s", Optional(limits.MaxExtrudeOnlyVelocity)),
        ("max_extrude_only_acceleration_mm_s2", Optional(limits.MaxExtrudeOnlyAcceleration)),
        ("max_extrude_only_distance_mm", limits.MaxExtrudeOnlyDistance),
        ("instantaneous_corner_velocity_mm_s", limits.InstantaneousCornerVelocity),
        ("nozzle_diameter_mm", limits.NozzleDiameter),
        ("filament_diameter_mm", limits.FilamentDiameter),
        ("max_extrude_cross_section_mm2", Optional(limits.MaxExtrudeCrossSection)),
        ("extruders", limits.Extruders),
        ("arcs", limits.Arcs),
        ("radius_arcs", limits.RadiusArcs),
        ("arc_resolution_mm", limits.ArcResolution),
        ("macros", new CborArray([.. limits.AllowedMacros.Order(StringComparer.Ordinal).Select(name => (CborValue)name)])),
    ];

    public static MachineLimits Read(CborFields fields) => new()
    {
        MinX = fields.Number("min_x_mm", -Far, Far),
        MaxX = fields.Number("max_x_mm", -Far, Far),
        MinY = fields.Number("min_y_mm", -Far, Far),
        MaxY = fields.Number("max_y_mm", -Far, Far),
        MinZ = fields.Number("min_z_mm", -Far, Far),
        MaxZ = fields.Number("max_z_mm", -Far, Far),
        HomeX = fields.Number("home_x_mm", -Far, Far),
        HomeY = fields.Number("home_y_mm", -Far, Far),
        HomeZ = fields.Number("home_z_mm", -Far, Far),
        MaxNozzleC = fields.Number("max_nozzle_c", 0, Hot),
        MaxBedC = fields.Number("max_bed_c", 0, Hot),
        MaxChamberC = fields.Number("max_chamber_c", 0, Hot),
        MinExtrudeC = fields.Number("min_extrude_c", 0, Hot),
        MaxVelocity = fields.Number("max_velocity_mm_s", 0.001, Fast),
        MaxAcceleration = fields.Number("max_acceleration_mm_s2", 0.001, Sharp),
        SquareCornerVelocity = fields.Number("square_corner_velocity_mm_s", 0, Fast),
        MinimumCruiseRatio = fields.Number("minimum_cruise_ratio", 0, 0.999),
        MaxZVelocity = fields.OptionalNumber("max_z_velocity_mm_s", 0.001, Fast),
        MaxZAcceleration = fields.OptionalNumber("max_z_acceleration_mm_s2", 0.001, Sharp),
        MaxExtrudeOnlyVelocity = fields.OptionalNumber("max_extrude_only_velocity_mm_s", 0.001, Fast),
        MaxExtrudeOnlyAcceleration = fields.OptionalNumber("max_extrude_only_acceleration_mm_s2", 0.001, Sharp),
        MaxExtrudeOnlyDistance = fields.Number("max_extrude_only_distance_mm", 0, Far),
        InstantaneousCornerVelocity = fields.Number("instantaneous_corner_velocity_mm_s", 0, Fast),
        NozzleDiameter = fields.Number("nozzle_diameter_mm", 0.01, 100),
        FilamentDiameter = fields.Number("filament_diameter_mm", 0.1, 100),
        MaxExtrudeCrossSection = fields.OptionalNumber("max_extrude_cross_section_mm2", 0.001, Far),
        Extruders = (int)fields.Integer("extruders", 1, 64),
        Arcs = fields.Boolean("arcs"),
        RadiusArcs = fields.Boolean("radius_arcs"),
        ArcResolution = fields.Number("arc_resolution_mm", 0.001, Far),
        AllowedMacros = fields.Texts("macros", MaxMacros, maxLength: 64).ToFrozenSet(StringComparer.Ordinal),
    };
}
