namespace Touchmark.VirtualPrinter;

/// <summary>The head goes its way, the filament does not: of two seeds one extrudes nothing, the other up to a half.</summary>
internal sealed class SkippedExtrusion(ulong seed) : Behaviour
{
    private readonly double share = seed % 2 == 0 ? 0 : new Noise(seed ^ 0x736B6970).Between(0, 0.5);

    public override JsonMap Report(string name, JsonMap truth, double now)
    {
        if (name == Telemetry.Motion)
            ((double[])truth["live_position"]!)[3] *= share;
        return truth;
    }

    public override void Look(Klippy klippy)
    {
        if (Telemetry.Filament(klippy) > 0.01)
            Lie(klippy.Scope.Now);
    }
}
