namespace Touchmark.Streaming;

/// <summary>Why a job is not printed on this machine, in a form that a person can act on.</summary>
/// <param name="Code">Stable, for example <c>NOZZLE_RANGE</c>.</param>
/// <param name="Text">One sentence.</param>
/// <param name="Figures">The figures behind it by name, in invariant notation with their unit.</param>
/// <param name="Fix">What to do about it.</param>
public sealed record Refusal(string Code, string Text, IReadOnlyDictionary<string, string> Figures, string Fix);
