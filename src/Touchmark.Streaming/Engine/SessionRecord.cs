using System.Security.Cryptography;
using Touchmark.Cryptography;

namespace Touchmark.Streaming;

/// <summary>What a session is made of, as the engine knows it before it begins.</summary>
public sealed record EngineSessionOptions
{
    /// <summary>UUIDv7.</summary>
    public required Guid SessionId { get; init; }

    public required JobFacts Facts { get; init; }

    public SessionSettings Settings { get; init; } = new();

    /// <summary>The machine as it was enrolled.</summary>
    public required MachineProfile Profile { get; init; }

    /// <summary>The gateway's device public key from its enrolment, 65 bytes, uncompressed.</summary>
    public required ReadOnlyMemory<byte> DeviceKey { get; init; }

    /// <summary>The engine's transport key (ES256); stays its owner's.</summary>
    public required ISigner TransportKey { get; init; }

    /// <summary>Whether the host keeps the ending of a print that is complete, and says so (<see cref="EngineSession.EndingKept"/>), before the gateway hears of it.</summary>
    public bool KeepsEnding { get; init; }

    /// <summary>A number from 0 to below the given one that nobody can foresee: where and how challenges come.</summary>
    internal Func<int, int> Draw { get; init; } = RandomNumberGenerator.GetInt32;
}

/// <summary>The least and the most that a heater showed while segments flowed, °C.</summary>
public readonly record struct TemperatureRange(double MinC, double MaxC)
{
    internal TemperatureRange With(double celsius) => new(Math.Min(MinC, celsius), Math.Max(MaxC, celsius));
}

/// <summary>Something that was changed while it printed, beside what the toolpath says.</summary>
/// <param name="Time">Engine's clock.</param>
/// <param name="What">Stable name: <c>speed_factor</c>, <c>extrude_factor</c>, <c>nozzle_target_c</c>, <c>bed_target_c</c>, <c>chamber_target_c</c>.</param>
/// <param name="From">Before, or as the toolpath has it.</param>
/// <param name="To">After.</param>
public sealed record Adjustment(DateTimeOffset Time, string What, double From, double To)
{
    /// <summary><c>engine</c>: ordered by the engine within the licence's limits; <c>toolpath</c>: a target of its own ended a trim; <c>printer</c>: somebody at the printer.</summary>
    public string By { get; init; } = "printer";

    /// <summary>One sentence; empty when nobody said.</summary>
    public string Why { get; init; } = "";
}

/// <summary>Something that a reader of the certificate should know.</summary>
/// <param name="Time">Engine's clock.</param>
/// <param name="Code">Stable, for example <c>FORGED_FRAMES</c>.</param>
/// <param name="Text">One sentence.</param>
public sealed record Alert(DateTimeOffset Time, string Code, string Text);

/// <summary>A snapshot for those who watch.</summary>
/// <param name="Phase">How far the session is.</param>
/// <param name="SegmentsTotal">As announced.</param>
/// <param name="SegmentsSent">Out.</param>
/// <param name="SegmentsVerified">Confirmed by telemetry.</param>
/// <param name="MotionTotal">As announced, s.</param>
/// <param name="MotionExecuted">Confirmed by telemetry, s.</param>
/// <param name="Exposure">Motion outside and not yet executed now, s.</param>
/// <param name="MaxExposure">The most that it ever was, s.</param>
/// <param name="Last">The printer's last sample.</param>
public readonly record struct SessionProgress(
    SessionPhase Phase, ulong SegmentsTotal, ulong SegmentsSent, ulong SegmentsVerified, double MotionTotal, double MotionExecuted,
    double Exposure, double MaxExposure, PrinterSample? Last)
{
    /// <summary>What the engine has adjusted now; null when nothing is.</summary>
    public LiveAdjustment? Adjusted { get; init; }

    /// <summary>What will stand on the certificate for its readers to know, so far.</summary>
    public int Alerts { get; init; }

    /// <summary>Whether the gateway is gone and the print waits for it to come back.</summary>
    public bool IsGatewayAway { get; init; }

    /// <summary>The pause that is on; null when none is.</summary>
    public PauseProgress? Paused { get; init; }

    /// <summary>Why the print has ended while the printer is being brought to rest; null before, and once the session is over.</summary>
    public EndReason? Ending { get; init; }

    /// <summary>The same in a sentence; empty of a print that is complete.</summary>
    public string? EndingText { get; init; }
}

/// <summary>A pause as it stands.</summary>
/// <param name="Asked">When it was asked for.</param>
/// <param name="Until">When the print is ended, if nobody lets it go on.</param>
/// <param name="Stands">What was sent is printed, and the head is or will not be raised.</param>
/// <param name="IsRaised">The head is raised.</param>
public sealed record PauseProgress(DateTimeOffset Asked, DateTimeOffset Until, bool Stands, bool IsRaised);

/// <summary>The facts of a session for its certificate.</summary>
public sealed record SessionRecord
{
    public required Guid SessionId { get; init; }

    public required JobFacts Facts { get; init; }

    /// <summary>The profile that the gateway presented and that went into the keys; null when it came to none.</summary>
    public MachineProfile? Profile { get; init; }

    /// <summary>How the gateway says that it speaks with the printer, for example <c>ws</c>; empty when it came to no accept.</summary>
    public required string PrinterTransport { get; init; }

    /// <summary>SHA-256 of the handshake's transcript, 32 bytes; empty when it came to none.</summary>
    public required ReadOnlyMemory<byte> TranscriptHash { get; init; }

    public required DateTimeOffset Offered { get; init; }

    /// <summary>When the first segment left; null when none did.</summary>
    public DateTimeOffset? Started { get; init; }

    public DateTimeOffset? Ended { get; init; }

    /// <summary>The 12-byte IVs of all segments that left, one after the other.</summary>
    public required ReadOnlyMemory<byte> Ivs { get; init; }

    /// <summary>c_n of the segment chain, 32 bytes; empty when there were no keys.</summary>
    public required ReadOnlyMemory<byte> ChainHead { get; init; }

    public required ulong SegmentsSent { get; init; }

    public required ulong SegmentsVerified { get; init; }

    /// <summary>Motion that was confirmed, s.</summary>
    public required double MotionExecuted { get; init; }

    /// <summary>Exposure: the largest amount of motion that ever was outside the engine and not yet executed, s.</summary>
    public required double MaxExposure { get; init; }

    /// <summary>The most segments that ever were outside the engine and not yet confirmed.</summary>
    public required int MaxSegmentsOut { get; init; }

    /// <summary>Null when no sample came.</summary>
    public TemperatureRange? Nozzle { get; init; }

    public TemperatureRange? Bed { get; init; }

    /// <summary>Null for a machine without a chamber heater.</summary>
    public TemperatureRange? Chamber { get; init; }

    public required IReadOnlyList<Adjustment> Adjustments { get; init; }

    public ChallengeTally Challenges { get; init; }

    public required IReadOnlyList<Alert> Alerts { get; init; }

    /// <summary>What was measured of the machine's homing and heating beside its enrolled behaviour. Empty where nothing could be compared, and where an earlier process of the engine measured it.</summary>
    public IReadOnlyList<BehaviourFigure> Behaviour { get; init; } = [];

    /// <summary>Frames that claimed to belong to the session and were not genuine.</summary>
    public required int ForgedFrames { get; init; }
}
