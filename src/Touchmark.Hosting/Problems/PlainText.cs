using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Touchmark.Hosting.Problems;

/// <summary>
/// Text that people enter and other people see: names, descriptions. One line, no control characters and nothing invisible that reorders or hides other
/// characters (Unicode categories Cc, Cf, Cs, Co, Zl, Zp), so it can stand in a log, a page, a certificate or a terminal as it is.
/// </summary>
public static class PlainText
{
    public static bool TryAccept(string? text, int maximumLength, [NotNullWhen(true)] out string? clean)
    {
        clean = text?.Trim();
        if (string.IsNullOrEmpty(clean) || clean.Length > maximumLength || !IsPlain(clean))
        {
            clean = null;
        }

        return clean is not null;
    }

    /// <summary>What a refusal says about a text that is not plain.</summary>
    public static Refusal Refuse(string field, int maximumLength) => Refusal.Invalid(
        "TEXT_NOT_PLAIN", $"The field {field} must be one line of 1 to {maximumLength} visible characters.",
        "Leave out line breaks, control characters and invisible formatting characters, and shorten it.").With("field", field).With("maximum_length", maximumLength);

    private static bool IsPlain(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            var bad = rune == Rune.ReplacementChar || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
                or UnicodeCategory.PrivateUse or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.OtherNotAssigned;
            if (bad)
            {
                return false;
            }
        }

        return true;
    }
}
