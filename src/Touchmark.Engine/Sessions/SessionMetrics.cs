using System.Diagnostics.Metrics;

namespace Touchmark.Engine.Sessions;

/// <summary>What the sessions of this node do.</summary>
internal sealed class SessionMetrics
{
    private readonly UpDownCounter<long> connected;
    private readonly Counter<long> refused;
    private readonly UpDownCounter<long> active;
    private readonly Counter<long> sent;
    private readonly Counter<long> verified;
    private readonly Histogram<double> latency;
    private readonly Histogram<double> exposure;

    public SessionMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Touchmark.Engine.Sessions");
        connected = meter.CreateUpDownCounter<long>("touchmark.gateways.connected", "{gateway}");
        refused = meter.CreateCounter<long>("touchmark.gateways.refused", "{connection}", "Connections that did not prove an enrolled printer");
        active = meter.CreateUpDownCounter<long>("touchmark.sessions.active", "{session}");
        sent = meter.CreateCounter<long>("touchmark.segments.sent", "{segment}");
        verified = meter.CreateCounter<long>("touchmark.segments.verified", "{segment}");
        latency = meter.CreateHistogram<double>("touchmark.segments.latency", "s", "From sending a segment to the telemetry that confirms it");
        exposure = meter.CreateHistogram<double>("touchmark.sessions.exposure", "s", "Most motion that was outside the engine and not yet executed, per session");
    }

    public void Connected(int by) => connected.Add(by);

    public void Refused() => refused.Add(1);

    public void Active(int by) => active.Add(by);

    public void Sent(ulong segments) => sent.Add((long)segments);

    public void Verified(double seconds)
    {
        verified.Add(1);
        latency.Record(seconds);
    }

    public void Exposed(double seconds) => exposure.Record(seconds);
}
