namespace Touchmark.Streaming;

/// <summary>
/// A wait as two clocks saw it. Samples that were held up on the way show, all at once, a printer that stood for as long as its clock says, with lines that
/// were only just sent; and a printer whose clock runs fast counts a moment of the host or the network as a minute. Neither is the printer's doing, so it has
/// waited only as long as both clocks say.
/// </summary>
/// <param name="Printer">By the printer's clock, s.</param>
/// <param name="Engine">By the engine's clock, s.</param>
internal readonly record struct Waited(double Printer, double Engine)
{
    /// <summary>What counts, s.</summary>
    public double Seconds => Math.Min(Printer, Engine);

    /// <summary>From one sample to the next; a long gap counts as a short one on either clock.</summary>
    public static Waited Between(double printer, double engine) => new(Math.Min(printer, GateLimits.MaxCountedGap), Math.Min(engine, GateLimits.MaxCountedGap));

    public static Waited operator +(Waited a, Waited b) => new(a.Printer + b.Printer, a.Engine + b.Engine);
}
