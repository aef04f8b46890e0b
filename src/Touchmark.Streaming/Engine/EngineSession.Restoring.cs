using Touchmark.Cryptography;
using Touchmark.GCode;

namespace Touchmark.Streaming;

/// <summary>The engine itself goes away and comes back: what it keeps of a session, and how it finds its place in the toolpath again.</summary>
public sealed partial class EngineSession
{
    private readonly List<SavedEpoch> _epochs = [];
    private Restoration? _restoration;

    /// <summary>The session's keys, <see cref="SessionKeys.ExportSize"/> bytes, to be kept sealed; they never change. Null before there are any. The caller disposes them.</summary>
    public LockedBuffer? ExportKeys() => _keys?.Export();

    /// <summary>
    /// Everything else that <see cref="Restore"/> needs, as it is now; to be kept sealed. Only of a session that streams and knows its place, or that is being ended.
    /// </summary>
    public byte[]? Save() => Phase != SessionPhase.Finishing && (Phase != SessionPhase.Streaming || _restoration is not null) ? null : new SavedSession
    {
        Sent = _outlet.Sent,
        Verified = _gate.VerifiedThrough,
        Executed = _gate.ExecutedSeconds,
        ControlCounter = _controlCounter,
        TelemetryCounter = _telemetryCounter,
        ChainHead = _outlet.ChainHead,
        MaxExposure = _outlet.MaxExposure,
        MaxSegmentsOut = _outlet.MaxSegmentsOut,
        Offered = _begun.Utc,
        Started = _started,
        Forged = _forged,
        PrinterTransport = _transport,
        Profile = _profile!.Encode(),
        Nozzle = _observations.Nozzle,
        Bed = _observations.Bed,
        Chamber = _observations.Chamber,
        Alerts = _observations.Alerts,
        Adjustments = _observations.Adjustments,
        Epochs = _epochs,
        Paused = _pause.IsOn ? _pause.Asked : null,
        Ending = _ending is null ? null : new SavedEnding(_ending.Reason, _ending.Text, _ending.BeforeExtrusion, _halt),
    }.Encode();

    /// <summary>
    /// A session of an earlier process, waiting for its gateway. It wants the toolpath from its beginning, to find its place: what has left before is read and not
    /// sent again. One that was being ended goes on ending.
    /// </summary>
    /// <param name="options">As they were.</param>
    /// <param name="keys">What <see cref="ExportKeys"/> gave.</param>
    /// <param name="state">What <see cref="Save"/> gave, some time later or not.</param>
    /// <param name="now">Now.</param>
    /// <exception cref="InvalidDataException">The state is none.</exception>
    public static EngineSession Restore(EngineSessionOptions options, ReadOnlySpan<byte> keys, ReadOnlyMemory<byte> state, Moment now)
    {
        if (SavedSession.TryDecode(state, out string? problem) is not { } saved || MachineProfile.TryDecode(saved.Profile, out problem) is not { } profile)
        {
            throw new InvalidDataException($"A saved session cannot be read: {problem}.");
        }
        var session = new EngineSession(options)
        {
            _keys = SessionKeys.Import(keys),
            _profile = profile,
            _transport = saved.PrinterTransport,
            // Control frames that left after the state was saved used counters that nobody remembers.
            _controlCounter = saved.ControlCounter + Restoration.CounterLeap,
            _telemetryCounter = saved.TelemetryCounter,
            _forged = saved.Forged,
            _begun = now with { Utc = saved.Offered },
            _advanced = now,
            _started = saved.Started,
            _restoration = saved.Ending is null ? new Restoration(saved.Verified) : null,
            Phase = SessionPhase.Streaming,
        };
        session._epochs.AddRange(saved.Epochs);
        session._observations.Restore(saved);
        session._gate.Restore(saved.Verified, saved.Executed);
        session._outlet.Restore(session._keys, saved);
        session._absence.Begin("the engine was restarted", now);
        if (saved.Paused is { } asked)
        {
            session.Pause(asked, now);
        }
        if (saved.Ending is { } ending)
        {
            session._halt = ending.Halt;
            session.Conclude(ending.Reason, ending.Text, now);
            session._ending = session._ending! with { BeforeExtrusion = ending.BeforeExtrusion };
        }
        return session;
    }

    /// <summary>The gateway has said what it has: from there on, segments go on under fresh keys.</summary>
    private void Continue(ReadOnlySpan<byte> engineNonce, Wire.Resumed resumed)
    {
        _epochs.Add(new SavedEpoch(resumed.Received + 1, engineNonce.ToArray(), resumed.GatewayNonce));
        _outlet.Continue(_keys!, _epochs, resumed.ChainHead.Span);
        _restoration!.Target = resumed.Received;
        _restoration.Answer = resumed;
    }

    /// <summary>Takes a segment that the gateway has already.</summary>
    private void Skip(Segment segment, Moment now)
    {
        _gate.Skip(segment.Plan);
        _dresser.Skip(segment);
        _ = _snapshot.Announce(segment.Plan);
        _restoration!.Skipped++;
        _restoration.Last = segment.Plan;
        segment.Dispose();
        CatchUp(now);
    }

    private void CatchUp(Moment now)
    {
        if (_restoration is not { Answer: { } resumed } || _restoration.Skipped < resumed.Received || _absence.IsOn)
        {
            return;
        }
        if (_restoration.Last is { } last)
        {
            _gate.Rejoin(last, resumed.Lift);
            _gate.Answered(resumed.Answered);
            _gate.Excuse(resumed.Received, resumed.Lift, resumed.LiftedAt);
            _outlet.Rejoin(last);
        }
        _restoration = null;
        _dresser.Resume();
        RepeatHold(now);
        Pump(now);
    }
}

/// <summary>A restored session on its way to its place in the toolpath.</summary>
/// <param name="verified">Segments that were confirmed before: the gateway has those in any case.</param>
internal sealed class Restoration(ulong verified)
{
    /// <summary>More control frames than leave between two savings.</summary>
    public const ulong CounterLeap = 1UL << 32;

    public ulong Verified { get; } = verified;

    /// <summary>Segments to skip.</summary>
    public ulong Target { get; set; } = verified;

    public ulong Skipped { get; set; }

    /// <summary>The plan of the last segment that was skipped.</summary>
    public SegmentPlan? Last { get; set; }

    /// <summary>What the gateway said; null before.</summary>
    public Wire.Resumed? Answer { get; set; }

    public bool WantsSegment => Skipped < Target;
}
