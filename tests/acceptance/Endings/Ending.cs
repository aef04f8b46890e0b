namespace Touchmark.Acceptance;

/// <summary>Where in a print it ends.</summary>
internal enum Stage
{
    Heating,
    Printing,
    LastLayer,
}

/// <summary>One way in which a print ends.</summary>
/// <param name="Name">For people.</param>
/// <param name="Stage">When.</param>
/// <param name="Act">What happens.</param>
/// <param name="ByMicroController">The printer's own micro-controller ends it: nothing is left that could lift, park or blow.</param>
internal sealed record Ending(string Name, Stage Stage, Func<Lane, Task> Act, bool ByMicroController = false)
{
    public static IReadOnlyList<Ending> All { get; } =
    [
        new("finish", Stage.LastLayer, lane => lane.PartDoneAsync()),
        new("cancel", Stage.Printing, lane => lane.World.AsAsync("maker", "job", "cancel", lane.Job)),
        new("window closed (SIGHUP)", Stage.Printing, lane => lane.World.SignalAsync("gateway", "HUP")),
        new("SIGTERM to the gateway", Stage.Printing, lane => lane.World.SignalAsync("gateway", "TERM")),
        new("gateway killed", Stage.Printing, lane => lane.World.SignalAsync("gateway", "KILL")),
        new("gateway killed while heating", Stage.Heating, lane => lane.World.SignalAsync("gateway", "KILL")),
        new("engine killed", Stage.Printing, lane => lane.World.SignalAsync("engine", "KILL")),
        new("network cut to the engine", Stage.Printing, lane => lane.PullAsync(lane.EngineCable)),
        new("network cut to the printer", Stage.Printing, lane => lane.PullAsync(lane.PrinterCable)),
        new("Klipper killed", Stage.Printing, lane => lane.BreakAsync("klippy_killed"), ByMicroController: true),
        new("emergency stop", Stage.Printing, lane => lane.EmergencyStopAsync(), ByMicroController: true),
        new("power cut of the gateway's PC", Stage.Printing, lane => lane.PowerCutAsync()),
    ];
}

/// <summary>How it went: null for <paramref name="Problem"/> when the printer ended safe.</summary>
/// <param name="Name">The ending.</param>
/// <param name="Safe">What state the printer came to.</param>
/// <param name="HeatersOff">s of the printer's clock until no heater had power any more.</param>
/// <param name="AtRest">s of the printer's clock until everything was as it must be.</param>
/// <param name="Problem">What was wrong.</param>
internal sealed record EndingRow(string Name, string Safe, double HeatersOff, double AtRest, string? Problem);
