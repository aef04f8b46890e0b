using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>The gateway without its engine: whether it is gone, and what is left to do before its resume is answered.</summary>
internal sealed class Absence
{
    /// <summary>The engine says something every second; after this much silence the connection is given up for another, s.</summary>
    private const double SilentSeconds = 3;

    /// <summary>One step of this side's clock counts as silence only so far, s: longer, and it was this side that stood still.</summary>
    private const double MaxStep = 0.5;

    /// <summary>How long an engine that was restarted waits for the head to be raised, s. It has the toolpath to find its place in meanwhile.</summary>
    private const double LiftSeconds = 5;

    private Resume? _resume;
    private ReadOnlyMemory<byte> _machineId;
    private Moment _asked;
    private Moment _advanced;
    private double _silent;

    /// <summary>No connection, or none on which the session was resumed.</summary>
    public bool IsOn { get; private set; }

    /// <summary>The engine gets no say on whether the head is raised once it was told.</summary>
    public bool MayLift => IsOn;

    public void Begin()
    {
        IsOn = true;
        _resume = null;
    }

    /// <summary>Something genuine came from the engine.</summary>
    public void Hear() => _silent = 0;

    /// <summary>Whether the engine has been silent for so long that another connection has to be tried.</summary>
    public bool IsTooSilent(Moment now)
    {
        _silent += Math.Min(now.Since(_advanced), MaxStep);
        _advanced = now;
        return !IsOn && _silent > SilentSeconds;
    }

    /// <summary>The engine asked to go on; the machine is to be read again.</summary>
    public void Ask(Resume resume, Moment now) => (_resume, _machineId, _asked, IsOn) = (resume, default, now, true);

    /// <summary>Which machine is there.</summary>
    public void Identify(ReadOnlyMemory<byte> machineId) => _machineId = machineId;

    /// <summary>
    /// The resume to be answered now, if any. An engine that was restarted has to find its place first, so the head is raised before it is told: whether it was
    /// must not change behind its back.
    /// </summary>
    /// <param name="mayRise">Whether the head is going to be raised as soon as the printer has taken everything over.</param>
    /// <param name="now">Now.</param>
    public Resume? Due(bool mayRise, Moment now) =>
        _resume is { } resume && !_machineId.IsEmpty && (!resume.NewEpoch || !mayRise || now.Since(_asked) > LiftSeconds) ? resume : null;

    /// <summary>Answers, and the engine is back. In a new epoch <paramref name="opener"/> is exchanged.</summary>
    public ReadOnlyMemory<byte> Answer(Resume resume, SessionKeys keys, ref SegmentOpener opener, ulong counter, ulong answered, HeadLift lift)
    {
        byte[] nonce = RandomNumberGenerator.GetBytes(Resume.NonceSize);
        byte[] head = opener.ChainHead.ToArray();
        ulong received = opener.Count;
        if (resume.NewEpoch)
        {
            using var epoch = keys.NextEpoch(resume.Nonce.Span, nonce);
            opener.Dispose();
            opener = new SegmentOpener(epoch, resume.SessionId.ToByteArray(bigEndian: true), received, head);
        }
        (_resume, IsOn, _silent) = (null, false, 0);
        return new Resumed(resume.SessionId, counter, resume.Nonce, nonce, received, answered, head, _machineId, lift.Raised, lift.Raised > 0 ? lift.Since : 0).Encode(keys.Telemetry);
    }
}
