namespace Touchmark.Cli.Terminal;

/// <summary>What the person is told when a command cannot do its work: a sentence, and what would help.</summary>
/// <param name="text">What went wrong, with its code and figures where there are any.</param>
/// <param name="hint">What to do about it.</param>
/// <param name="exitCode">1: refused; 2: the input cannot be read or the command was called wrongly.</param>
internal sealed class CliFailure(string text, string? hint = null, int exitCode = 1) : Exception(text)
{
    public int ExitCode { get; } = exitCode;

    public string? Hint { get; } = hint;

    /// <summary>The stable code of an engine's refusal; null for what is none.</summary>
    public string? Code { get; init; }

    public void Print(TextWriter errors)
    {
        errors.WriteLine($"error: {Message}");
        if (Hint is not null)
        {
            errors.WriteLine($"hint: {Hint}");
        }
    }
}
