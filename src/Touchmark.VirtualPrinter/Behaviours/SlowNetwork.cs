namespace Touchmark.VirtualPrinter;

/// <summary>Wi-Fi at the edge of its range: messages wait for the next moment at which the air is free, and then arrive together.</summary>
internal sealed class SlowNetwork : Behaviour
{
    private readonly Noise noise;
    private readonly double period;

    public SlowNetwork(ulong seed)
    {
        noise = new Noise(seed ^ 0x77696669);
        period = noise.Between(0.3, 1.2);
    }

    public override double Arrival(double now) => (Math.Ceiling(now / period) * period) + noise.Between(0.02, 0.25);
}
