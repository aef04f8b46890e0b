namespace Touchmark.VirtualPrinter;

/// <summary>Once the print moves and extrudes, plays the motion that was recorded (<c>--record</c>) from another one, at its own pace.</summary>
internal sealed class ReplayedTelemetry(PrinterOptions options) : Behaviour
{
    private readonly RecordedMotion recording = options.ReplayFile is { } file ? RecordedMotion.Read(File.ReadLines(file)) : RecordedMotion.Squares();

    public override JsonMap Report(string name, JsonMap truth, double now)
    {
        if (name != Telemetry.Motion || LyingSince is not { } since)
            return truth;
        var (position, speed) = recording.At(now - since);
        truth["live_position"] = position.ToArray();
        truth["live_velocity"] = speed;
        return truth;
    }

    public override void Look(Klippy klippy)
    {
        if (Telemetry.Filament(klippy) > 0.01)
            Lie(klippy.Scope.Now);
    }
}
