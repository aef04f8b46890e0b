using System.Globalization;
using Touchmark.Cryptography;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>What became of a frame that says HALT.</summary>
internal enum HaltVerdict
{
    Genuine = 0,
    Forged = 1,
    Stale = 2,
    Replayed = 3,
}

/// <summary>Halts that changed nothing.</summary>
/// <param name="Forged">Without the session's control key.</param>
/// <param name="Stale">Genuine once, more than 10 s off.</param>
/// <param name="Replayed">Seen before.</param>
public readonly record struct RefusedHalts(long Forged, long Stale, long Replayed)
{
    /// <summary>What the certificate should say, if anything.</summary>
    internal IReadOnlyList<PreflightWarning> Warnings(long ignoredFrames) => ignoredFrames == 0 ? [] :
    [
        new("FORGED_FRAMES_AT_GATEWAY", string.Create(CultureInfo.InvariantCulture,
            $"The gateway ignored {ignoredFrames} frames that were not genuine or not in their place; of them halts: {Forged} forged, {Stale} stale, {Replayed} replayed.")),
    ];
}

/// <summary>Tells genuine halts from forged, old and repeated ones. Only genuine nonces are remembered, so nobody without the key can fill the memory.</summary>
internal sealed class HaltGuard
{
    /// <summary>Oldest halt that counts, and how far ahead its clock may seem to be, s.</summary>
    private const double MaxAge = 10;

    /// <summary>More genuine halts than this within <see cref="MaxAge"/> are one halt anyway.</summary>
    private const int MaxNonces = 64;

    private readonly Queue<byte[]> _nonces = new();

    /// <summary>What was refused so far.</summary>
    public RefusedHalts Refused { get; private set; }

    /// <param name="frame">The frame.</param>
    /// <param name="control">The session's control key.</param>
    /// <param name="engineTime">The engine's clock now, as well as this side knows it.</param>
    /// <param name="reason">Of a genuine one.</param>
    public HaltVerdict Judge(ReadOnlySpan<byte> frame, LockedBuffer control, DateTimeOffset engineTime, out HaltReason reason)
    {
        var verdict = Judge(frame, control, engineTime, out Halt? halt);
        reason = halt?.Reason ?? default;
        Refused = verdict switch
        {
            HaltVerdict.Forged => Refused with { Forged = Refused.Forged + 1 },
            HaltVerdict.Stale => Refused with { Stale = Refused.Stale + 1 },
            HaltVerdict.Replayed => Refused with { Replayed = Refused.Replayed + 1 },
            _ => Refused,
        };
        return verdict;
    }

    private HaltVerdict Judge(ReadOnlySpan<byte> frame, LockedBuffer control, DateTimeOffset engineTime, out Halt? halt)
    {
        halt = null;
        if (!WireWriter.HasMac(frame, control) || (halt = Halt.TryDecode(frame)) is null)
        {
            return HaltVerdict.Forged;
        }
        if (Math.Abs((engineTime - halt.Time).TotalSeconds) > MaxAge)
        {
            return HaltVerdict.Stale;
        }
        foreach (byte[] seen in _nonces)
        {
            if (halt.Nonce.Span.SequenceEqual(seen))
            {
                return HaltVerdict.Replayed;
            }
        }
        if (_nonces.Count == MaxNonces)
        {
            _nonces.Dequeue();
        }
        _nonces.Enqueue(halt.Nonce.ToArray());
        return HaltVerdict.Genuine;
    }
}
