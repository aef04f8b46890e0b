namespace Touchmark.VirtualPrinter;

/// <summary>A toolhead position in mm: three axes and the extruder.</summary>
internal readonly record struct Position(double X, double Y, double Z, double E)
{
    public double this[int axis] => axis switch { 0 => X, 1 => Y, 2 => Z, _ => E };

    public Position With(int axis, double value) => axis switch
    {
        0 => this with { X = value },
        1 => this with { Y = value },
        2 => this with { Z = value },
        _ => this with { E = value },
    };

    public static Position operator +(Position a, Position b) => new(a.X + b.X, a.Y + b.Y, a.Z + b.Z, a.E + b.E);

    public static Position operator -(Position a, Position b) => new(a.X - b.X, a.Y - b.Y, a.Z - b.Z, a.E - b.E);

    public static Position operator *(Position a, double factor) => new(a.X * factor, a.Y * factor, a.Z * factor, a.E * factor);

    public double[] ToArray() => [X, Y, Z, E];
}
