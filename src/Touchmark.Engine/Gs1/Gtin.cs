using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Gs1;

/// <summary>A Global Trade Item Number: 8, 12, 13 or 14 digits, the last of them a check digit (GS1 General Specifications 7.9.1). What is the same number in another length is equal.</summary>
internal sealed record Gtin
{
    /// <summary>Digits of the long form, which links and databases hold.</summary>
    public const int Length = 14;

    private Gtin(string value) => Value = value;

    /// <summary>14 digits.</summary>
    public string Value { get; }

    /// <summary>Reads digits and nothing else: no blanks, no hyphens, no other script's digits. A wrong check digit is refused with what was likely meant.</summary>
    public static Outcome<Gtin> Parse(string? text)
    {
        text ??= "";
        if (text.Length is not (8 or 12 or 13 or 14))
        {
            return Refusal.Invalid("GTIN_LENGTH", "A GTIN has 8, 12, 13 or 14 digits.", "Compare it with the bar code of the product.").With("length", text.Length);
        }

        if (text.AsSpan().IndexOfAnyExceptInRange('0', '9') is >= 0 and var at)
        {
            return Refusal.Invalid("GTIN_CHARACTER", $"Character {at + 1} of the GTIN is not a digit from 0 to 9.", "Write the digits alone, without blanks or hyphens.").With("position", at + 1);
        }

        if (text.AsSpan().IndexOfAnyExcept('0') < 0)
        {
            return Refusal.Invalid("GTIN_ZEROS", "No product has a GTIN of zeros alone.", "Compare it with the bar code of the product.");
        }

        return CheckDigit.IsRight(text)
            ? new Gtin(text.PadLeft(Length, '0'))
            : Refusal.Invalid("GTIN_CHECK", "The last digit of the GTIN does not match the others: one digit is wrong, or two were exchanged.", "Compare it with the bar code; what was likely meant is among the figures.")
                .With("likely", Likely(text));
    }

    /// <summary>One that was read before, from the database.</summary>
    public static Gtin Stored(string value) => new(value);

    public override string ToString() => Value;

    /// <summary>Numbers that it is one slip away from: two neighbours exchanged, from left to right; then the one with these digits and the right check digit.</summary>
    private static List<string> Likely(string text)
    {
        var likely = new List<string>();
        Span<char> digits = stackalloc char[Length];
        digits = digits[..text.Length];
        for (var at = 0; at + 1 < text.Length; at++)
        {
            text.CopyTo(digits);
            (digits[at], digits[at + 1]) = (digits[at + 1], digits[at]);
            if (CheckDigit.IsRight(digits))
            {
                likely.Add(new string(digits));
            }
        }

        likely.Add(text[..^1] + CheckDigit.Of(text.AsSpan(..^1)));
        return likely;
    }
}

/// <summary>The check digit of GS1's numeric keys (GS1 General Specifications 7.9.1): from the right the digits count three times and once in turn; with the check digit the sum is a multiple of ten.</summary>
internal static class CheckDigit
{
    /// <summary>The digit that belongs behind these digits.</summary>
    public static char Of(ReadOnlySpan<char> digits)
    {
        var sum = 0;
        for (var at = 0; at < digits.Length; at++)
        {
            sum += (digits[at] - '0') * ((digits.Length - at) % 2 == 0 ? 1 : 3);
        }

        return (char)('0' + (10 - sum % 10) % 10);
    }

    /// <summary>Whether the last of these digits is that of those before it.</summary>
    public static bool IsRight(ReadOnlySpan<char> digits) => Of(digits[..^1]) == digits[^1];
}
