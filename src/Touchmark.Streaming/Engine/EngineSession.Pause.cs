using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>A person pauses the print and lets it go on: nothing leaves meanwhile, what is out is printed to its end, and the gateway raises the head.</summary>
public sealed partial class EngineSession
{
    private readonly Pause _pause = new();

    /// <summary>Pauses; one that is paused stays so. The limit counts from when it was asked for, so that an engine that was started anew does not lengthen it.</summary>
    /// <param name="asked">When.</param>
    /// <param name="now">Now.</param>
    public void Pause(DateTimeOffset asked, Moment now)
    {
        if (_pause.IsOn || Phase is SessionPhase.Finishing or SessionPhase.Ended)
        {
            return;
        }
        _pause.Begin(asked, _outlet.Sent, now);
        SayHold(now);
    }

    /// <summary>Goes on where it was paused.</summary>
    public void GoOn(Moment now)
    {
        if (!_pause.IsOn)
        {
            return;
        }
        EndPause(now);
        SayHold(now);
        Pump(now);
    }

    private PauseProgress? PauseNow => !_pause.IsOn ? null
        : new PauseProgress(_pause.Asked, _pause.Asked.AddSeconds(_options.Settings.PauseSeconds), _pause.IsAnswered && _outlet.IsConfirmed, _pause.IsRaised);

    /// <summary>Nobody came back to a hot head over a part.</summary>
    private bool IsPausedTooLong(Moment now) => _pause.IsOn && _pause.Seconds(now) > _options.Settings.PauseSeconds;

    private void EndPausedPrint(Moment now) =>
        Stop(EndReason.PausedTooLong, FormattableString.Invariant($"Nobody let the print go on within {_options.Settings.PauseSeconds:F0} s of its pause; it was ended so that the printer does not stay hot with nobody there."), now);

    private void EndPause(Moment now)
    {
        if (_pause.IsOn)
        {
            _observations.Raise("PAUSED", FormattableString.Invariant($"Paused for {_pause.Seconds(now):F1} s behind segment {_pause.Segment}."), now.Utc);
            _pause.End();
        }
    }

    private void SayHold(Moment now)
    {
        if (Phase != SessionPhase.Streaming || _absence.IsOn || _restoration is not null)
        {
            return;
        }
        ulong number = ++_controlCounter;
        if (_pause.IsOn)
        {
            _pause.Order(number);
        }
        Say(new Hold(_options.SessionId, number, _pause.IsOn).Encode(_keys!.Control), now);
    }

    /// <summary>After every new connection: the gateway has forgotten, and may have segments before it that it had not received.</summary>
    private void RepeatHold(Moment now)
    {
        if (_pause.IsOn)
        {
            _pause.Repeat();
            SayHold(now);
        }
    }

    /// <summary>Once a second. A hold that the gateway has not answered is said again instead.</summary>
    private void SayAlive(Moment now)
    {
        if (_pause is { IsOn: true, IsAnswered: false } && Phase == SessionPhase.Streaming && _restoration is null)
        {
            SayHold(now);
            return;
        }
        Say(new Alive(_options.SessionId, ++_controlCounter).Encode(_keys!.Control), now);
    }

    private bool TakeHeld(ReadOnlySpan<byte> frame, Moment now)
    {
        if (_keys is null || !WireWriter.HasMac(frame, _keys.Telemetry) || Held.TryDecode(frame) is not { } held || held.Counter <= _telemetryCounter)
        {
            return false;
        }
        _telemetryCounter = held.Counter;
        _absence.Hear();
        if (Phase != SessionPhase.Streaming || _absence.IsOn || _restoration is not null)
        {
            return true;
        }
        if (!_pause.Answer(held) || held.Received > _outlet.Sent || held.Received < _outlet.AnsweredThrough)
        {
            Stop(EndReason.ProtocolViolation, "The gateway says that it holds what it was not told to hold.", now);
            return true;
        }
        if (held.Lift > 0)
        {
            _gate.Excuse(held.Received, held.Lift, held.LiftedAt);
        }
        return true;
    }
}
