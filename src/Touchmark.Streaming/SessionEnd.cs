using Touchmark.Streaming.Wire;

namespace Touchmark.Streaming;

/// <summary>Why a session ended. The numbers are on the wire and in databases: they are frozen, new reasons get new numbers.</summary>
public enum EndReason
{
    /// <summary>Every segment was executed and the printer was made safe.</summary>
    Completed = 0,

    /// <summary>Pre-flight on the gateway refused the job; <see cref="SessionEnd.Refusal"/> says why.</summary>
    Refused = 1,

    /// <summary>The gateway presented a machine other than the enrolled one.</summary>
    IdentityChanged = 2,

    /// <summary>A signature, key or message of the handshake was wrong.</summary>
    HandshakeFailed = 3,

    /// <summary>The other side did not answer the handshake in time.</summary>
    HandshakeTimeout = 4,

    /// <summary>What telemetry reports is not what the segments must cause.</summary>
    ProxySuspected = 5,

    /// <summary>No genuine telemetry for longer than is allowed.</summary>
    TelemetryLost = 6,

    /// <summary>A heater did not reach its target, or homing or a macro did not finish, in the time that is allowed for it.</summary>
    PrinterTooSlow = 7,

    /// <summary>A person cancelled the job.</summary>
    Cancelled = 8,

    /// <summary>The licence was revoked.</summary>
    Revoked = 9,

    /// <summary>An authenticated HALT: the emergency path.</summary>
    Halted = 10,

    /// <summary>The engine is shutting down.</summary>
    EngineStopping = 11,

    /// <summary>The gateway was told to stop on its own host.</summary>
    GatewayStopped = 12,

    /// <summary>The connection between engine and gateway was lost.</summary>
    ConnectionLost = 13,

    /// <summary>The gateway heard nothing genuine from the engine for longer than the licence allows.</summary>
    EngineSilent = 14,

    /// <summary>A segment did not open: dropped, replayed, reordered or altered on the way.</summary>
    SegmentUnreadable = 15,

    /// <summary>An authenticated message broke the protocol.</summary>
    ProtocolViolation = 16,

    /// <summary>The printer answered a script with an error.</summary>
    PrinterError = 17,

    /// <summary>The printer went into shutdown.</summary>
    PrinterShutdown = 18,

    /// <summary>The printer left its ready state.</summary>
    PrinterNotReady = 19,

    /// <summary>The connection between gateway and printer was lost.</summary>
    PrinterVanished = 20,

    /// <summary>The engine could not read the stored toolpath on.</summary>
    SupplyFailed = 21,

    /// <summary>A person paused the print and nobody let it go on in time.</summary>
    PausedTooLong = 22,
}

/// <summary>Where the cause of an ending lies.</summary>
public enum EndSide
{
    None = 0,
    Engine = 1,
    Gateway = 2,
    Printer = 3,
    Network = 4,
    Person = 5,
}

/// <summary>How far a session has come. Both halves go through the same phases.</summary>
public enum SessionPhase
{
    /// <summary>Nothing sent or received yet.</summary>
    New = 0,

    /// <summary>The offer is out; the gateway runs its pre-flight.</summary>
    Offered = 1,

    /// <summary>The gateway has accepted; keys exist.</summary>
    Accepted = 2,

    /// <summary>Segments flow.</summary>
    Streaming = 3,

    /// <summary>Everything is executed, or the session is being stopped: the printer is being made safe.</summary>
    Finishing = 4,

    /// <summary>Over; keys and plaintext are wiped.</summary>
    Ended = 5,
}

/// <summary>How a session ended.</summary>
/// <param name="Reason">The cause.</param>
/// <param name="Side">Where the cause lies.</param>
/// <param name="Stage">The phase that it ended in.</param>
/// <param name="Text">One sentence for people.</param>
/// <param name="SegmentsSent">Segments that left the engine; a print counts against its licence unless this is 0, or nothing of it was extruded (<see cref="Printed"/>).</param>
/// <param name="SegmentsVerified">Segments whose execution telemetry has confirmed.</param>
public sealed record SessionEnd(EndReason Reason, EndSide Side, SessionPhase Stage, string Text, ulong SegmentsSent, ulong SegmentsVerified)
{
    /// <summary>The pre-flight refusal behind <see cref="EndReason.Refused"/>.</summary>
    public Refusal? Refusal { get; init; }

