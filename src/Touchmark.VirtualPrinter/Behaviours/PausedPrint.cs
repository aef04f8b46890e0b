using System.Globalization;

namespace Touchmark.VirtualPrinter;

/// <summary>
/// A filament change: the owner pauses, the head lifts and parks, and after a while it goes back to where it was. Like any such macro it holds the printer's
/// command queue meanwhile.
/// </summary>
internal sealed class PausedPrint : Behaviour
{
    private readonly double seconds;
    private double nextAt;
    private int left = 2;

    public PausedPrint(ulong seed)
    {
        var noise = new Noise(seed ^ 0x70617573);
        seconds = noise.Between(3, 90);
        nextAt = noise.Between(5, 60);
    }

    public override void Look(Klippy klippy)
    {
        if (left == 0 || Telemetry.Filament(klippy) < nextAt)
            return;
        left--;
        nextAt += 60;
        _ = Owner.RunAsync(klippy, string.Create(CultureInfo.InvariantCulture, $"PAUSE\nG4 P{seconds * 1000:F0}\nRESUME VELOCITY=100"));
    }
}
