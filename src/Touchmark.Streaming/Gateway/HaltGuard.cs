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

/// <summary>Tells genuine halts from forged, old and repeated ones. Only genuine nonces are remembered, so nobody without the key can fill the memory.</summary>
internal sealed class HaltGuard
{
    /// <summary>Oldest halt that counts, and how far ahead its clock may seem to be, s.</summary>
    private const double MaxAge = 10;

    /// <summary>More genuine halts than this within <see cref="MaxAge"/> are one halt anyway.</summary>
    private const int MaxNonces = 64;

    private readonly Queue<byte[]> _nonces = new();

    /// <param name="frame">The frame.</param>
    /// <param name="control">The session's control key.</param>
    /// <param name="engineTime">The engine's clock now, as well as this side knows it.</param>
    public HaltVerdict Judge(ReadOnlySpan<byte> frame, LockedBuffer control, DateTimeOffset engineTime)
    {
        if (!WireWriter.HasMac(frame, control) || Halt.TryDecode(frame) is not { } halt)
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
