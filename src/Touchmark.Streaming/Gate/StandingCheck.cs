namespace Touchmark.Streaming;

/// <summary>How long the head has stood on the path, how long lines have waited to be taken over, and how long a segment takes in all.</summary>
internal sealed class StandingCheck
{
    private Waited _still;
    private Waited _unanswered;
    private Waited _inSegment;

    /// <summary>A sample on the path.</summary>
    /// <param name="progress">Where the head is, plan seconds.</param>
    /// <param name="moved">Whether it moved since the last one.</param>
    /// <param name="current">The first segment that is not confirmed; null when all are.</param>
    /// <param name="answered">Segments that the printer has taken over.</param>
    /// <param name="waited">Time since the last sample.</param>
    public GateVerdict? OnPath(double progress, bool moved, OutsideSegment? current, ulong answered, Waited waited)
    {
        bool taken = current is { } first && answered >= first.Number;
        _still = moved || !taken ? default : _still + waited;
        _inSegment = taken ? _inSegment + waited : default;
        if (moved || taken || current is not { } segment)
        {
            _unanswered = default;
        }
        else
        {
            return Unanswered(segment.Number, waited);
        }
        if (current is { } outside && _still.Seconds > GateLimits.MaxStill && progress < outside.End)
        {
            return Suspect(FormattableString.Invariant($"the printer took lines over but has not moved for {_still.Seconds:F1} s"));
        }
        if (current is { Plan.Kind: GCode.SegmentKind.Motion } slow && _inSegment.Seconds > GateLimits.SegmentSlack + (GateLimits.MaxSlowness * slow.Plan.DurationSeconds))
        {
            return Suspect(FormattableString.Invariant($"segment {slow.Number} took {_inSegment.Seconds:F0} s instead of {slow.Plan.DurationSeconds:F1} s"));
        }
        return null;
    }

    /// <summary>A segment was sent and the printer has not taken it over. That is no lie, but it has to end some day.</summary>
    public GateVerdict? Unanswered(ulong segment, Waited waited)
    {
        _unanswered += waited;
        return _unanswered.Seconds > GateLimits.MaxUnanswered
            ? new GateVerdict(EndReason.PrinterTooSlow, FormattableString.Invariant($"The printer has not taken over segment {segment} for {_unanswered.Seconds:F0} s."))
            : null;
    }

    /// <summary>A segment is confirmed.</summary>
    public void Confirmed() => _inSegment = default;

    /// <summary>A wait is over.</summary>
    public void Rest() => (_still, _unanswered, _inSegment) = (default, default, default);

    private static GateVerdict Suspect(string what) => GateVerdict.Suspicion(what);
}
