using System.Globalization;
using Touchmark.GCode;

namespace Touchmark.Streaming;

/// <summary>
/// Raises the head when the printer has run out of lines because the engine is gone or holds the print, so that it does not stand on the part, and brings it back before the next
/// line: up and down with a retraction, and nothing extruded on balance.
/// </summary>
internal sealed class HeadLift
{
    /// <summary>mm: far enough that a drop does not reach the part, near enough to be back at once.</summary>
    private const double Height = 5;

    /// <summary>What is still queued can raise the head by about a layer after the sample that the room is computed from, mm.</summary>
    private const double Margin = 1;

    /// <summary>Below this there is no room to lift in, mm.</summary>
    private const double Least = 0.5;

    /// <summary>Filament that is taken back meanwhile, mm.</summary>
    private const double Retraction = 1;

    /// <summary>mm/min as G-code has it.</summary>
    private const double LiftFeed = 600;

    private const double RetractFeed = 2100;

    private readonly List<string> _back = [];
    private State _state;

    private enum State
    {
        Down,
        Rising,
        Up,
        Sinking,
    }

    /// <summary>The head is where the toolpath has it.</summary>
    public bool IsDown => _state == State.Down;

    /// <summary>Lines were sent and are not answered.</summary>
    public bool IsMoving => _state is State.Rising or State.Sinking;

    /// <summary>mm; 0 while the head is down.</summary>
    public double Raised { get; private set; }

    /// <summary>Printer clock of the last sample before the lift was ordered, s.</summary>
    public double Since { get; private set; }

    /// <summary>Half-way between where the head was and where it was raised to, mm.</summary>
    public double HalfWay { get; private set; }

    /// <summary>Where it was raised to, or is on its way to, mm.</summary>
    public double Top => HalfWay + (Raised / 2);

    /// <summary>The lines that raise the head; null when it cannot be raised: not ready, Z not homed, no room.</summary>
    public IReadOnlyList<string>? Rise(MachineLimits limits, PrinterSample? last)
    {
        if (last is not { State: PrinterState.Ready } sample || !sample.Homed.HasFlag(HomedAxes.Z))
        {
            return null;
        }
        double room = Math.Min(Height, limits.MaxZ - Margin - sample.Z);
        if (room < Least)
        {
            return null;
        }
        // Whole micrometres, so that the way back is as long as the way up.
        (Raised, Since) = (Math.Round(room, 3, MidpointRounding.ToZero), sample.EventTime);
        HalfWay = sample.Z + (Raised / 2);
        bool melts = sample.NozzleC > limits.MinExtrudeC && sample.NozzleTargetC > limits.MinExtrudeC;
        List<string> up = ["SAVE_GCODE_STATE NAME=touchmark_lift", "G91", "M83"];
        _back.Clear();
        _back.AddRange(["G91", "M83", Line($"G1 Z{-Raised:0.###} F{LiftFeed}")]);
        if (melts)
        {
            up.Add(Line($"G1 E{-Retraction} F{RetractFeed}"));
            _back.Add(Line($"G1 E{Retraction} F{RetractFeed}"));
        }
        up.Add(Line($"G1 Z{Raised:0.###} F{LiftFeed}"));
        _back.Add("RESTORE_GCODE_STATE NAME=touchmark_lift");
        _state = State.Rising;
        return up;
    }

    /// <summary>The lines that bring the head back; null while it is on its way.</summary>
    public IReadOnlyList<string>? Sink()
    {
        if (_state != State.Up)
        {
            return null;
        }
        _state = State.Sinking;
        return [.. _back];
    }

    /// <summary>The printer has taken the lines over. True: the head is back.</summary>
    public bool Done()
    {
        if (_state == State.Rising)
        {
            _state = State.Up;
            return false;
        }
        (_state, Raised) = (State.Down, 0);
        return true;
    }

    private static string Line(FormattableString line) => line.ToString(CultureInfo.InvariantCulture);
}
