namespace Touchmark.Streaming;

/// <summary>
/// The head off the path with the engine's knowledge: raised by the gateway at the end of a segment, straight up, and later back to the same place. Excuses
/// nothing but a head in that column.
/// </summary>
/// <param name="segment">The segment at whose end it was.</param>
/// <param name="at">Place on the plan where the head was raised.</param>
/// <param name="planSeconds">The same, s.</param>
/// <param name="raised">By how much, mm.</param>
/// <param name="since">Printer clock when it was ordered, s.</param>
internal sealed class RaisedHead(ulong segment, PlanPoint at, double planSeconds, double raised, double since)
{
    public ulong Segment => segment;

    /// <summary>s.</summary>
    public double PlanSeconds => planSeconds;

    /// <summary>Whether it, and not the path, explains a sample.</summary>
    public bool Explains(in PrinterSample sample)
    {
        if (sample.EventTime < since)
        {
            return false;
        }
        bool inZ = !at.KnownZ || (sample.Z > at.Z + GateLimits.MaxDistanceZ && sample.Z <= at.Z + raised + GateLimits.MaxDistanceZ);
        return at.IsInLineWith(sample) && inZ;
    }
}
