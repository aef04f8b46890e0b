namespace Touchmark.Streaming;

/// <summary>Random challenges of one session. Those that are neither answered nor missed could not be judged: the samples lay too far apart, or somebody had
/// turned the knob.</summary>
/// <param name="Asked">Put into the toolpath.</param>
/// <param name="Answered">Seen in telemetry at their place.</param>
/// <param name="Missed">Not seen where they must be.</param>
public readonly record struct ChallengeTally(int Asked, int Answered, int Missed);

/// <summary>What a challenge asks for.</summary>
internal enum ChallengeKind
{
    /// <summary>M220 by a few percent and back: the printer reports the factor.</summary>
    SpeedStep,

    /// <summary>M106 by a few percent and back: the printer reports the fan.</summary>
    FanStep,

    /// <summary>A way out and back during travel: the path is the answer.</summary>
    Detour,
}
