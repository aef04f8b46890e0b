using Touchmark.GCode;

namespace Touchmark.Streaming;

/// <summary>
/// What the toolpath's own lines have set at the printer so far, as far as the engine must put it back or hold on to it. Null: not known, because no line has
/// set it, or a macro may have set it since. After klippy/extras/gcode_move.py and fan.py.
/// </summary>
internal sealed class ToolpathModes
{
    private bool _hasOtherFans;

    /// <summary>G90 or G91.</summary>
    public bool? Absolute { get; private set; }

    /// <summary>F, mm/min.</summary>
    public double? Feed { get; private set; }

    /// <summary>Part fan as M106 has it, 0 to 255. Null also for good, once a line named a fan: stock Klipper takes it for the part fan, macros may not.</summary>
    public double? Fan { get; private set; }

    /// <summary>M220 of the toolpath itself, 1 for S100.</summary>
    public double Speed { get; private set; } = 1;

    /// <summary>Last nozzle target, °C.</summary>
    public double? NozzleC { get; private set; }

    /// <summary>Last bed target, °C.</summary>
    public double? BedC { get; private set; }

    /// <summary>Filament drawn back and not yet given again, mm.</summary>
    public double Retracted { get; private set; }

    /// <summary>Takes all lines of a segment that leaves as it is.</summary>
    public void Pass(Segment segment)
    {
        if (segment.Plan.Kind == SegmentKind.Macro)
        {
            (Absolute, Feed, Fan, NozzleC, BedC) = (null, null, null, null, null);
            return;
        }
        var sheet = new Sheet(segment);
        for (int line = 0; line < sheet.Lines; line++)
        {
            Apply(sheet.Line(line), sheet.MovesOf(line));
        }
    }

    /// <summary>Takes one line.</summary>
    /// <param name="line">In canonical form.</param>
    /// <param name="moves">What it does.</param>
    public void Apply(GCodeLine line, ReadOnlySpan<PlannedMove> moves)
    {
        foreach (ref readonly var move in moves)
        {
            Retracted = Math.Max(0, Retracted - move.ExtrudedMm);
        }
        if (line.Kind == GCodeLineKind.Extended && line.Name.SequenceEqual("SET_HEATER_TEMPERATURE"u8))
        {
            (NozzleC, BedC) = (null, null);
        }
        else if (line.Kind == GCodeLineKind.Classic)
        {
            double? s = line.TryGet('S', out double given) ? given : null;
            switch ((char)line.Letter, line.Number)
            {
                case ('G', 0 or 1 or 2 or 3) when line.TryGet('F', out double feed):
                    Feed = feed;
                    break;
                case ('G', 90 or 91):
                    Absolute = line.Number == 90;
                    break;
                case ('M', 104 or 109):
                    NozzleC = line.TryGet('T', out _) ? null : s;
                    break;
                case ('M', 140 or 190):
                    BedC = s;
                    break;
                case ('M', 106 or 107):
                    _hasOtherFans |= line.TryGet('P', out _);
                    Fan = _hasOtherFans ? null : line.Number == 107 ? 0 : Math.Min(s ?? 255, 255);
                    break;
                case ('M', 220):
                    Speed = s is > 0 ? s.Value / 100 : 1;
                    break;
                case ('T', _):
                    NozzleC = null;
                    break;
            }
        }
    }
}
