using System.Globalization;

namespace Touchmark.VirtualPrinter;

/// <summary>Motion that was once carried out, from its first extruding move on.</summary>
internal sealed class RecordedMotion
{
    private readonly List<(double Start, double End, Position To)> moves = [];

    /// <summary>Reads what <c>--record</c> wrote: <c>start,end,x,y,z,e</c> a line, the first line being those words.</summary>
    public static RecordedMotion Read(IEnumerable<string> lines)
    {
        var motion = new RecordedMotion();
        double? origin = null;
        var before = double.NaN;
        foreach (var line in lines.Skip(1))
        {
            var n = Array.ConvertAll(line.Split(','), static text => double.Parse(text, CultureInfo.InvariantCulture));
            if (origin is null && n[5] > before)
                origin = n[0];
            before = n[5];
            if (origin is { } zero)
                motion.moves.Add((n[0] - zero, n[1] - zero, new Position(n[2], n[3], n[4], n[5])));
        }

        return motion;
    }

    /// <summary>A print of nested squares, for one who has no recording.</summary>
    public static RecordedMotion Squares()
    {
        const double speed = 45;
        var motion = new RecordedMotion();
        double time = 0, filament = 0;
        for (var turn = 0; turn < 2000; turn++)
        {
            double size = 20 + (turn / 4 % 20), z = 0.3 + (0.2 * (turn / 80));
            var (x, y) = (turn % 4) switch { 0 => (size, 0.0), 1 => (size, size), 2 => (0.0, size), _ => (0.0, 0.0) };
            motion.moves.Add((time, time + (size / speed), new Position(90 + x, 90 + y, z, filament += size * 0.035)));
            time += size / speed;
        }

        return motion;
    }

    public (Position Position, double Speed) At(double time)
    {
        int low = 0, high = moves.Count - 1;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (moves[middle].End < time)
                low = middle + 1;
            else
                high = middle;
        }

        var move = moves[low];
        if (time >= move.End || low == 0)
            return (move.To, 0);
        var from = moves[low - 1].To;
        var way = move.To - from;
        var length = Math.Sqrt((way.X * way.X) + (way.Y * way.Y) + (way.Z * way.Z));
        return time <= move.Start ? (from, 0) : (from + (way * ((time - move.Start) / (move.End - move.Start))), length / (move.End - move.Start));
    }
}
