namespace Touchmark.Engine.Pages;

/// <summary>What surrounds a page: who looks at it, and where else they may go.</summary>
/// <param name="Person">The name of the account.</param>
/// <param name="Organisation">Whose account it is.</param>
/// <param name="Role">In lower case.</param>
/// <param name="Token">For the forms.</param>
/// <param name="Places">The navigation.</param>
/// <param name="IsDemonstration">They may be somebody else by a click.</param>
public sealed record Shell(string Person, string Organisation, string Role, PageToken Token, IReadOnlyList<ShellPlace> Places, bool IsDemonstration);

/// <summary>An entry of the navigation.</summary>
public sealed record ShellPlace(string Path, string Name, string Icon, bool IsCurrent);

/// <summary>The antiforgery token that every form carries.</summary>
public sealed record PageToken(string Name, string Value);

/// <summary>Why something was refused, as a page says it.</summary>
public sealed record PageProblem(string Text, string Fix, string Code)
{
    internal static PageProblem? Of(Hosting.Problems.Refusal? refusal) => refusal is null ? null : new(refusal.Text, refusal.Fix, refusal.Code);
}
