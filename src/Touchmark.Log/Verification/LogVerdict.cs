namespace Touchmark.Log.Verification;

/// <summary>What came of one check.</summary>
public enum LogCheckOutcome
{
    Passed,
    Failed,

    /// <summary>It could not be made, or was not asked for; the words say why. It makes nothing invalid.</summary>
    NotChecked,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Id">Stable, such as <c>log.inclusion</c>.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Words">A sentence for people.</param>
/// <param name="Figures">The values that were compared, by name.</param>
public sealed record LogCheck(string Id, LogCheckOutcome Outcome, string Words, IReadOnlyDictionary<string, string> Figures);

/// <summary>What was looked at, in that order, and what came of it.</summary>
/// <param name="Checks">In the order in which they were made.</param>
public sealed record LogVerdict(IReadOnlyList<LogCheck> Checks)
{
    /// <summary>Whether no check failed. A verdict has at least one check, so that nothing is valid for want of looking.</summary>
    public bool IsValid => Checks.Count > 0 && Checks.All(check => check.Outcome != LogCheckOutcome.Failed);
}

/// <summary>Collects checks while they are made.</summary>
internal sealed class LogChecks
{
    private readonly List<LogCheck> _made = [];

    public LogVerdict Verdict => new([.. _made]);

    public void Pass(string id, string words, params (string Name, string Value)[] figures) => Add(id, LogCheckOutcome.Passed, words, figures);

    public void Fail(string id, string words, params (string Name, string Value)[] figures) => Add(id, LogCheckOutcome.Failed, words, figures);

    public void Skip(string id, string words, params (string Name, string Value)[] figures) => Add(id, LogCheckOutcome.NotChecked, words, figures);

    /// <summary>Passed or failed.</summary>
    public void Require(bool holds, string id, string words, string otherwise, params (string Name, string Value)[] figures) =>
        Add(id, holds ? LogCheckOutcome.Passed : LogCheckOutcome.Failed, holds ? words : otherwise, figures);

    private void Add(string id, LogCheckOutcome outcome, string words, (string Name, string Value)[] figures)
    {
        var named = new Dictionary<string, string>(figures.Length, StringComparer.Ordinal);
        foreach (var (name, value) in figures)
        {
            named.Add(name, value);
        }
        _made.Add(new(id, outcome, words, named));
    }
}
