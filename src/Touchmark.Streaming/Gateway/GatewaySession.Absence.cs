using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>The engine goes away and comes back: what happens to the head meanwhile, and how the session goes on.</summary>
public sealed partial class GatewaySession
{
    private readonly HeadLift _lift = new();
    private readonly Absence _absence = new();

    /// <summary>Whether the engine is gone and the session waits for it to come back.</summary>
    public bool IsEngineAway => _absence.IsOn;

    /// <summary>How the session ended, as it was told to the engine: to be sent again when it asks to resume a session that is over. Empty before, and when there were no keys.</summary>
    public ReadOnlyMemory<byte> LastWord { get; private set; }

    /// <summary>Answer to a resume of a session that this gateway does not have, signed by the device: it was started anew.</summary>
    public static ReadOnlyMemory<byte> DeclineResume(ReadOnlySpan<byte> resume, P256PrivateKey device)
    {
        WireFrame.Peek(resume, out var sessionId);
        var refusal = new Refusal("SESSION_UNKNOWN", "This gateway does not have that session.", new Dictionary<string, string>(StringComparer.Ordinal), "Start a new job.");
        return Refuse.Encode(sessionId, refusal, SHA256.HashData(resume), new Es256Signer(device));
    }

    /// <summary>
    /// The connection to the engine is gone. A print goes on as far as it was sent; then the head is raised, and waits for the engine as long as the licence allows.
    /// Before the start it is the end.
    /// </summary>
    public void ConnectionLost(Moment now)
    {
        if (Phase is not (SessionPhase.Streaming or SessionPhase.Finishing))
        {
            Stop(EndReason.ConnectionLost, "The connection to the engine was lost.", now);
            return;
        }
        _absence.Begin();
        _reporter!.Leave();
        // They went nowhere; what they said is said again.
        _frames.Clear();
        Release();
        RaiseHead();
    }

    /// <summary>Answer to <see cref="GatewayAction.ReadMachine"/>: the machine that is there now; null when the printer did not tell.</summary>
    public void MachineRead(MachineProfile? profile, Moment now)
    {
        if (Phase != SessionPhase.Streaming || !_absence.IsOn)
        {
            return;
        }
        if (profile is null)
        {
            Fail(PrinterFault.Vanished, "The printer did not tell which machine it is.", now);
            return;
        }
        var differences = MachineProfile.Compare(_profile!, profile).Where(static difference => difference.IdentifiesMachine).ToList();
        if (differences.Count > 0)
        {
            Stop(EndReason.IdentityChanged, $"This is not the machine that the print began on: {string.Join("; ", differences)}.", now);
            return;
        }
        _absence.Identify(profile.MachineId());
        AnswerResume(now);
    }

    /// <summary>Answer to <see cref="GatewayAction.MoveHead"/>; <paramref name="error"/> is null when every line was taken over.</summary>
    public void HeadMoved(string? error, Moment now)
    {
        if (Phase != SessionPhase.Streaming || !_lift.IsMoving)
        {
            return;
        }
        if (error is not null)
        {
            Fail(PrinterFault.Error, error, now);
            return;
        }
        if (_lift.Done())
        {
            _reporter!.Forget(_lift.Since, _lift.HalfWay);
        }
        HandOver();
        RaiseHead();
        AnswerResume(now);
    }

    private void TakeResume(Resume resume, Moment now)
    {
        if (Phase == SessionPhase.Streaming)
        {
            // One that is sent on a connection which this side still believes in is as good.
            _reporter!.Leave();
            _absence.Ask(resume, now);
            Release();
            _actions.Enqueue(new GatewayAction.ReadMachine());
            return;
        }
        _reporter!.Return();
        SendEnded(Safety.UnderWay);
    }

    private void AnswerResume(Moment now)
    {
        if (Phase != SessionPhase.Streaming || _absence.Due(mayRise: _lift.IsDown && WouldRise, now) is not { } resume)
        {
            return;
        }
        _frames.Enqueue(_absence.Answer(resume, _keys!, ref _opener!, _reporter!.NextCounter(), _store.Answered, _lift));
        _reporter.Return();
        Report(now);
    }

    /// <summary>The head is over the part, and would stand there as soon as the printer has done what it has.</summary>
    private bool WouldRise => _opener!.Count > 0 && _last is { State: PrinterState.Ready } last && last.Homed.HasFlag(HomedAxes.Z);

    private void RaiseHead()
    {
        if (Phase == SessionPhase.Streaming && (_absence.MayLift || _owesHeld) && _lift.IsDown && _store.IsDry && _opener!.Count > 0 && _lift.Rise(_profile!.Limits, _last) is { } lines)
        {
            _actions.Enqueue(new GatewayAction.MoveHead(lines));
        }
        SayHeld();
    }

    private void HandOver()
    {
        if (!_lift.IsDown)
        {
            if (_store.HasMore && _lift.Sink() is { } lines)
            {
                _actions.Enqueue(new GatewayAction.MoveHead(lines));
            }
            return;
        }
        while (_store.TryHandOver(out ulong segment, out var script))
        {
            _actions.Enqueue(new GatewayAction.SendScript(segment, script));
        }
    }
}
