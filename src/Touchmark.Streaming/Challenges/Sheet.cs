using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Touchmark.GCode;

namespace Touchmark.Streaming;

/// <summary>A segment laid open, line by line with the moves of each, and the lines that the engine puts between them.</summary>
internal sealed class Sheet
{
    private readonly Segment _segment;
    private readonly List<PlannedMove> _moves;
    private readonly int[] _lineStart;
    private readonly int[] _moveStart;
    private readonly List<Added> _added = [];
    private int _addedLines;
    private int _addedBytes;

    public Sheet(Segment segment)
    {
        _segment = segment;
        _moves = [.. segment.Plan.Moves];
        var text = segment.Text.Span;
        Lines = text.Count((byte)'\n');
        _lineStart = new int[Lines + 1];
        _moveStart = new int[Lines + 1];
        for (int line = 0; line < Lines; line++)
        {
            _lineStart[line + 1] = _lineStart[line] + text[_lineStart[line]..].IndexOf((byte)'\n') + 1;
            _moveStart[line + 1] = _moveStart[line] + (line < segment.Plan.LineMoves.Count ? segment.Plan.LineMoves[line] : 0);
        }
    }

    public int Lines { get; }

    public bool IsChanged => _added.Count > 0;

    public GCodeLine Line(int line) => new(_segment.Text.Span[_lineStart[line]..(_lineStart[line + 1] - 1)]);

    public ReadOnlySpan<PlannedMove> MovesOf(int line) => CollectionsMarshal.AsSpan(_moves)[_moveStart[line].._moveStart[line + 1]];

    /// <summary>The last move before a line, and the first of it or of the lines behind it; null where there is none in this segment.</summary>
    public (PlannedMove? Before, PlannedMove? After) Around(int line) =>
        (_moveStart[line] > 0 ? _moves[_moveStart[line] - 1] : null, _moveStart[line] < _moves.Count ? _moves[_moveStart[line]] : null);

    /// <summary>Motion of the segment before a line, s.</summary>
    public double TimeBefore(int line)
    {
        double seconds = 0;
        for (int move = 0; move < _moveStart[line]; move++)
        {
            seconds += _moves[move].DurationSeconds;
        }
        return seconds + _added.Where(added => added.Before <= line).Sum(static added => added.Moves.Sum(static move => move.DurationSeconds));
    }

    /// <summary>Puts lines before a line of the segment, behind those that were put there already. False: there is no room, and nothing is changed.</summary>
    /// <param name="line">0 to <see cref="Lines"/>; never before an earlier one.</param>
    /// <param name="text">Canonical lines, each with its line feed.</param>
    /// <param name="moves">The moves that they make, one a line from the line that <paramref name="firstMove"/> counts.</param>
    /// <param name="firstMove">Which of the added lines makes the first of them.</param>
    public bool TryAdd(int line, ReadOnlySpan<byte> text, IReadOnlyList<PlannedMove>? moves = null, int firstMove = 0)
    {
        int lines = text.Count((byte)'\n');
        if (Lines + _addedLines + lines > SegmentRules.LargestLines || _lineStart[Lines] + _addedBytes + text.Length > SegmentRules.LargestBytes)
        {
            return false;
        }
        _addedLines += lines;
        _addedBytes += text.Length;
        _added.Add(new Added(line, text.ToArray(), lines, moves ?? [], firstMove));
        return true;
    }

    /// <summary>Whether so many more lines would fit.</summary>
    public bool HasRoomFor(int lines) => Lines + _addedLines + lines <= SegmentRules.LargestLines;

    /// <summary>The moves around a line come to rest there: both are planned anew.</summary>
    public void StopBefore(int line, in PlannedMove before, in PlannedMove? after)
    {
        _moves[_moveStart[line] - 1] = before;
        if (after is { } next)
        {
            _moves[_moveStart[line]] = next;
        }
    }

    /// <summary>The segment with the added lines; the one without is disposed of.</summary>
    /// <param name="nozzleC">Nozzle target set by an added line, unless the segment's own lines set one after it.</param>
    /// <param name="bedC">The same of the bed.</param>
    public Segment Build(double? nozzleC = null, double? bedC = null)
    {
        Span<byte> text = stackalloc byte[SegmentRules.LargestBytes];
        int length = 0;
        List<int> lineMoves = new(Lines + _addedLines);
        List<PlannedMove> moves = new(_moves.Count + 2);
        for (int line = 0; line <= Lines; line++)
        {
            foreach (var added in _added.Where(added => added.Before == line))
            {
                added.Text.CopyTo(text[length..]);
                length += added.Text.Length;
                lineMoves.AddRange(Enumerable.Range(0, added.Lines).Select(n => n >= added.FirstMove && n < added.FirstMove + added.Moves.Count ? 1 : 0));
                moves.AddRange(added.Moves);
            }
            if (line < Lines)
            {
                var own = _segment.Text.Span[_lineStart[line].._lineStart[line + 1]];
                own.CopyTo(text[length..]);
                length += own.Length;
                lineMoves.Add(_moveStart[line + 1] - _moveStart[line]);
                moves.AddRange(MovesOf(line));
            }
        }
        var plan = _segment.Plan with
        {
            Moves = moves,
            LineMoves = lineMoves,
            DurationSeconds = moves.Sum(static move => move.DurationSeconds),
            NozzleTargetC = _segment.Plan.NozzleTargetC ?? nozzleC,
            BedTargetC = _segment.Plan.BedTargetC ?? bedC,
        };
        var dressed = _segment.With(text[..length], plan);
        CryptographicOperations.ZeroMemory(text);
        _segment.Dispose();
        return dressed;
    }

    private readonly record struct Added(int Before, byte[] Text, int Lines, IReadOnlyList<PlannedMove> Moves, int FirstMove);
}
