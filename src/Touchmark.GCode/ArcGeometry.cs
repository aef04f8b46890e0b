namespace Touchmark.GCode;

/// <summary>A helical arc in the XY plane, and the chords it is printed as (klippy/extras/gcode_arcs.py).</summary>
internal readonly record struct ArcGeometry(double CentreX, double CentreY, double FromX, double FromY, double Sweep, Position Start, Position End)
{
    /// <summary>Number of chords of about <paramref name="resolution"/> mm, at least 1; without a centre the arc is a line.</summary>
    public static int Chords(Position start, Position end, double i, double j, bool clockwise, double resolution, int most, out ArcGeometry arc)
    {
        double centreX = start.X + i;
        double centreY = start.Y + j;
        double toX = end.X - centreX;
        double toY = end.Y - centreY;
        double sweep = Math.Atan2((-i * toY) + (j * toX), (-i * toX) - (j * toY));
        if (sweep < 0)
        {
            sweep += 2 * Math.PI;
        }

        if (clockwise)
        {
            sweep -= 2 * Math.PI;
        }

        if (sweep == 0 && start.X == end.X && start.Y == end.Y)
        {
            sweep = 2 * Math.PI;
        }

        arc = new ArcGeometry(centreX, centreY, -i, -j, sweep, start, end);
        if (i == 0 && j == 0)
        {
            return 1;
        }

        double length = Math.Sqrt((((i * i) + (j * j)) * sweep * sweep) + ((end.Z - start.Z) * (end.Z - start.Z)));
        return (int)Math.Clamp(Math.Floor(length / resolution), 1, most);
    }

    /// <summary>The end of chord <paramref name="chord"/> of <paramref name="chords"/>; the last one ends where the line says, not where the circle does.</summary>
    public Position At(int chord, int chords)
    {
        if (chord == chords)
        {
            return End;
        }

        double share = (double)chord / chords;
        (double sin, double cos) = Math.SinCos(Sweep * share);
        return new Position(
            CentreX + (FromX * cos) - (FromY * sin),
            CentreY + (FromX * sin) + (FromY * cos),
            Start.Z + ((End.Z - Start.Z) * share));
    }

    /// <summary>Centre, relative to the start, of an arc given by its radius: a positive radius takes the shorter way round, a negative one the
    /// longer. (0, 0) where no circle of that radius goes through both points.</summary>
    public static (double I, double J) CentreOf(Position start, Position end, double radius, bool clockwise)
    {
        double x = end.X - start.X;
        double y = end.Y - start.Y;
        double squared = (x * x) + (y * y);
        double height = (radius * radius) - (squared / 4);
        if (squared == 0 || height < -1e-3 * Math.Abs(radius))
        {
            return (0, 0);
        }

        double side = Math.Sqrt(Math.Max(0, height) / squared) * (clockwise == radius > 0 ? 1 : -1);
        return ((x / 2) + (side * y), (y / 2) - (side * x));
    }
}
