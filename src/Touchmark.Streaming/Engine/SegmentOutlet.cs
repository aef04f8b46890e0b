using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Touchmark.Cryptography;
using Touchmark.GCode;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>Lets segments out through the window: one is held ready, sealed when there is room, and then wiped. Measures the exposure.</summary>
internal sealed class SegmentOutlet(Guid sessionId, SessionSettings settings, TelemetryGate gate) : IDisposable
{
    private const int IvSize = 12;

    private readonly ArrayBufferWriter<byte> _ivs = new();
    private readonly Queue<SegmentPlan> _unverified = new();
    private readonly Queue<ReadOnlyMemory<byte>> _unanswered = new();
    private SegmentSealer? _sealer;
    private ulong _sentBefore;
    private ReadOnlyMemory<byte> _headBefore;
    private Segment? _next;

    /// <summary>Whether a segment is wanted to be held ready.</summary>
    public bool IsEmpty => _next is null;

    /// <summary>Whether everything that was sent is confirmed.</summary>
    public bool IsConfirmed => _unverified.Count == 0;

    public ulong Sent => _sealer?.Count ?? _sentBefore;

    /// <summary>Segments from the first on that the printer has taken over: nobody asks for them again.</summary>
    public ulong AnsweredThrough => Sent - (ulong)_unanswered.Count;

    /// <summary>The IVs of all segments that were sent, 12 bytes each.</summary>
    public ReadOnlyMemory<byte> Ivs => _ivs.WrittenMemory;

    /// <summary>32 bytes; empty before there are keys.</summary>
    public ReadOnlyMemory<byte> ChainHead => _sealer is null ? _headBefore : _sealer.ChainHead.ToArray();

    /// <summary>Motion outside and not yet seen executed, s.</summary>
    public double Exposure => Math.Max(0, gate.SentSeconds - gate.ExecutedSeconds);

    /// <summary>The most that <see cref="Exposure"/> ever was, s. It only grows when a segment leaves, so that is when it is taken.</summary>
    public double MaxExposure { get; private set; }

    /// <summary>The most segments that ever were outside and not yet confirmed.</summary>
    public int MaxSegmentsOut { get; private set; }

    public void Open(SessionKeys keys) => _sealer = new SegmentSealer(keys, sessionId.ToByteArray(bigEndian: true));

    /// <summary>What an earlier process of the engine has let out. The IVs follow from keys and numbers, so they are made again.</summary>
    public void Restore(SessionKeys keys, SavedSession saved)
    {
        (_sentBefore, _headBefore, MaxExposure, MaxSegmentsOut) = (saved.Sent, saved.ChainHead, saved.MaxExposure, saved.MaxSegmentsOut);
        MakeIvs(keys, saved.Epochs, saved.Sent);
    }

    /// <summary>Goes on under the keys of the last epoch, behind what the gateway has. It may have received more than was saved, or less than was sent.</summary>
    public void Continue(SessionKeys keys, IReadOnlyList<SavedEpoch> epochs, ReadOnlySpan<byte> head)
    {
        ulong received = epochs[^1].First - 1;
        MakeIvs(keys, epochs, received);
        using var fresh = keys.NextEpoch(epochs[^1].EngineNonce.Span, epochs[^1].GatewayNonce.Span);
        _sealer?.Dispose();
        _sealer = new SegmentSealer(fresh, sessionId.ToByteArray(bigEndian: true), received, head);
        _unverified.Clear();
        _unanswered.Clear();
    }

    /// <summary>The last segment that the gateway has is yet to be confirmed, if it was not before.</summary>
    public void Rejoin(SegmentPlan last)
    {
        if (gate.VerifiedThrough < Sent)
        {
            _unverified.Enqueue(last);
        }
    }

