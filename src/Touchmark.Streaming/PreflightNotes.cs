namespace Touchmark.Streaming;

/// <summary>What a gateway found out before it accepted a job, and that a reader of the certificate should know. Authenticated by the session's telemetry key.</summary>
/// <param name="Transport">How gateway and printer speak, for example <c>ws</c>, <c>wss</c> or <c>unix</c>; at most 32 bytes.</param>
/// <param name="Warnings">What would have refused the job if the licence did not allow it; at most <see cref="MaxWarnings"/>.</param>
public sealed record PreflightNotes(string Transport, IReadOnlyList<PreflightWarning> Warnings)
{
    public const int MaxWarnings = 16;

    internal const int MaxTransport = 32;
}

/// <summary>One thing that a licence allowed and its owner would not want to overlook.</summary>
/// <param name="Code">Stable, for example <c>GCODE_STORE</c>; at most 64 bytes.</param>
/// <param name="Text">One sentence; at most 512 bytes.</param>
public sealed record PreflightWarning(string Code, string Text);
