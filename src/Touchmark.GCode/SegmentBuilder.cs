using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Touchmark.GCode;

/// <summary>Takes canonical lines one by one and cuts them into segments once their motion is final. Memory is bounded: what waits for the
/// look-ahead is at most <see cref="MaxPendingLines"/> lines and <see cref="MaxPendingBytes"/> bytes.</summary>
internal sealed class SegmentBuilder(MachineLimits limits, SegmentRules rules)
{
    private const int MaxPendingLines = 16 * 1024;
    private const int MaxPendingBytes = 1024 * 1024;

    private readonly LookAhead _lookAhead = new(limits);
    private readonly List<Pending> _lines = [];
    private byte[] _text = new byte[16 * 1024];
    private int _textLength;
    private long _firstLine = 1;

    // Of the segment that is being filled: how many pending lines, moves and bytes it has.
    private int _takenLines;
    private int _takenMoves;
    private int _takenBytes;
    private double _seconds;

    /// <summary>Bytes of text that wait to be cut.</summary>
    public int PendingBytes => _textLength;

    /// <summary>The printer's state after the last line that was applied to it.</summary>
    public MotionState State { get; } = new(limits);

    /// <summary>Takes one canonical line without its line feed.</summary>
    public void Add(ReadOnlySpan<byte> canonical)
    {
        State.Apply(new GCodeLine(canonical));
        AddApplied(canonical);
    }

    /// <summary>Takes the line that was applied to <see cref="State"/> last.</summary>
    public void AddApplied(ReadOnlySpan<byte> canonical)
    {
        if (State.Stops)
        {
            _lookAhead.Finish();
        }

        foreach (RawMove move in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(State.Moves))
        {
            _lookAhead.Add(move, State);
        }

        Append(canonical);
        _lines.Add(new Pending(
            canonical.Length + 1, State.Moves.Count, State.Kind, State.DwellSeconds, State.NozzleSet, State.BedSet, State.ChamberSet, State.FanSet));
        if (_lines.Count >= MaxPendingLines || _textLength >= MaxPendingBytes)
        {
            _lookAhead.Finish();
        }
    }

    /// <summary>The next segment, if one is complete. Its text is valid until the next call.</summary>
    /// <param name="ended">Whether no further line will be added.</param>
    /// <param name="text">Its lines.</param>
    /// <param name="plan">What they do.</param>
    public bool TryTake(bool ended, out ReadOnlySpan<byte> text, [NotNullWhen(true)] out SegmentPlan? plan)
    {
        if (ended)
        {
            _lookAhead.Finish();
        }

        while (_takenLines < _lines.Count)
        {
            Pending line = _lines[_takenLines];
            if (_takenMoves + line.Moves > _lookAhead.Final.Count)
            {
                break;
            }

            double seconds = 0;
            for (int i = 0; i < line.Moves; i++)
            {
                seconds += _lookAhead.Final[_takenMoves + i].DurationSeconds;
            }

            if (_takenLines > 0 && MustCutBefore(line, seconds))
            {
                return Take(out text, out plan);
            }

            _takenLines++;
            _takenMoves += line.Moves;
            _takenBytes += line.Bytes;
            _seconds += seconds + line.DwellSeconds;
            if (line.Kind != SegmentKind.Motion)
            {
                return Take(out text, out plan);
            }
        }

        if (ended && _takenLines > 0)
        {
            return Take(out text, out plan);
        }

        text = [];
        plan = null;
        return false;
    }

    private bool MustCutBefore(Pending line, double seconds) =>
        line.Kind != SegmentKind.Motion
        || _takenLines >= rules.MaxLines
        || _takenBytes + line.Bytes > rules.MaxBytes
        || (_takenLines >= rules.MinLines && _seconds >= rules.TargetSeconds)
        || (seconds > 0 && _seconds > 0 && _seconds + seconds > rules.MaxSeconds);

    private int _discard;

    private bool Take(out ReadOnlySpan<byte> text, out SegmentPlan plan)
    {
        DiscardTaken();
        double? nozzle = null, bed = null, chamber = null, fan = null;
        int[] lineMoves = new int[_takenLines];
        for (int i = 0; i < _takenLines; i++)
        {
            Pending line = _lines[i];
            lineMoves[i] = line.Moves;
            nozzle = line.NozzleC ?? nozzle;
            bed = line.BedC ?? bed;
            chamber = line.ChamberC ?? chamber;
            fan = line.Fan ?? fan;
        }

        PlannedMove[] moves = _lookAhead.Final.GetRange(0, _takenMoves).ToArray();
        plan = new SegmentPlan
        {
            Kind = _lines[0].Kind,
            FirstLine = _firstLine,
            Lines = _takenLines,
            LineMoves = lineMoves,
            DurationSeconds = _seconds,
            Moves = moves,
            ExtrudedMm = moves.Sum(move => move.ExtrudedMm),
            NozzleTargetC = nozzle,
            BedTargetC = bed,
            ChamberTargetC = chamber,
            FanSpeed = fan,
        };
        text = _text.AsSpan(0, _takenBytes);
        _discard = _takenBytes;
        _lookAhead.Final.RemoveRange(0, _takenMoves);
        _lines.RemoveRange(0, _takenLines);
        _firstLine += _takenLines;
        _takenLines = _takenMoves = _takenBytes = 0;
        _seconds = 0;
        return true;
    }

    /// <summary>Drops the text that was handed out by the last <see cref="Take"/>; until then its caller may read it.</summary>
    private void DiscardTaken()
    {
        if (_discard > 0)
        {
            _text.AsSpan(_discard, _textLength - _discard).CopyTo(_text);
            CryptographicOperations.ZeroMemory(_text.AsSpan(_textLength - _discard, _discard));
            _textLength -= _discard;
            _discard = 0;
        }
    }

    private void Append(ReadOnlySpan<byte> line)
    {
        DiscardTaken();
        if (_textLength + line.Length + 1 > _text.Length)
        {
            byte[] larger = new byte[_text.Length * 2];
            _text.AsSpan(0, _textLength).CopyTo(larger);
            CryptographicOperations.ZeroMemory(_text);
            _text = larger;
        }

        line.CopyTo(_text.AsSpan(_textLength));
        _textLength += line.Length;
        _text[_textLength++] = (byte)'\n';
    }

    public void Wipe()
    {
        CryptographicOperations.ZeroMemory(_text);
        _lines.Clear();
        _lookAhead.Wipe();
    }

    private readonly record struct Pending(
        int Bytes, int Moves, SegmentKind Kind, double DwellSeconds, double? NozzleC, double? BedC, double? ChamberC, double? Fan);
}
