namespace Touchmark.VirtualPrinter;

/// <summary>Moonraker's host is busy with something else for seconds: what comes for it and from it waits that long. Motion goes on from what Klipper has.</summary>
internal sealed class StalledHost(ulong seed) : Behaviour
{
    private readonly Noise noise = new(seed ^ 0x7374616C);
    private double from;
    private double to;

    public override double Arrival(double now)
    {
        while (to < now)
        {
            from = Math.Max(to, now - 1) + noise.Between(2, 30);
            to = from + noise.Between(0.5, 5);
        }

        return now < from ? now : to;
    }
}
