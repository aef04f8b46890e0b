using Touchmark.Cryptography;
using Touchmark.Gateway.Live;
using Touchmark.Gateway.Machine;
using Touchmark.Moonraker;
using Touchmark.Streaming;

namespace Touchmark.Gateway.Running;

/// <summary>Something that happened outside; <see cref="GatewayHost"/> takes them one at a time, so that a session has one caller.</summary>
internal abstract record HostEvent
{
    private HostEvent()
    {
    }

    public sealed record EngineConnected(EngineLink Link) : HostEvent;

    public sealed record EngineFrame(EngineLink Link, ReadOnlyMemory<byte> Frame) : HostEvent;

    public sealed record EngineLost(EngineLink Link, string Reason) : HostEvent;

    public sealed record PrinterConnected(MoonrakerClient Client) : HostEvent;

    public sealed record PrinterReported(PrinterStatus Status) : HostEvent;

    public sealed record PrinterLost(string Reason) : HostEvent;

    public sealed record PreflightDone(GatewaySession Session, PrinterFinding Finding) : HostEvent;

    /// <summary>A script was answered; <c>Fault</c> null when all its lines are queued. The scratch memory goes back to the sender.</summary>
    public sealed record ScriptReturned(GatewaySession Session, ulong Segment, string? Fault, LockedBuffer Scratch) : HostEvent;

    /// <summary>Klipper's extra asks for the session's next segment.</summary>
    public sealed record SegmentAsked(long Handle, SegmentOrder Order) : HostEvent;

    /// <summary>Klipper's extra ended the session's print job.</summary>
    public sealed record JobClosed(long Handle, JobEnd End) : HostEvent;

    /// <summary>The machine that is there now; null when the printer did not tell.</summary>
    public sealed record MachineRead(GatewaySession Session, MachineProfile? Profile) : HostEvent;

    /// <summary>The head was raised or brought back, or the code of why not.</summary>
    public sealed record HeadMoved(GatewaySession Session, string? Problem) : HostEvent;

    /// <summary>The printer was made safe, or the code of why not; and what the certificate should say of the state in which it is left.</summary>
    public sealed record MadeSafe(GatewaySession Session, string? Problem, IReadOnlyList<PreflightWarning> Warnings) : HostEvent;

    /// <summary>What to answer to an order for the vault.</summary>
    public sealed record VaultAnswered(ReadOnlyMemory<byte> Frame) : HostEvent;

    public sealed record Tick : HostEvent;

    public sealed record Stop(string Reason) : HostEvent;
}
