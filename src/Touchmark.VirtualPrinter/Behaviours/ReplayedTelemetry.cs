namespace Touchmark.VirtualPrinter;

/// <summary>Once the print moves and extrudes, plays the motion that was recorded (<c>--record</c>) from another one, at its own pace.</summary>
internal sealed class ReplayedTelemetry(PrinterOptions options) : Behaviour
{
    /// <summary>From here on the two prints are not at the same place any more, mm: many begin with the same line, and the recording may be a moment late.</summary>
    private const double Apart = 5;

    private readonly RecordedMotion recording = options.ReplayFile is { } file ? RecordedMotion.Read(File.ReadLines(file)) : RecordedMotion.Squares();
    private double? playingSince;

    public override JsonMap Report(string name, JsonMap truth, double now)
    {
        if (name != Telemetry.Motion || playingSince is not { } since)
            return truth;
        var (position, speed) = recording.At(now - since);
        var real = (double[])truth["live_position"]!;
        if (Math.Abs(position.X - real[0]) + Math.Abs(position.Y - real[1]) + Math.Abs(position.Z - real[2]) > Apart)
            Lie(now);
        truth["live_position"] = position.ToArray();
        truth["live_velocity"] = speed;
        return truth;
    }

    public override void Look(Klippy klippy)
    {
        if (Telemetry.Filament(klippy) > 0.01)
            playingSince ??= klippy.Scope.Now;
    }
}
