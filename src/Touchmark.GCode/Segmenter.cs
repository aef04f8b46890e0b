namespace Touchmark.GCode;

/// <summary>Cuts canonical text into segments, in order, in bounded memory; the same text gives the same cuts. The plan of a segment is final
/// when it is returned: lines are read ahead until nothing later can change it. Text that is not canonical is brought into canonical form first.</summary>
public sealed class Segmenter(Stream canonical, MachineLimits limits, SegmentRules? rules = null) : IDisposable
{
    private readonly GCodeStreamReader _reader = new(canonical);
    private readonly SegmentBuilder _builder = new(limits, rules ?? SegmentRules.Default);
    private readonly byte[] _line = new byte[GCodeText.MaxLineBytes];
    private ulong _next;
    private bool _ended;

    /// <summary>Bytes of text that were read and are not in a segment yet; bounded whatever the text.</summary>
    public int PendingBytes => _builder.PendingBytes;

    /// <summary>The next segment, or null after the last.</summary>
    public async ValueTask<Segment?> NextAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (TryTake() is { } segment)
            {
                return segment;
            }

            if (_ended)
            {
                return null;
            }

            _ended = !TryAddLine() && !await _reader.FillAsync(cancellationToken);
        }
    }

    private Segment? TryTake() => _builder.TryTake(_ended, out ReadOnlySpan<byte> text, out SegmentPlan? plan) ? new Segment(_next++, text, plan) : null;

    private bool TryAddLine()
    {
        if (!_reader.TryRead(out ReadOnlySpan<byte> raw))
        {
            return false;
        }

        int length = GCodeText.Canonicalise(raw, _line);
        if (length > 0)
        {
            _builder.Add(_line.AsSpan(0, length));
        }

        return true;
    }

    public void Dispose()
    {
        _reader.Dispose();
        _builder.Wipe();
        _line.AsSpan().Clear();
    }
}
