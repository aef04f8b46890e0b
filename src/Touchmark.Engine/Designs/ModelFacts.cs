namespace Touchmark.Engine.Designs;

/// <summary>The file format of a model. The numbers are in databases: never change or reuse one.</summary>
internal enum DesignFormat : long
{
    Stl = 1,
    ThreeMf = 2,
}

/// <summary>What the check of a model file found out about it.</summary>
/// <param name="Format">Told by the content.</param>
/// <param name="Facets">Triangles, those of repeated parts counted each time.</param>
/// <param name="Min">Lowest corner of the bounding box, mm.</param>
/// <param name="Max">Highest corner of the bounding box, mm.</param>
/// <param name="VolumeMm3">Enclosed volume, mm³; right for a closed mesh, and an estimate for one with holes.</param>
internal sealed record ModelFacts(DesignFormat Format, long Facets, Point Min, Point Max, double VolumeMm3)
{
    /// <summary>Extent of the bounding box, mm.</summary>
    public Point Size => new(Max.X - Min.X, Max.Y - Min.Y, Max.Z - Min.Z);
}

/// <summary>A point in mm.</summary>
internal readonly record struct Point(double X, double Y, double Z)
{
    public bool IsFinite => double.IsFinite(X) && double.IsFinite(Y) && double.IsFinite(Z);
}

/// <summary>What a model file may be at most. Everything that a check holds in memory or loops over is bounded by one of these.</summary>
internal static class ModelLimits
{
    /// <summary>More than a 256 MiB binary STL holds.</summary>
    public const long Facets = 5_500_000;

    /// <summary>Vertices of a 3MF that are held in memory at once: 12 bytes each.</summary>
    public const int Vertices = 3_000_000;

    /// <summary>Largest coordinate, either way, in mm.</summary>
    public const double CoordinateMm = 100_000;

    /// <summary>Largest extent along an axis, mm: no printer that we know prints a part of 5 m.</summary>
    public const double ExtentMm = 5_000;

    /// <summary>Smallest volume, mm³: below it there is nothing to print.</summary>
    public const double LeastVolumeMm3 = 1e-6;

    /// <summary>Longest line of an ASCII STL, bytes.</summary>
    public const int LineBytes = 1024;

    /// <summary>Files in a 3MF.</summary>
    public const int ZipEntries = 1_000;

    /// <summary>All files of a 3MF together, unpacked, bytes.</summary>
    public const long UnpackedBytes = 1L << 30;

    /// <summary>How many times larger than packed a file of a 3MF may be; deflate itself reaches 1,032, mesh XML about 20.</summary>
    public const int UnpackRatio = 200;
}
