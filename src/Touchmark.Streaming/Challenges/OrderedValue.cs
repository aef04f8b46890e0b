namespace Touchmark.Streaming;

/// <summary>What a sample says about the last order.</summary>
internal enum Reply
{
    /// <summary>The printer need not show it yet, or has been judged before.</summary>
    Pending,

    /// <summary>It shows what was ordered, for the first time.</summary>
    Taken,

    /// <summary>It still shows what was before, where it must not.</summary>
    Missed,

    /// <summary>It shows something else: somebody turned the knob.</summary>
    Foreign,
}

/// <summary>
/// A value that lines in the toolpath set and the printer reports back. A line is executed no later than the motion behind it, so once the head has passed the
/// line's place on the plan, the printer shows its value, however little is sampled and however slow the network; it may do so sooner, because Klipper reads
/// about a second ahead.
/// </summary>
/// <param name="initial">Before the first order.</param>
/// <param name="tolerance">Within which two values are the same.</param>
internal sealed class OrderedValue(double initial, double tolerance)
{
    private double _before = initial;
    private double _from = double.NegativeInfinity;
    private State _state = State.Kept;
    private int _misses;

    private enum State
    {
        /// <summary>The printer may show the value of before, for now.</summary>
        Open,

        /// <summary>It has shown the ordered value, or nothing is asked of it.</summary>
        Kept,

        /// <summary>It has been seen to ignore the order.</summary>
        Missed,
    }

    /// <summary>What was ordered last.</summary>
    public double Value { get; private set; } = initial;

    /// <summary>The printer has shown another value than those that were ordered: a person's hand has precedence.</summary>
    public bool IsForeign { get; private set; }

    /// <summary>Orders <paramref name="value"/> from a place of the plan on, plan seconds.</summary>
    public void Order(double value, double from) => (_before, Value, _from, _state, _misses) = (WasMissed ? _before : Value, value, from, State.Open, 0);

    /// <summary>The last order was ignored.</summary>
    public bool WasMissed => _state == State.Missed;

    /// <summary>A person has set another value than the ordered one and keeps it; <paramref name="value"/> is what would have been ordered next.</summary>
    public void Yield(double value) => (Value, _state) = (value, State.Kept);

    /// <summary>Nothing is known of the printer's value any more, until it shows what was ordered.</summary>
    public void Forget() => _state = State.Kept;

    /// <summary>Whether somebody who reports this may be following orders.</summary>
    public bool Explains(double reported) => Near(reported, Value) || (_state != State.Kept && Near(reported, _before));

    /// <summary>Takes what a sample shows when motion up to <paramref name="executed"/> was seen done, plan seconds.</summary>
    public Reply Judge(double reported, double executed)
    {
        bool isBefore = Near(reported, _before);
        if (Near(reported, Value) && !(isBefore && _state == State.Open && executed < _from))
        {
            bool first = _state == State.Open;
            (IsForeign, _state) = (false, State.Kept);
            return first ? Reply.Taken : Reply.Pending;
        }
        if (executed < _from + ChallengeLimits.OrderMargin || (isBefore && _state == State.Missed))
        {
            return Reply.Pending;
        }
        if (isBefore && _state == State.Open)
        {
            _state = ++_misses >= ChallengeLimits.MissedSamples ? State.Missed : State.Open;
            return _state == State.Missed ? Reply.Missed : Reply.Pending;
        }
        bool fresh = !IsForeign;
        (IsForeign, _state) = (true, State.Kept);
        return fresh ? Reply.Foreign : Reply.Pending;
    }

    private bool Near(double one, double other) => Math.Abs(one - other) <= tolerance;
}
