using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Verification;

/// <summary>Why the page cannot show a part.</summary>
/// <param name="Heading">A few words.</param>
/// <param name="Text">A sentence.</param>
/// <param name="Fix">What to do.</param>
/// <param name="Likely">Parts that may have been meant, as people write their ids.</param>
public sealed record CheckProblem(string Heading, string Text, string Fix, IReadOnlyList<string> Likely)
{
    internal static CheckProblem? Of(Refusal? refusal) => refusal is null ? null : new(Head(refusal.Code), refusal.Text, refusal.Fix, refusal.Figures.GetValueOrDefault("likely") as IReadOnlyList<string> ?? []);

    private static string Head(string code) => code switch
    {
        "PART_ID_CHECK" or "PART_ID_CHARACTER" or "PART_ID_LENGTH" => "This part id has a mistake in it",
        "PART_UNKNOWN" => "No such part here",
        "CODE_NOT_OURS" => "This code is not one of ours",
        _ => "This could not be checked",
    };
}
