using System.Security.Cryptography;
using Touchmark.Cryptography;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>The engine without its gateway: since when, and the resume that waits for its answer.</summary>
internal sealed class GatewayAbsence
{
    /// <summary>The gateway says something every second; after this much silence the connection is given up, s.</summary>
    private const double SilentSeconds = 5;

    /// <summary>One step of this side's clock counts as silence only so far, s: longer, and it was this side that stood still.</summary>
    private const double MaxStep = 0.5;

    /// <summary>Time beyond the outage limit in which a gateway that ended the print by itself can still come back and say how, s.</summary>
    private const double Slack = 15;

    private byte[]? _nonce;
    private byte[] _resumeHash = [];
    private Moment _since;
    private double _silent;

    /// <summary>No connection, or none on which the session was resumed.</summary>
    public bool IsOn { get; private set; }

    /// <summary>Asked on this connection, not answered yet.</summary>
    public bool IsAsking => IsOn && _nonce is not null;

    /// <summary>Why it went away, for people.</summary>
    public string Cause { get; private set; } = "";

    public void Begin(string cause, Moment now)
    {
        _nonce = null;
        if (!IsOn)
        {
            (IsOn, Cause, _since) = (true, cause, now);
        }
    }

    public double Seconds(Moment now) => now.Since(_since);

    /// <summary>Whether the gateway is not to be expected back.</summary>
    public bool IsOver(double outageSeconds, Moment now) => IsOn && Seconds(now) > outageSeconds + Slack;

    /// <summary>Something genuine came from the gateway.</summary>
    public void Hear() => _silent = 0;

    /// <summary>Whether the gateway has been silent for so long that the connection is as good as lost.</summary>
    public bool IsTooSilent(double elapsed)
    {
        _silent += Math.Min(elapsed, MaxStep);
        return !IsOn && _silent > SilentSeconds;
    }

    public ReadOnlyMemory<byte> Ask(Guid sessionId, ulong counter, bool newEpoch, LockedBuffer controlKey)
    {
        _nonce = RandomNumberGenerator.GetBytes(Resume.NonceSize);
        var frame = new Resume(sessionId, counter, newEpoch, _nonce).Encode(controlKey);
        _resumeHash = SHA256.HashData(frame.Span);
        return frame;
    }

    /// <summary>Whether this answers what was asked on this connection.</summary>
    public bool IsAnswer(Resumed resumed) => IsAsking && resumed.EngineNonce.Span.SequenceEqual(_nonce);

    /// <summary>Whether the device says that it knows nothing of the session that it was asked to resume.</summary>
    public bool IsDeclined(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> deviceKey) => IsAsking && Refuse.IsSigned(frame, _resumeHash, deviceKey);

    public ReadOnlySpan<byte> EngineNonce => _nonce;

    public void End()
    {
        (IsOn, _silent) = (false, 0);
        _nonce = null;
    }
}
