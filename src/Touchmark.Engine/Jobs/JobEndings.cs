using Touchmark.Streaming;
using Touchmark.Streaming.Wire;

namespace Touchmark.Engine.Jobs;

/// <summary>Why a job ended, in words that help.</summary>
internal static class JobEndings
{
    public static readonly JobFailure PrinterRevoked = new("PRINTER_REVOKED", "The printer's device key was revoked.", "Enrol the printer again and start a new job.");

    /// <summary>The failure of a session, with how far it came.</summary>
    /// <param name="end">How it ended.</param>
    /// <param name="order">Where it ended because it was told to: why.</param>
    public static JobFailure Of(SessionEnd end, JobFailure? order = null)
    {
        if (end.Refusal is { } refusal)
        {
            return JobFailure.Of(refusal);
        }

        var figures = new Dictionary<string, object?>
        {
            ["stage"] = end.Stage.ToString().ToLowerInvariant(),
            ["side"] = end.Side.ToString().ToLowerInvariant(),
            ["segments_sent"] = end.SegmentsSent,
            ["segments_verified"] = end.SegmentsVerified,
            ["made_safe"] = end.MadeSafe,
        };
        return (order ?? Of(end.Reason)) with { Text = end.Text, Figures = figures };
    }

    /// <summary>What a halt tells people.</summary>
    public static string TextOf(HaltReason reason) => reason switch
    {
        HaltReason.Operator => "The print was stopped by a HALT of the printer's operator.",
        HaltReason.DesignOwner => "The print was stopped by a HALT of the design's owner.",
        HaltReason.Revoked => Of(EndReason.Revoked).Text,
        _ => "The print was stopped by a HALT of whoever runs the engine.",
    };

    /// <summary>The failure that a halt is.</summary>
    public static JobFailure Of(HaltReason reason) => Of(EndReason.Halted) with { Text = TextOf(reason) };

    /// <summary>The failure that a reason stands for.</summary>
    public static JobFailure Of(EndReason reason) => reason switch
    {
        EndReason.Cancelled => new("CANCELLED", "The job was cancelled.", "Start a new job to print the part."),
        EndReason.Revoked => new("LICENCE_REVOKED", "The owner of the design has revoked the licence.", "Ask the owner of the design for a new licence."),
        EndReason.EngineStopping => new("ENGINE_STOPPING", "The engine was shut down.", "Remove the unfinished part and start a new job."),
        _ => new(reason.Code(), $"The print ended: {reason.Code()}.", Fix(reason)),
    };

    private static string Fix(EndReason reason) => reason switch
    {
        EndReason.IdentityChanged => "Connect the enrolled machine; if it was repaired, run touchmark-gateway enrol --again and have the change accepted.",
        EndReason.HandshakeFailed => "Enrol the printer again if its gateway was changed on purpose.",
        EndReason.HandshakeTimeout or EndReason.ConnectionLost or EndReason.TelemetryLost or EndReason.EngineSilent =>
            "Check the network between the gateway and the engine, then start a new job.",
        EndReason.ProxySuspected => "Check what stands between the gateway and the printer; the evidence is kept with the certificate.",
        EndReason.PrinterTooSlow => "Check heaters, homing and start macro of the printer, then start a new job.",
        EndReason.PrinterError or EndReason.PrinterShutdown or EndReason.PrinterNotReady or EndReason.PrinterVanished => "Look at the printer's own messages, make it ready, then start a new job.",
        EndReason.Halted => "See that the printer is in order, then start a new job.",
        EndReason.PausedTooLong => $"Remove the unfinished part and start a new job; a pause lasts {SessionSettings.LongestPause.Minutes} minutes at most.",
        EndReason.GatewayStopped => "Start the gateway again, then start a new job.",
        EndReason.SupplyFailed => "Check the engine's storage, then start a new job.",
        _ => "Update gateway and engine to the same version, then start a new job.",
    };
}

/// <summary>A print that has ended while its printer is being brought to rest, as the API shows it.</summary>
/// <param name="Code">As the job's failure will have it; <c>COMPLETED</c> of a print that is complete.</param>
/// <param name="Text">One sentence; empty of a print that is complete.</param>
internal sealed record JobEndingView(string Code, string Text)
{
    private const string Rest = "The printer is being brought to rest.";

    /// <summary>The job's message.</summary>
    public string Said => Text.Length == 0 ? $"All is printed. {Rest}" : $"{Text} {Rest}";

    public static JobEndingView? Of(Job job, JobPulse pulse) => job.State.IsFinal() || pulse.Session?.Ending is not { } reason ? null
        : new(JobEndings.Of(reason).Code, reason == EndReason.Completed ? "" : pulse.Session?.EndingText ?? "");
}
