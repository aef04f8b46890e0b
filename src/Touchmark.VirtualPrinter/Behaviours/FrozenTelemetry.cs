namespace Touchmark.VirtualPrinter;

/// <summary>Prints for a while; then every report repeats the last one, and only the clock goes on.</summary>
internal sealed class FrozenTelemetry(ulong seed) : Behaviour
{
    private readonly double fromFilament = new Noise(seed ^ 0x66726F7A).Between(0, 40);
    private readonly Dictionary<string, JsonMap> last = new(StringComparer.Ordinal);

    public override JsonMap Report(string name, JsonMap truth, double now)
    {
        if (!Telemetry.Contains(name))
            return truth;
        if (LyingSince is null || !last.TryGetValue(name, out var frozen))
        {
            last[name] = truth;
            return truth.Copy();
        }

        var report = new JsonMap();
        foreach (var (field, value) in frozen)
            report[field] = field is "print_time" or "estimated_print_time" ? truth[field] : value;
        return report;
    }

    public override void Look(Klippy klippy)
    {
        if (Telemetry.Filament(klippy) > fromFilament)
            Lie(klippy.Scope.Now);
    }
}
