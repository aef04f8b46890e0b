using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Designs;

/// <summary>Measures a mesh triangle by triangle: bounding box and enclosed volume.</summary>
/// <param name="picture">Is drawn on the way; null for none.</param>
internal sealed class MeshMeasure(DesignPicture? picture = null)
{
    private Point origin;
    private Point min = new(double.MaxValue, double.MaxValue, double.MaxValue);
    private Point max = new(double.MinValue, double.MinValue, double.MinValue);
    private double sixVolumes;

    public long Facets { get; private set; }

    /// <summary>Adds a triangle; null, or why it cannot be part of a model.</summary>
    public Refusal? Add(Point a, Point b, Point c)
    {
        if (!IsPlausible(a) || !IsPlausible(b) || !IsPlausible(c))
        {
            return Refusal.Invalid("DESIGN_COORDINATE", $"Facet {Facets + 1} has a coordinate that is no number, infinite, or beyond {ModelLimits.CoordinateMm:0} mm.", "Repair the mesh and export it again, in millimetres.")
                .With("facet", Facets + 1).With("limit_mm", ModelLimits.CoordinateMm);
        }

        if (Facets == ModelLimits.Facets)
        {
            return Refusal.Invalid("DESIGN_FACETS", $"The model has more than {ModelLimits.Facets} facets.", "Simplify the mesh.").With("limit", ModelLimits.Facets);
        }

        if (Facets++ == 0)
        {
            origin = a;
        }

        Include(a);
        Include(b);
        Include(c);
        picture?.Add(a, b, c);
        // Signed volume of the tetrahedron to a corner of the model; measured from there, and not from the bed's zero, little is lost to rounding.
        var (ax, ay, az) = (a.X - origin.X, a.Y - origin.Y, a.Z - origin.Z);
        var (bx, by, bz) = (b.X - origin.X, b.Y - origin.Y, b.Z - origin.Z);
        var (cx, cy, cz) = (c.X - origin.X, c.Y - origin.Y, c.Z - origin.Z);
        sixVolumes += (ax * ((by * cz) - (bz * cy))) + (ay * ((bz * cx) - (bx * cz))) + (az * ((bx * cy) - (by * cx)));
        return null;
    }

    public Outcome<ModelFacts> Finish(DesignFormat format)
    {
        if (Facets == 0)
        {
            return Refusal.Invalid("DESIGN_EMPTY", "The model has no facet.", "Export the part as a mesh.");
        }

        var facts = new ModelFacts(format, Facets, min, max, Math.Abs(sixVolumes) / 6);
        var extent = Math.Max(facts.Size.X, Math.Max(facts.Size.Y, facts.Size.Z));
        if (extent > ModelLimits.ExtentMm)
        {
            return Refusal.Invalid("DESIGN_EXTENT", $"The model is {extent:0} mm long; at most {ModelLimits.ExtentMm:0} mm are accepted.", "Check the unit of the export: millimetres are expected.")
                .With("extent_mm", extent).With("limit_mm", ModelLimits.ExtentMm);
        }

        return facts.VolumeMm3 < ModelLimits.LeastVolumeMm3
            ? Refusal.Invalid("DESIGN_NO_VOLUME", "The model encloses no volume.", "Repair the mesh: it must be a closed body.").With("volume_mm3", facts.VolumeMm3)
            : facts;
    }

    private static bool IsPlausible(Point point) =>
        Math.Abs(point.X) <= ModelLimits.CoordinateMm && Math.Abs(point.Y) <= ModelLimits.CoordinateMm && Math.Abs(point.Z) <= ModelLimits.CoordinateMm;

    private void Include(Point p)
    {
        min = new(Math.Min(min.X, p.X), Math.Min(min.Y, p.Y), Math.Min(min.Z, p.Z));
        max = new(Math.Max(max.X, p.X), Math.Max(max.Y, p.Y), Math.Max(max.Z, p.Z));
    }
}
