using Touchmark.Cryptography;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>
/// Batches samples into authenticated frames: one per sample at the printer's usual 4 Hz, fewer when its clock runs fast. While the engine is gone they are
/// kept, and those of the last seconds before are kept as well, because they may not have arrived.
/// </summary>
internal sealed class TelemetryReporter(Guid sessionId, LockedBuffer key, double reportSeconds)
{
    /// <summary>Longest silence: an empty frame says that it is the printer that says nothing, not the network, s.</summary>
    private const double AliveSeconds = 1;

    /// <summary>What was sent this long before the connection was missed may be lost, s.</summary>
    private const double InDoubtSeconds = 5;

    /// <summary>Samples that are kept: 17 minutes at 4 Hz. When there are more, every other one goes.</summary>
    private const int MaxKept = 4096;

    private readonly List<PrinterSample> _samples = new(8);
    private readonly List<(Moment Sent, PrinterSample Sample)> _kept = [];
    private ulong _counter;
    private ulong _answered;
    private Moment _reported;
    private double _reportedEvent = double.NegativeInfinity;
    private bool _away;

    /// <summary>Number of the next frame under the telemetry key.</summary>
    public ulong NextCounter() => ++_counter;

    /// <summary>Takes a sample; samples that are not later than the last are dropped.</summary>
    public void Add(in PrinterSample sample)
    {
        if (_samples.Count > 0 && sample.EventTime <= _samples[^1].EventTime)
        {
            return;
        }
        _samples.Add(sample);
        if (_away && _samples.Count > MaxKept)
        {
            int index = 0;
            _samples.RemoveAll(_ => index++ % 2 == 0);
        }
    }

    /// <summary>The engine is gone: keep what there is to report.</summary>
    public void Leave()
    {
        if (_away)
        {
            return;
        }
        _away = true;
        _samples.InsertRange(0, _kept.Select(static kept => kept.Sample).Where(sample => _samples.Count == 0 || sample.EventTime < _samples[0].EventTime));
        _kept.Clear();
    }

    /// <summary>The engine is back: everything that was kept is reported.</summary>
    public void Return() => (_away, _reportedEvent) = (false, double.NegativeInfinity);

    /// <summary>Samples from this printer time on and above this height tell nothing any more: the head was raised, and is back.</summary>
    public void Forget(double since, double above)
    {
        _kept.RemoveAll(kept => IsRaised(kept.Sample));
        _samples.RemoveAll(IsRaised);

        bool IsRaised(PrinterSample sample) => sample.EventTime >= since && sample.Z > above;
    }

    /// <summary>The next frame, when it is time for one.</summary>
    public ReadOnlyMemory<byte>? Report(ulong answered, Moment now)
    {
        if (_away)
        {
            return null;
        }
        double passed = now.Since(_reported);
        bool due = passed >= AliveSeconds || (answered != _answered && passed >= reportSeconds)
            || (_samples.Count > 0 && (_samples[^1].EventTime - _reportedEvent >= reportSeconds || passed >= reportSeconds || _samples.Count >= Telemetry.MaxSamples));
        if (!due)
        {
            return null;
        }
        var reported = _samples[..Math.Min(_samples.Count, Telemetry.MaxSamples)];
        _samples.RemoveRange(0, reported.Count);
        _kept.RemoveAll(kept => now.Since(kept.Sent) > InDoubtSeconds);
        _kept.AddRange(reported.Select(sample => (now, sample)));
        _reportedEvent = reported.Count > 0 ? reported[^1].EventTime : _reportedEvent;
        (_reported, _answered) = (now, answered);
        return new Telemetry(sessionId, NextCounter(), answered, reported).Encode(key);
    }
}