    private void MakeIvs(SessionKeys keys, IReadOnlyList<SavedEpoch> epochs, ulong through)
    {
        _ivs.Clear();
        AddIvs(keys.Chain, epochs.Count == 0 ? through : Math.Min(through, epochs[0].First - 1));
        for (int i = 0; i < epochs.Count; i++)
        {
            using var epoch = keys.NextEpoch(epochs[i].EngineNonce.Span, epochs[i].GatewayNonce.Span);
            AddIvs(epoch.Chain, i + 1 < epochs.Count ? Math.Min(through, epochs[i + 1].First - 1) : through);
        }
    }

    private void AddIvs(LockedBuffer chainKey, ulong through)
    {
        for (ulong number = (ulong)(_ivs.WrittenCount / IvSize) + 1; number <= through; number++)
        {
            SegmentSealer.ComputeIv(chainKey, number, _ivs.GetSpan(IvSize)[..IvSize]);
            _ivs.Advance(IvSize);
        }
    }

    /// <summary>Takes the next segment over.</summary>
    public void Hold(Segment segment) => _next = segment;

    /// <summary>Drops the segment that is held ready.</summary>
    public void Drop()
    {
        _next?.Dispose();
        _next = null;
    }

    /// <summary>
    /// The next frame, when the window has room: nothing goes beyond a wait, and a segment that is longer than the room may go when the printer would starve.
    /// </summary>
    public bool TryRelease(out ReadOnlyMemory<byte> frame, [NotNullWhen(true)] out SegmentPlan? plan)
    {
        frame = default;
        plan = null;
        if (_next is not { } segment || gate.IsWaiting || _unverified.Count >= settings.WindowSegments
            || (Exposure + segment.Plan.DurationSeconds > settings.WindowSeconds && Exposure > settings.FloorSeconds))
        {
            return false;
        }
        frame = SegmentMessage.Seal(sessionId, _sealer!, segment.Text.Span);
        _sealer!.LastIv.CopyTo(_ivs.GetSpan(IvSize));
        _ivs.Advance(IvSize);
        _unverified.Enqueue(segment.Plan);
        _unanswered.Enqueue(frame);
        gate.Add(segment.Plan);
        MaxExposure = Math.Max(MaxExposure, Exposure);
        MaxSegmentsOut = Math.Max(MaxSegmentsOut, _unverified.Count);
        plan = segment.Plan;
        Drop();
        return true;
    }

    /// <summary>The printer has taken over the segments up to this one.</summary>
    public void Answered(ulong through)
    {
        while (AnsweredThrough < through && _unanswered.TryDequeue(out _))
        {
        }
    }

    /// <summary>The frames of all segments after this one as they were sent, for a gateway that has not received them.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> After(ulong received) => _unanswered.Skip((int)(received - AnsweredThrough));

    /// <summary>The next plan that was confirmed since the last call.</summary>
    public bool TryConfirm(out SegmentPlan? plan)
    {
        plan = null;
        return Sent - (ulong)_unverified.Count < gate.VerifiedThrough && _unverified.TryDequeue(out plan);
    }

    public void Dispose()
    {
        Drop();
        _sealer?.Dispose();
    }
}

/// <summary>
/// Silence as a leaky bucket: the engine's clock fills it and the printer's clock empties it. Nothing heard, the same sample again and a clock that crawls all
/// fill it.
/// </summary>
internal sealed class Silence
{
    /// <summary>The printer's clock may run this many times slower than the engine's: a loaded host, never a stopped one.</summary>
    private const double SlowestClock = 4;

    private double _printerClock = double.NaN;

    /// <summary>s.</summary>
    public double Seconds { get; private set; }

    /// <summary>The gateway was away and is back: what was not heard meanwhile does not count.</summary>
    public void Reset() => Seconds = 0;

    /// <summary>The engine's clock went on.</summary>
    public void Fill(double seconds) => Seconds += seconds;

    /// <summary>A genuine sample came.</summary>
    public void Hear(double eventTime)
    {
        double ticked = double.IsNaN(_printerClock) ? double.PositiveInfinity : eventTime - _printerClock;
        if (ticked > 0)
        {
            Seconds = Math.Max(0, Seconds - (SlowestClock * ticked));
            _printerClock = eventTime;
        }
    }
}
