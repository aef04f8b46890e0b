using System.Buffers.Text;

namespace Touchmark.GCode;

/// <summary>Writes a straight move that lasts long as equal parts of the same line (spec/gcode.md, "Long moves"). A planner passes the points
/// between them at full speed, so the head moves as before; but what has to be given away at once is a part.</summary>
internal sealed class MoveSplitter
{
    /// <summary>A move that needs more parts is left as it is: no slicer writes one, and text must not grow without bound.</summary>
    public const int MaxParts = 500;

    /// <summary>Longest line that is split: four axes as slicers write them, and a speed.</summary>
    private const int MaxLineBytes = 96;

    /// <summary>Longest part: four numbers of 29 digits at most, and what else was in the line.</summary>
    public const int MaxPartBytes = 256;

    /// <summary>Points between parts are written to the nanometre, or finer where the line itself is.</summary>
    private const int Decimals = 6;

    /// <summary>Sums of numbers with so many decimals are exact; no slicer writes more.</summary>
    private const int MaxDecimals = 15;

    /// <summary>mm. Shorter parts would show their rounding in speed and direction.</summary>
    private const double LeastLength = 0.01;

    /// <summary>mm/s. With corner velocities below it a planner would brake at the rounding of the last decimal.</summary>
    private const double LeastCornerVelocity = 1e-3;

    /// <summary>Parts are made a little shorter than they may be, so that none is split again for its rounding.</summary>
    private const double Slack = 0.999;

    private readonly MachineLimits _limits;
    private readonly LookAhead _planner;
    private readonly double _longestSeconds;
    private readonly decimal[] _start = new decimal[4];
    private readonly bool[] _relative = new bool[4];

    /// <param name="limits">The machine.</param>
    /// <param name="longestSeconds">How long a part may last from rest to rest, s.</param>
    public MoveSplitter(MachineLimits limits, double longestSeconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(longestSeconds);
        _limits = limits;
        _planner = new LookAhead(limits);
        _longestSeconds = longestSeconds;
    }

    /// <summary>In how many parts a line is to be written: 1 for most.</summary>
    /// <param name="line">An allowed line.</param>
    /// <param name="state">The state after it.</param>
    public int Parts(GCodeLine line, MotionState state)
    {
        if (line.Letter != 'G' || line.Number is not (0 or 1) || state.Moves.Count != 1)
        {
            return 1;
        }

        RawMove move = state.Moves[0];
        (double length, double reach) = _planner.Reach(move, state, _longestSeconds);
        reach = Math.Max(reach, LeastLength);
        double parts = Math.Ceiling(length / (reach * Slack));
        return length > reach && parts <= MaxParts && PassesFreely(move, state) && line.Text.Length <= MaxLineBytes && SumsAreExact(line) ? (int)parts : 1;
    }

    private bool PassesFreely(in RawMove move, MotionState state) =>
        state.SquareCornerVelocity >= LeastCornerVelocity && (move.ExtrudedMm == 0 || _limits.InstantaneousCornerVelocity >= LeastCornerVelocity);

    private static bool SumsAreExact(GCodeLine line)
    {
        foreach (Range range in line.Arguments.Split((byte)' '))
        {
            if (!TryNumber(line.Arguments[range], out _))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Takes note of where a move begins, for <see cref="Write"/>.</summary>
    /// <param name="before">The state before the line.</param>
    public void Begin(MotionState before)
    {
        for (int axis = 0; axis < _start.Length; axis++)
        {
            _start[axis] = (decimal)before.Coordinate(axis);
            _relative[axis] = before.IsRelative(axis);
        }
    }

    /// <summary>Writes one part in canonical form, without line feed. The last one ends where the line does, to the digit.</summary>
    /// <param name="line">The line that <see cref="Begin"/> was called before.</param>
    /// <param name="part">From 1.</param>
    /// <param name="parts">How many there are.</param>
    /// <param name="destination">At least <see cref="GCodeText.MaxLineBytes"/> bytes.</param>
    /// <returns>Bytes written, at most <see cref="MaxPartBytes"/>.</returns>
    public int Write(GCodeLine line, int part, int parts, Span<byte> destination)
    {
        Span<byte> text = stackalloc byte[MaxPartBytes];
        line.Name.CopyTo(text);
        int length = line.Name.Length;
        foreach (Range range in line.Arguments.Split((byte)' '))
        {
            ReadOnlySpan<byte> word = line.Arguments[range];
            int axis = MotionState.AxisOf((char)word[0]);
            if (axis >= 0 && TryNumber(word, out decimal value))
            {
                text[length++] = word[0];
                Utf8Formatter.TryFormat(Share(axis, value, part, parts), text[length..], out int digits);
                length += digits;
            }
            else if (part == 1)
            {
                word.CopyTo(text[length..]);
                length += word.Length;
            }
        }

        return GCodeText.Canonicalise(text[..length], destination);
    }

    private decimal Share(int axis, decimal value, int part, int parts)
    {
        int decimals = Math.Max(Decimals, (int)value.Scale);
        return _relative[axis]
            ? decimal.Round(value * part / parts, decimals) - decimal.Round(value * (part - 1) / parts, decimals)
            : decimal.Round(_start[axis] + ((value - _start[axis]) * part / parts), decimals);
    }

    private static bool TryNumber(ReadOnlySpan<byte> word, out decimal value) =>
        Utf8Parser.TryParse(word[1..], out value, out int used) && used == word.Length - 1 && value.Scale <= MaxDecimals;
}
