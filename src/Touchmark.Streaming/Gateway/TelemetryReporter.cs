using Touchmark.Cryptography;
using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>Batches samples into authenticated frames: one per sample at the printer's usual 4 Hz, fewer when its clock runs fast.</summary>
internal sealed class TelemetryReporter(Guid sessionId, LockedBuffer key, double reportSeconds)
{
    private readonly List<PrinterSample> _samples = new(8);
    private ulong _counter;
    private ulong _answered;
    private Moment _reported;
    private double _reportedEvent = double.NegativeInfinity;

    /// <summary>Number of the next frame under the telemetry key.</summary>
    public ulong NextCounter() => ++_counter;

    /// <summary>Takes a sample; samples that are not later than the last are dropped.</summary>
    public void Add(in PrinterSample sample)
    {
        if (_samples.Count == 0 || sample.EventTime > _samples[^1].EventTime)
        {
            _samples.Add(sample);
        }
    }

    /// <summary>The next frame, when it is time for one.</summary>
    public ReadOnlyMemory<byte>? Report(ulong answered, Moment now)
    {
        bool due = _samples.Count > 0
            && (_samples[^1].EventTime - _reportedEvent >= reportSeconds || now.Since(_reported) >= reportSeconds || _samples.Count >= Telemetry.MaxSamples);
        if (!due && (answered == _answered || now.Since(_reported) < reportSeconds))
        {
            return null;
        }
        if (_samples.Count > 0)
        {
            _reportedEvent = _samples[^1].EventTime;
        }
        (_reported, _answered) = (now, answered);
        var frame = new Telemetry(sessionId, NextCounter(), answered, _samples).Encode(key);
        _samples.Clear();
        return frame;
    }
}
