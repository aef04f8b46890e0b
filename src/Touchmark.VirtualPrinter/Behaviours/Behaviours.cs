namespace Touchmark.VirtualPrinter;

/// <summary>The printers that <c>--behave</c> can play.</summary>
internal static class Behaviours
{
    public const string Honest = "honest";

    private static readonly Kind[] Kinds =
    [
        new(Honest, "does what it is sent and tells what it does", static _ => new Behaviour()),
        new("slow-wifi", "honest, behind a network that delivers late and in bunches", static options => new SlowNetwork(options.Seed)),
        new("one-hertz", "honest, reports once a second", static _ => new SlowReports()),
        new("paused", "honest, its owner pauses the print, parks the head and resumes", static options => new PausedPrint(options.Seed)),
        new("knob", "honest, its owner turns the feed rate (M220) and the flow (M221)", static options => new TurnedKnobs(options.Seed)),
        new("stalled", "honest, its Moonraker hangs for seconds now and then", static options => new StalledHost(options.Seed)),
        new("laggy", "honest, its telemetry is seconds late (--lag)", static options => new LateTelemetry(options.Lag)),
        new("recorder", "heats and homes, then takes every line and moves nothing", static _ => new Recorder()),
        new("frozen", "prints, then its telemetry stands still", static options => new FrozenTelemetry(options.Seed)),
        new("replay", "reports the motion of another print (--replay)", static options => new ReplayedTelemetry(options)),
        new("emulator", "no machine: simulates what it is sent", static _ => new Emulator()),
        new("half-speed", "takes twice the time for every move", static _ => new HalfSpeed()),
        new("skips-extrusion", "moves, and extrudes nothing or less than half", static options => new SkippedExtrusion(options.Seed)),
        new("cold", "switches its heaters off once it extrudes, and goes on", static _ => new ColdNozzle()),
        new("unheated", "never heats", static _ => new Unheated()),
    ];

    public static IEnumerable<string> Names => Kinds.Select(static kind => kind.Name);

    /// <summary>For <c>--help</c>.</summary>
    public static string Help => string.Join('\n', Kinds.Select(static kind => $"                          {kind.Name,-16} {kind.Text}"));

    public static bool Exists(string name) => Kinds.Any(kind => kind.Name == name);

    public static Behaviour Create(PrinterOptions options) => Kinds.Single(kind => kind.Name == options.Behave).Create(options);

    private sealed record Kind(string Name, string Text, Func<PrinterOptions, Behaviour> Create);
}
