namespace Touchmark.Moonraker;

/// <summary>Why a call to Moonraker did not succeed.</summary>
public enum MoonrakerFailure
{
    /// <summary>Nothing answers at the address, or what answers is not Moonraker's websocket.</summary>
    Unreachable,

    /// <summary>Moonraker wants a login; its <c>trusted_clients</c> must list this host.</summary>
    Unauthorised,

    /// <summary>The connection ended while the call was under way, or before it.</summary>
    ConnectionLost,

    /// <summary>No answer within the call's time limit; the printer may still carry it out.</summary>
    TimedOut,

    /// <summary>Moonraker or Klipper answered with an error.</summary>
    Refused,

    /// <summary>The answer has not the shape that Moonraker documents.</summary>
    Malformed,
}

/// <summary>A failed call. Its message never holds a line of a secret script: those outcomes are <see cref="ScriptFault"/>s.</summary>
public sealed class MoonrakerException : Exception
{
    public MoonrakerException(MoonrakerFailure failure, string message, int code = 0, Exception? inner = null)
        : base(message, inner)
    {
        Failure = failure;
        Code = code;
    }

    public MoonrakerFailure Failure { get; }

    /// <summary>JSON-RPC or HTTP code that the printer gave, 0 where there is none.</summary>
    public int Code { get; }
}
