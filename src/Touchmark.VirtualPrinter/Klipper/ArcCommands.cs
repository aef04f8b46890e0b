namespace Touchmark.VirtualPrinter;

/// <summary>Arcs (Klipper's <c>gcode_arcs.py</c>): cut into straight moves of about the configured length, in any of the three planes, as helices too.</summary>
internal sealed class ArcCommands
{
    private readonly MoveCommands moves;
    private readonly double resolution;
    private int plane;

    public ArcCommands(GCode gcode, MoveCommands moves, PrinterConfig config)
    {
        this.moves = moves;
        resolution = config.Number("gcode_arcs", "resolution");
        gcode.Register("G2", command => ArcAsync(command, clockwise: true));
        gcode.Register("G3", command => ArcAsync(command, clockwise: false));
        gcode.Register("G17", _ => plane = 0);
        gcode.Register("G18", _ => plane = 1);
        gcode.Register("G19", _ => plane = 2);
    }

    private async ValueTask ArcAsync(GCodeCommand command, bool clockwise)
    {
        if (!moves.IsAbsolute)
            throw new CommandError("G2/G3 does not support relative move mode");
        // The two axes of the plane, the one across it, and the words of the centre's offset.
        var (a, b, across, first, second) = plane switch { 0 => (0, 1, 2, "I", "J"), 1 => (0, 2, 1, "I", "K"), _ => (1, 2, 0, "J", "K") };
        var start = moves.Last;
        var end = start;
        foreach (var (name, axis) in new[] { ("X", 0), ("Y", 1), ("Z", 2), ("E", 3) })
        {
            if (command.Has(name))
                end = end.With(axis, moves.Resolve(axis, command.Number(name)));
        }

        if (command.Has("R"))
            throw new CommandError("G2/G3 does not support R moves");
        var i = command.Number(first, 0);
        var j = command.Number(second, 0);
        if (i == 0 && j == 0)
            throw new CommandError("G2/G3 requires IJ, IK or JK parameters");
        moves.ReadSpeed(command);

        var centreA = start[a] + i;
        var centreB = start[b] + j;
        var angle = Math.Atan2(-i * (end[b] - centreB) + j * (end[a] - centreA), -i * (end[a] - centreA) - j * (end[b] - centreB));
        if (angle < 0)
            angle += 2 * Math.PI;
        if (clockwise)
            angle -= 2 * Math.PI;
        if (angle == 0 && start[a] == end[a] && start[b] == end[b])
            angle = 2 * Math.PI;
        var length = Math.Abs(angle) * Math.Sqrt(i * i + j * j);
        var rise = end[across] - start[across];
        if (rise != 0)
            length = Math.Sqrt(length * length + rise * rise);
        var pieces = Math.Max(1, Math.Min(100_000, Math.Floor(length / resolution)));
        for (var piece = 1; piece < pieces; piece++)
        {
            var part = piece / pieces;
            var (sine, cosine) = Math.SinCos(angle * part);
            await moves.MoveAtFeedAsync(start
                .With(a, centreA - i * cosine + j * sine)
                .With(b, centreB - i * sine - j * cosine)
                .With(across, start[across] + rise * part)
                .With(3, start.E + (end.E - start.E) * part));
        }

        await moves.MoveAtFeedAsync(end);
    }
}