    /// <summary>The samples behind <see cref="EndReason.ProxySuspected"/>, oldest first.</summary>
    public IReadOnlyList<SampleResidual> Evidence { get; init; } = [];

    /// <summary>Whether the printer reported that it was made safe.</summary>
    public bool MadeSafe { get; init; }

    /// <summary>Stable name for APIs and logs, for example <c>PROXY_SUSPECTED</c>.</summary>
    public string Code => Reason.Code();

    /// <summary>The machine was found to be another one by its homing and heating alone, before a segment that extrudes had left.</summary>
    public bool BeforeExtrusion { get; init; }

    /// <summary>Whether anything can have been printed.</summary>
    public bool Printed => SegmentsSent > 0 && !BeforeExtrusion;
}

/// <summary>Stable names and causes of <see cref="EndReason"/>.</summary>
public static class EndReasons
{
    /// <summary>The highest number in use.</summary>
    internal const EndReason Last = EndReason.PausedTooLong;

    /// <summary>The stable upper-case name, for example <c>PROXY_SUSPECTED</c>.</summary>
    public static string Code(this EndReason reason) => reason switch
    {
        EndReason.Completed => "COMPLETED",
        EndReason.Refused => "REFUSED",
        EndReason.IdentityChanged => "IDENTITY_CHANGED",
        EndReason.HandshakeFailed => "HANDSHAKE_FAILED",
        EndReason.HandshakeTimeout => "HANDSHAKE_TIMEOUT",
        EndReason.ProxySuspected => "PROXY_SUSPECTED",
        EndReason.TelemetryLost => "TELEMETRY_LOST",
        EndReason.PrinterTooSlow => "PRINTER_TOO_SLOW",
        EndReason.Cancelled => "CANCELLED",
        EndReason.Revoked => "REVOKED",
        EndReason.Halted => "HALTED",
        EndReason.EngineStopping => "ENGINE_STOPPING",
        EndReason.GatewayStopped => "GATEWAY_STOPPED",
        EndReason.ConnectionLost => "CONNECTION_LOST",
        EndReason.EngineSilent => "ENGINE_SILENT",
        EndReason.SegmentUnreadable => "SEGMENT_UNREADABLE",
        EndReason.ProtocolViolation => "PROTOCOL_VIOLATION",
        EndReason.PrinterError => "PRINTER_ERROR",
        EndReason.PrinterShutdown => "PRINTER_SHUTDOWN",
        EndReason.PrinterNotReady => "PRINTER_NOT_READY",
        EndReason.PrinterVanished => "PRINTER_VANISHED",
        EndReason.SupplyFailed => "SUPPLY_FAILED",
        EndReason.PausedTooLong => "PAUSED_TOO_LONG",
        _ => "UNKNOWN",
    };

    /// <summary>The ending that a halt for this reason is.</summary>
    internal static EndReason Ending(this HaltReason reason) => reason switch
    {
        HaltReason.Revoked => EndReason.Revoked,
        HaltReason.ProxySuspected => EndReason.ProxySuspected,
        _ => EndReason.Halted,
    };

    /// <summary>Where the cause of such an ending lies.</summary>
    public static EndSide Side(this EndReason reason) => reason switch
    {
        EndReason.Completed => EndSide.None,
        EndReason.EngineStopping or EndReason.SupplyFailed or EndReason.EngineSilent => EndSide.Engine,
        EndReason.Cancelled or EndReason.Revoked or EndReason.Halted or EndReason.PausedTooLong => EndSide.Person,
        EndReason.ConnectionLost or EndReason.HandshakeTimeout or EndReason.TelemetryLost or EndReason.SegmentUnreadable => EndSide.Network,
        EndReason.PrinterTooSlow or EndReason.PrinterError or EndReason.PrinterShutdown or EndReason.PrinterNotReady or EndReason.PrinterVanished => EndSide.Printer,
        _ => EndSide.Gateway,
    };
}
