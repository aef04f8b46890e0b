using Touchmark.VirtualPrinter;

namespace Touchmark.Bench.Attacks;

/// <summary>A kind of printer in the table.</summary>
/// <param name="Name">As the table shows it.</param>
/// <param name="Options">As the command line of the virtual printer would have it.</param>
/// <param name="Replays">What 'replay' plays: another part, or the one that is printed.</param>
internal sealed record Contestant(string Name, PrinterOptions Options, Replays Replays = Replays.Nothing)
{
    /// <summary>Reports what the plan wants because it knows the plan: positions alone do not give it away.</summary>
    public bool FollowsThePlan => Replays == Replays.SamePart || Options.Behave == "emulator";

    public static IReadOnlyList<Contestant> Attackers { get; } =
    [
        new("recorder"), new("frozen"), new("replay", Replays.OtherPart), new("half-speed"), new("skips-extrusion"), new("cold"), new("unheated"),
        new("laggy, 8 s", new PrinterOptions { Behave = "laggy", Lag = 8 }),
        new("replay of the same part", new PrinterOptions { Behave = "replay" }, Replays.SamePart),
        new("emulator"),
    ];

    public static IReadOnlyList<Contestant> Honest { get; } =
    [
        new("honest"), new("slow-wifi"), new("one-hertz"), new("paused"), new("knob"), new("stalled"),
        new("laggy, 1.5 s", new PrinterOptions { Behave = "laggy", Lag = 1.5 }),
    ];

    private Contestant(string name, Replays replays = Replays.Nothing)
        : this(name, new PrinterOptions { Behave = name }, replays)
    {
    }
}

internal enum Replays
{
    Nothing,
    OtherPart,
    SamePart,
}
