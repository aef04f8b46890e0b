namespace Touchmark.Streaming;

/// <summary>
/// A factor that the printer's owner can turn (M220, M221). The printer applies it to the lines that it takes over from then on and goes on with what it has
/// queued, so for a while the old one counts beside the new one.
/// </summary>
internal sealed class Knob
{
    private readonly Queue<(double Time, double Factor)> _passed = new();
    private double _factor = 1;

    /// <summary>The least that may be in force.</summary>
    public double Least { get; private set; } = 1;

    /// <summary>The most that may be in force.</summary>
    public double Most { get; private set; } = 1;

    /// <param name="factor">As the printer reports it.</param>
    /// <param name="time">Printer clock, s.</param>
    public void Observe(double factor, double time)
    {
        factor = Math.Clamp(factor, 0.1, 10);
        if (factor != _factor)
        {
            _passed.Enqueue((time, _factor));
            _factor = factor;
        }
        while (_passed.TryPeek(out var oldest) && (oldest.Time < time - GateLimits.KnobSeconds || _passed.Count > GateLimits.MaxKnobTurns))
        {
            _passed.Dequeue();
        }
        (Least, Most) = (_factor, _factor);
        foreach (var (_, passed) in _passed)
        {
            (Least, Most) = (Math.Min(Least, passed), Math.Max(Most, passed));
        }
    }
}
