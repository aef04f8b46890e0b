namespace Touchmark.Streaming;

/// <summary>What a <see cref="GatewaySession"/> asks its host to do. Actions are carried out in the order in which they are taken.</summary>
public abstract record GatewayAction
{
    private protected GatewayAction()
    {
    }

    /// <summary>Check the printer against the job, then call <see cref="GatewaySession.PreflightPassed"/> or <see cref="GatewaySession.PreflightRefused"/>.</summary>
    public sealed record RunPreflight(JobFacts Facts) : GatewayAction;

    /// <summary>
    /// Send one script to the printer (as one <c>gcode/script</c> request), then call <see cref="GatewaySession.ScriptAnswered"/>. The script lies in
    /// locked memory of the session: it must not be copied to memory that can be swapped, is overwritten with zeroes when the session wipes it, and stays
    /// addressable until the session is disposed of.
    /// </summary>
    /// <param name="Segment">Its number, to answer with.</param>
    /// <param name="Script">Lines, each with its line feed.</param>
    public sealed record SendScript(ulong Segment, ReadOnlyMemory<byte> Script) : GatewayAction;

    /// <summary>Send these lines as one script, ahead of any <see cref="SendScript"/> that follows, then call <see cref="GatewaySession.HeadMoved"/>.</summary>
    public sealed record MoveHead(IReadOnlyList<string> Lines) : GatewayAction;

    /// <summary>Read the machine's profile again, without asking anything else of the printer, then call <see cref="GatewaySession.MachineRead"/>.</summary>
    public sealed record ReadMachine : GatewayAction;

    /// <summary>The engine is silent: drop the connection and open another.</summary>
    public sealed record Reconnect : GatewayAction;

    /// <summary>Stop at once (<c>printer.emergency_stop</c>), then restart the firmware so that heaters and fans can be commanded again.</summary>
    public sealed record EmergencyStop : GatewayAction;

    /// <summary>Drop scripts that were not sent yet, send these lines, then call <see cref="GatewaySession.SafeRestDone"/>.</summary>
    public sealed record MakeSafe(IReadOnlyList<string> Lines) : GatewayAction;

    /// <summary>The session is over; dispose of it once its last frames are sent.</summary>
    public sealed record Close(SessionEnd End) : GatewayAction;
}

/// <summary>What can go wrong with the printer, as the gateway's host sees it.</summary>
public enum PrinterFault
{
    /// <summary>An error line (<c>!! …</c>) or a failed request.</summary>
    Error = 0,

    /// <summary>Klipper went into shutdown.</summary>
    Shutdown = 1,

    /// <summary>Klipper is not ready (starting, restarting).</summary>
    NotReady = 2,

    /// <summary>The printer cannot be reached.</summary>
    Vanished = 3,
}
