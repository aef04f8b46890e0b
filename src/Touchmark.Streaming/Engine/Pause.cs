using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>A print that is held on a person's word: since when, and whether the gateway has answered.</summary>
internal sealed class Pause
{
    private Moment _begun;
    private double _before;
    private ulong _first;
    private ulong _last;
    private ulong _answered;

    public bool IsOn { get; private set; }

    /// <summary>When it was asked for.</summary>
    public DateTimeOffset Asked { get; private set; }

    /// <summary>The last segment that had left.</summary>
    public ulong Segment { get; private set; }

    /// <summary>The printer has taken over what was sent, and the head is or will not be raised.</summary>
    public bool IsAnswered { get; private set; }

    /// <summary>The gateway has raised the head.</summary>
    public bool IsRaised { get; private set; }

    public void Begin(DateTimeOffset asked, ulong segment, Moment now)
    {
        (IsOn, Asked, Segment, _begun, _before) = (true, asked, segment, now, Math.Max(0, (now.Utc - asked).TotalSeconds));
        Repeat();
    }

    public void End() => IsOn = IsAnswered = IsRaised = false;

    /// <summary>The gateway is to be told again, and to answer again.</summary>
    public void Repeat() => (_first, IsAnswered, IsRaised) = (0, false, false);

    public double Seconds(Moment now) => _before + now.Since(_begun);

    /// <summary>The gateway is told under this number.</summary>
    public void Order(ulong number)
    {
        _first = _first == 0 ? number : _first;
        _answered = _last == 0 ? number - 1 : _answered;
        _last = number;
    }

    /// <summary>Takes the answer. False: to nothing that was ordered, or it is an old one. One to an order that was taken back meanwhile still says where the head is.</summary>
    public bool Answer(Held held)
    {
        if (held.Order <= _answered || held.Order > _last)
        {
            return false;
        }
        _answered = held.Order;
        if (IsOn && _first > 0 && held.Order >= _first)
        {
            (IsAnswered, IsRaised) = (true, held.Lift > 0);
        }
        return true;
    }
}
