namespace Touchmark.VirtualPrinter;

/// <summary>Heats as it is told, until filament flows; from then on both heaters cool down while motion is reported as if nothing were.</summary>
internal sealed class ColdNozzle : Behaviour
{
    private const double NozzleCools = 13;
    private const double BedCools = 300;

    public override JsonMap Report(string name, JsonMap truth, double now)
    {
        if (LyingSince is { } since && name is "extruder" or "heater_bed")
        {
            var target = (double)truth["target"]!;
            var cooled = Math.Exp(-(now - since) / (name == "extruder" ? NozzleCools : BedCools));
            truth["temperature"] = Math.Round(Machine.Ambient + (Math.Max(0, target - Machine.Ambient) * cooled), 2);
            truth["power"] = 0.0;
        }

        return truth;
    }

    public override void Look(Klippy klippy)
    {
        if (Telemetry.Filament(klippy) > 0.01)
            Lie(klippy.Scope.Now);
    }
}
