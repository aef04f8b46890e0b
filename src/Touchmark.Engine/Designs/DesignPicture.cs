using Touchmark.Engine.Drawing;

namespace Touchmark.Engine.Designs;

/// <summary>
/// Draws a design, small, as it is seen from above its front corner. The engine draws it itself, from the mesh that it has just checked: so it is there for whatever way the design came, shows that design and no other, and no picture
/// that somebody made is ever read or handed out.
/// </summary>
internal sealed class DesignPicture
{
    /// <summary>Pixels.</summary>
    public const int Width = 320;
    /// <inheritdoc cref="Width"/>
    public const int Height = 240;

    /// <summary>Each pixel is drawn as so many by so many, so that edges are smooth.</summary>
    private const int Fine = 2;

    private const int Across = Width * Fine;
    private const int Down = Height * Fine;
    private const int Margin = 8 * Fine;

    /// <summary>Pixels that are looked at before it is given up: some five times what a dense model of 5 million facets takes, and a second of work. Facets that all fill the picture are no model.</summary>
    private const long MostSteps = 300_000_000;

    // From the front, turned by 35° and tilted by 28°: what lies in an axis of the picture, and towards the eye.
    private static readonly (double X, double Y, double Z) Right = (0.8192, 0.5736, 0);
    private static readonly (double X, double Y, double Z) Up = (-0.2693, 0.3846, 0.8829);
    private static readonly (double X, double Y, double Z) Eye = (0.5064, -0.7233, 0.4695);
    private static readonly (double X, double Y, double Z) Light = (0.2, -0.5, 0.8426);

    private readonly float[] depth = new float[Across * Down];
    private readonly byte[] tones = new byte[Across * Down];
    private readonly double scale;
    private readonly double left;
    private readonly double top;
    private long steps;

    /// <param name="facts">Of the same mesh: they say where its picture's edges are.</param>
    public DesignPicture(ModelFacts facts)
    {
        Array.Fill(depth, float.NegativeInfinity);
        double minX = double.MaxValue, maxX = double.MinValue, minY = double.MaxValue, maxY = double.MinValue;
        for (var corner = 0; corner < 8; corner++)
        {
            var p = new Point((corner & 1) == 0 ? facts.Min.X : facts.Max.X, (corner & 2) == 0 ? facts.Min.Y : facts.Max.Y, (corner & 4) == 0 ? facts.Min.Z : facts.Max.Z);
            var (x, y) = (Along(p, Right), -Along(p, Up));
            (minX, maxX, minY, maxY) = (Math.Min(minX, x), Math.Max(maxX, x), Math.Min(minY, y), Math.Max(maxY, y));
        }

        scale = Math.Min((Across - (2 * Margin)) / (maxX - minX), (Down - (2 * Margin)) / (maxY - minY));
        left = (Across / 2.0) - (scale * (minX + maxX) / 2);
        top = (Down / 2.0) - (scale * (minY + maxY) / 2);
    }

    public void Add(Point a, Point b, Point c)
    {
        if (steps > MostSteps)
        {
            return;
        }

        var (ax, ay) = Place(a);
        var (bx, by) = Place(b);
        var (cx, cy) = Place(c);
        var area = ((bx - ax) * (cy - ay)) - ((by - ay) * (cx - ax));
        if (Math.Abs(area) < 1e-12)
        {
            return;
        }

        var tone = Tone(a, b, c);
        var (az, bz, cz) = (Along(a, Eye), Along(b, Eye), Along(c, Eye));
        var (fromX, toX) = Span(ax, bx, cx, Across);
        var (fromY, toY) = Span(ay, by, cy, Down);
        steps += Math.Max(1, (long)(toX - fromX + 1) * (toY - fromY + 1));
        for (var y = fromY; y <= toY; y++)
        {
            for (var x = fromX; x <= toX; x++)
            {
                var (px, py) = (x + 0.5, y + 0.5);
                var u = (((bx - px) * (cy - py)) - ((by - py) * (cx - px))) / area;
                var v = (((cx - px) * (ay - py)) - ((cy - py) * (ax - px))) / area;
                var w = 1 - u - v;
                var z = (float)((u * az) + (v * bz) + (w * cz));
                var at = (y * Across) + x;
                if (u >= 0 && v >= 0 && w >= 0 && z > depth[at])
                {
                    (depth[at], tones[at]) = (z, tone);
                }
            }
        }
    }

    /// <summary>The picture as PNG; null where it would have taken too long.</summary>
    public byte[]? ToPng()
    {
        if (steps > MostSteps)
        {
            return null;
        }

        var pixels = new byte[2 * Width * Height];
        for (var i = 0; i < Width * Height; i++)
        {
            int sum = 0, seen = 0;
            for (var part = 0; part < Fine * Fine; part++)
            {
                var tone = tones[((((i / Width) * Fine) + (part / Fine)) * Across) + ((i % Width) * Fine) + (part % Fine)];
                sum += tone;
                seen += tone > 0 ? 1 : 0;
            }

            (pixels[2 * i], pixels[(2 * i) + 1]) = seen == 0 ? ((byte)0, (byte)0) : ((byte)(sum / seen), (byte)(255 * seen / (Fine * Fine)));
        }

        return Png.Write(pixels, Width);
    }

    private static double Along(Point p, (double X, double Y, double Z) axis) => (p.X * axis.X) + (p.Y * axis.Y) + (p.Z * axis.Z);

    private static (int From, int To) Span(double a, double b, double c, int size) =>
        ((int)Math.Clamp(Math.Floor(Math.Min(a, Math.Min(b, c))), 0, size - 1), (int)Math.Clamp(Math.Ceiling(Math.Max(a, Math.Max(b, c))), 0, size - 1));

    /// <summary>From 70 to 225, so that it stands out from white and from black; a facet that was drawn inside out is lit as the others.</summary>
    private static byte Tone(Point a, Point b, Point c)
    {
        var (ux, uy, uz) = (b.X - a.X, b.Y - a.Y, b.Z - a.Z);
        var (vx, vy, vz) = (c.X - a.X, c.Y - a.Y, c.Z - a.Z);
        var normal = new Point((uy * vz) - (uz * vy), (uz * vx) - (ux * vz), (ux * vy) - (uy * vx));
        var length = Math.Sqrt(Along(normal, (normal.X, normal.Y, normal.Z)));
        var lit = length == 0 ? 0 : Along(normal, Light) / length * (Along(normal, Eye) < 0 ? -1 : 1);
        return (byte)(70 + (155 * Math.Max(0, (0.25 + lit) / 1.25)));
    }

    private (double X, double Y) Place(Point p) => (left + (scale * Along(p, Right)), top - (scale * Along(p, Up)));
}
