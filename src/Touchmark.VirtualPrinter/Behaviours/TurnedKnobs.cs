using System.Globalization;

namespace Touchmark.VirtualPrinter;

/// <summary>The owner turns the knobs for feed rate and flow during the print, up and down.</summary>
internal sealed class TurnedKnobs(ulong seed) : Behaviour
{
    private readonly Noise noise = new(seed ^ 0x6B6E6F62);
    private double nextAt = 3;

    public override void Look(Klippy klippy)
    {
        var now = Telemetry.Filament(klippy);
        if (now < nextAt)
            return;
        nextAt = now + noise.Between(10, 60);
        var script = string.Create(CultureInfo.InvariantCulture, $"M220 S{noise.Between(50, 150):F0}\nM221 S{noise.Between(90, 110):F0}");
        _ = Owner.RunAsync(klippy, script);
    }
}
