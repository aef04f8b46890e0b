namespace Touchmark.Streaming;

/// <summary>Why the gate ends a session.</summary>
internal sealed record GateVerdict(EndReason Reason, string Text)
{
    /// <param name="what">What was seen, as a part of a sentence.</param>
    public static GateVerdict Suspicion(string what) => new(EndReason.ProxySuspected, $"Telemetry is not what the segments must cause: {what}.");
}
