using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>What the printer does, as the gateway reports it: judged by the gate, and confirmed.</summary>
public sealed partial class EngineSession
{
    private ulong _telemetryCounter;

    private bool TakeTelemetry(ReadOnlySpan<byte> frame, Moment now)
    {
        if (_keys is null || !WireWriter.HasMac(frame, _keys.Telemetry) || Telemetry.TryDecode(frame) is not { } telemetry || telemetry.Counter <= _telemetryCounter)
        {
            return false;
        }
        _telemetryCounter = telemetry.Counter;
        _absence.Hear();
        if (Phase != SessionPhase.Streaming || _absence.IsOn)
        {
            return true;
        }
        if (telemetry.Answered > _outlet.Sent)
        {
            Stop(EndReason.ProtocolViolation, "The gateway answered for a segment that was never sent.", now);
            return true;
        }
        Answered(telemetry.Answered);
        foreach (var sample in telemetry.Samples.Where(IsNew))
        {
            _silence.Hear(sample.EventTime);
            _observations.Observe(sample, _dresser.Ordered(sample.SpeedFactor), _options.Facts.ChamberC > 0, now.Utc);
            if (_restoration is not null)
            {
                continue;
            }
            _snapshot.Observe(sample);
            _gate.Observe(sample, now);
            _dresser.Observe(sample, _gate.ExecutedSeconds);
        }
        if ((_gate.Verdict ?? _dresser.Verdict) is { } verdict)
        {
            if (verdict.Reason == EndReason.ProxySuspected)
            {
                Halt(HaltReason.ProxySuspected, verdict.Text, now);
            }
            else
            {
                Stop(verdict.Reason, verdict.Text, now);
            }
            return true;
        }
        Confirm(now);
        if (_snapshot.Difference is { } difference)
        {
            Stop(EndReason.IdentityChanged, difference, now);
            _ending = _ending! with { BeforeExtrusion = true };
            return true;
        }
        Pump(now);
        FinishWhenVerified(now);
        return true;
    }

    private void Confirm(Moment now)
    {
        bool any = false;
        while (_outlet.TryConfirm(out var plan))
        {
            any = true;
            _observations.Expect(plan!);
            _snapshot.Confirm(plan!);
        }
        if (any)
        {
            SayVerified(now);
        }
    }

    private void SayVerified(Moment now) => Say(new Verified(_options.SessionId, ++_controlCounter, _gate.VerifiedThrough).Encode(_keys!.Control), now);

    private void Answered(ulong through)
    {
        _gate.Answered(through);
        _outlet.Answered(through);
    }

    /// <summary>What a gateway is not sure to have delivered it reports again.</summary>
    private bool IsNew(PrinterSample sample) => _observations.Last is not { } last || sample.EventTime > last.EventTime;
}
