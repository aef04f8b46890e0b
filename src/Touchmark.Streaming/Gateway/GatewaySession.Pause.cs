using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>The engine holds the print: what is here is printed to its end, then the head is raised and the engine told, before it sees the head there.</summary>
public sealed partial class GatewaySession
{
    /// <summary>Number of the order in force; 0: none.</summary>
    private ulong _hold;

    private bool _owesHeld;

    /// <summary>Whether the engine holds the print.</summary>
    public bool IsHeld => _hold > 0;

    private bool TakeHold(Hold hold)
    {
        Release();
        if (hold.IsOn)
        {
            (_hold, _owesHeld) = (hold.Counter, true);
            RaiseHead();
        }
        return true;
    }

    /// <summary>No order is in force: it was taken back, a segment came, or the connection on which it came is gone.</summary>
    private void Release() => (_hold, _owesHeld) = (0, false);

    /// <summary>Says so once for every order, when nothing is left to hand over: from then on the head is where this says until the next segment comes.</summary>
    private void SayHeld()
    {
        if (_owesHeld && Phase == SessionPhase.Streaming && !_absence.IsOn && _store.IsDry)
        {
            _owesHeld = false;
            bool isUp = !_lift.IsDown;
            _frames.Enqueue(new Held(SessionId!.Value, _reporter!.NextCounter(), _hold, _opener!.Count, isUp ? _lift.Raised : 0, isUp ? _lift.Since : 0).Encode(_keys!.Telemetry));
        }
    }
}
