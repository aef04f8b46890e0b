namespace Touchmark.Streaming;

/// <summary>What a gateway must know of a job before it accepts it: nothing of the toolpath but its extent.</summary>
public sealed record JobFacts
{
    public required Guid JobId { get; init; }

    /// <summary>The licence that it is printed under.</summary>
    public required Guid LicenceId { get; init; }

    /// <summary>What people call the part: the printer shows it. At most <see cref="MaxTitleBytes"/> bytes of UTF-8 reach the gateway.</summary>
    public required string Title { get; init; }

    public const int MaxTitleBytes = 128;

    /// <summary>Segments in all.</summary>
    public required ulong Segments { get; init; }

    /// <summary>Motion and dwelling, s, without heating and homing.</summary>
    public required double MotionSeconds { get; init; }

    /// <summary>Highest nozzle target, °C; 0 when the nozzle is not heated.</summary>
    public required double NozzleC { get; init; }

    /// <summary>Highest bed target, °C; 0 when the bed is not heated.</summary>
    public required double BedC { get; init; }

    /// <summary>Highest chamber target, °C; 0 when there is none.</summary>
    public double ChamberC { get; init; }

    /// <summary>Smallest corner of the box that the nozzle moves in, mm, machine coordinates.</summary>
    public required (double X, double Y, double Z) Min { get; init; }

    /// <summary>Largest corner of that box, mm.</summary>
    public required (double X, double Y, double Z) Max { get; init; }

    public int Extruders { get; init; } = 1;

    /// <summary>The licence bears a Moonraker that keeps the scripts it is sent (<c>gcode_store</c>); the certificate then says so.</summary>
    public bool AllowScriptStore { get; init; }

    /// <summary>The licence bears a printer without the dead-man timer; the certificate then says so.</summary>
    public bool AllowNoDeadMan { get; init; }
}

/// <summary>The terms of one session. The engine decides them, by licence and configuration; the offer carries those that the gateway acts on.</summary>
public sealed record SessionSettings
{
    /// <summary>W: motion that may be outside the engine and not yet executed, s. The printer's queue (1 s), the age of a sample and the network must fit in it.</summary>
    public double WindowSeconds { get; init; } = 3.0;

    /// <summary>Below this much motion outside, the next segment goes out even when it is longer than the rest of the window, because the printer would
    /// starve: 1 s of printer queue, 0.25 s between samples, and the network, s.</summary>
    public double FloorSeconds { get; init; } = 1.75;

    /// <summary>Segments that may be outside at most, whatever their motion time: bounds the gateway's locked memory. At most <see cref="MaxWindowSegments"/>.</summary>
    public int WindowSegments { get; init; } = 128;

    /// <summary>Upper bound of <see cref="WindowSegments"/>.</summary>
    public const int MaxWindowSegments = 128;

    /// <summary>No segment of more than one move is longer than this, plan seconds, with the detour that a challenge adds to it: what may be outside the engine is counted by it.</summary>
    public const double LongestSegmentSeconds = 1.3;

    /// <summary>Longest time without genuine telemetry while streaming, s of the engine's clock.</summary>
    public double TelemetrySilenceSeconds { get; init; } = 10;

    /// <summary>
    /// Longest time that the gateway goes on without hearing from the engine, s of the gateway's clock (the licence's outage limit). Where the licence names none: what a loaded engine with hundreds of
    /// prints takes to be started again, with room to spare.
    /// </summary>
    public double OutageSeconds { get; init; } = 30;

    /// <summary>
    /// Longest pause, s of the engine's clock from when it was asked for: a hot head is not to stand over a part that nobody comes back to. Below Klipper's <c>idle_timeout</c> (600 s unless its
    /// owner set another), which would switch heaters and motors off and lose the place of the head where no gateway keeps it off.
    /// </summary>
    public double PauseSeconds { get; init; } = LongestPause.TotalSeconds;

    /// <summary>What <see cref="PauseSeconds"/> is where nobody says otherwise.</summary>
    public static TimeSpan LongestPause { get; } = TimeSpan.FromMinutes(8);

    /// <summary>Time between two telemetry messages of the gateway while samples arrive, s of the gateway's clock.</summary>
    public double ReportSeconds { get; init; } = 0.2;

    /// <summary>Mean motion between two random challenges, plan seconds; the first comes within the first second of motion. 0: none are asked.</summary>
    public double ChallengeSeconds { get; init; } = 20;

    /// <summary>Time for the gateway to answer the offer (it checks the printer meanwhile) and to make the printer safe at the end, s.</summary>
    public double HandshakeSeconds { get; init; } = 60;

    /// <summary>By how much the engine may slow the feed when the machine cannot follow, share of it, 0 (never) to 0.5.</summary>
    public double MaxSlowdown { get; init; }

    /// <summary>By how much the engine may trim a heater's target, °C, 0 (never) to 15.</summary>
    public double MaxTrimC { get; init; }
}
