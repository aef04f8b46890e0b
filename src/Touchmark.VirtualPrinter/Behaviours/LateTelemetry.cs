namespace Touchmark.VirtualPrinter;

/// <summary>
/// Telemetry that is late by a constant time. It tells the truth: what was sent is confirmed later, and the print goes slower once the lag and the printer's
/// queue no longer fit into the window together.
/// </summary>
internal sealed class LateTelemetry(double lag) : Behaviour
{
    private readonly Dictionary<string, Queue<(double Time, JsonMap Fields)>> past = new(StringComparer.Ordinal);

    public override JsonMap Report(string name, JsonMap truth, double now)
    {
        if (!Telemetry.Contains(name))
            return truth;
        if (!past.TryGetValue(name, out var reports))
            past[name] = reports = new Queue<(double, JsonMap)>();
        reports.Enqueue((now, truth));
        var old = reports.Peek();
        while (reports.TryPeek(out var next) && next.Time <= now - lag)
            old = reports.Dequeue();
        return old.Fields.Copy();
    }
}
