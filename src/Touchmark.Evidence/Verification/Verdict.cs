using Touchmark.Log.Verification;

namespace Touchmark.Evidence.Verification;

/// <summary>What came of a verification.</summary>
public enum VerdictKind
{
    /// <summary>Every check that was made passed.</summary>
    Valid,

    /// <summary>A check failed.</summary>
    Invalid,

    /// <summary>Nothing is wrong but that a key is not pinned: whoever pins it may get another verdict.</summary>
    UntrustedKey,

    /// <summary>The bytes are not what they should be, so that there was nothing to check.</summary>
    Unreadable,
}

/// <summary>What came of one check.</summary>
public enum CheckOutcome
{
    Passed,
    Failed,

    /// <summary>It could not be made, or does not apply; <see cref="VerificationCheck.Words"/> says why. It makes nothing invalid.</summary>
    NotChecked,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Id">Stable: what it is about, a dot, and what of it, such as <c>licence.print-number</c>.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Words">A sentence for people.</param>
/// <param name="Figures">The values that were compared, by name.</param>
public sealed record VerificationCheck(string Id, CheckOutcome Outcome, string Words, IReadOnlyDictionary<string, string> Figures);

/// <summary>What was looked at, and what came of it.</summary>
/// <param name="Kind">The sum of the checks.</param>
/// <param name="Checks">In the order in which they were made.</param>
public sealed record Verdict(VerdictKind Kind, IReadOnlyList<VerificationCheck> Checks)
{
    public bool IsValid => Kind == VerdictKind.Valid;
}

/// <summary>Collects checks while they are made.</summary>
internal sealed class Checks
{
    private readonly List<VerificationCheck> _made = [];
    private bool _unreadable;
    private bool _invalid;
    private bool _untrusted;

    public Verdict Verdict => new(
        _unreadable ? VerdictKind.Unreadable : _invalid ? VerdictKind.Invalid : _untrusted ? VerdictKind.UntrustedKey : VerdictKind.Valid,
        [.. _made]);

    public void Pass(string id, string words, params (string Name, string Value)[] figures) => Add(id, CheckOutcome.Passed, words, figures);

    public void Skip(string id, string words, params (string Name, string Value)[] figures) => Add(id, CheckOutcome.NotChecked, words, figures);

    public void Fail(string id, string words, params (string Name, string Value)[] figures)
    {
        _invalid = true;
        Add(id, CheckOutcome.Failed, words, figures);
    }

    /// <summary>Passed or failed; returns which.</summary>
    public bool Require(bool holds, string id, string words, string otherwise, params (string Name, string Value)[] figures)
    {
        if (holds)
        {
            Pass(id, words, figures);
        }
        else
        {
            Fail(id, otherwise, figures);
        }
        return holds;
    }

    public void FailUnreadable(string id, string words)
    {
        _unreadable = true;
        Add(id, CheckOutcome.Failed, words, []);
    }

    public void FailUntrusted(string id, string words, params (string Name, string Value)[] figures)
    {
        _untrusted = true;
        Add(id, CheckOutcome.Failed, words, figures);
    }

    /// <summary>Takes over a check of the log's verifier.</summary>
    public void Take(LogCheck check)
    {
        _invalid |= check.Outcome == LogCheckOutcome.Failed;
        _made.Add(new(check.Id, check.Outcome switch
        {
            LogCheckOutcome.Passed => CheckOutcome.Passed,
            LogCheckOutcome.NotChecked => CheckOutcome.NotChecked,
            _ => CheckOutcome.Failed,
        }, check.Words, check.Figures));
    }

    private void Add(string id, CheckOutcome outcome, string words, (string Name, string Value)[] figures)
    {
        var named = new Dictionary<string, string>(figures.Length, StringComparer.Ordinal);
        foreach (var (name, value) in figures)
        {
            named.Add(name, value);
        }
        _made.Add(new(id, outcome, words, named));
    }
}
