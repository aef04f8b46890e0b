using System.Buffers;

namespace Touchmark.Evidence.Parts;

/// <summary>Crockford's base32: digits and letters without I, L, O and U, five bits each.</summary>
internal static class Crockford
{
    public const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    private const int Base = 32;

    public static SearchValues<char> Characters { get; } = SearchValues.Create(Alphabet);

    /// <summary>0 to 31, or -1 for a character outside the alphabet. Upper case only.</summary>
    public static int ValueOf(char character) => Alphabet.IndexOf(character, StringComparison.Ordinal);

    /// <summary>Whether the text is of this length and of nothing but the alphabet.</summary>
    public static bool Is(string text, int length) => text.Length == length && text.AsSpan().IndexOfAnyExcept(Characters) < 0;

    /// <summary>The bits from the first byte's highest on; the number of bytes is a multiple of five.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        Span<char> text = stackalloc char[bytes.Length * 8 / 5];
        for (var at = 0; at < text.Length; at++)
        {
            var value = 0;
            for (var bit = 5 * at; bit < 5 * at + 5; bit++)
            {
                value = value << 1 | bytes[bit / 8] >> (7 - bit % 8) & 1;
            }
            text[at] = Alphabet[value];
        }
        return new(text);
    }

    /// <summary>
    /// Reads what a person wrote: in any case, with blanks and hyphens anywhere, with I and L for 1 and O for 0. Characters outside the alphabet are left as they are.
    /// </summary>
    /// <returns>How many characters there are; those that do not fit are counted and dropped.</returns>
    public static int ReadForgiving(string text, Span<char> characters)
    {
        var count = 0;
        foreach (var written in text)
        {
            if (IsSeparator(written))
            {
                continue;
            }
            if (count < characters.Length)
            {
                characters[count] = Forgive(written);
            }
            count++;
        }
        return count;
    }

    /// <summary>Luhn mod 32: every second value from the right is doubled and its digits in base 32 are added; 0 for a text whose check character is right.</summary>
    public static int LuhnSum(ReadOnlySpan<char> characters)
    {
        var sum = 0;
        for (var at = 0; at < characters.Length; at++)
        {
            var value = ValueOf(characters[at]);
            var doubled = 2 * value;
            sum += !IsDoubled(characters, at) ? value : doubled / Base + doubled % Base;
        }
        return sum % Base;
    }

    /// <summary>The one character that makes the text right when it stands at this place, whatever stands there now.</summary>
    public static char LuhnRepair(ReadOnlySpan<char> characters, int at)
    {
        Span<char> others = stackalloc char[characters.Length];
        characters.CopyTo(others);
        others[at] = Alphabet[0];
        var wanted = (Base - LuhnSum(others)) % Base;
        return Alphabet[!IsDoubled(characters, at) ? wanted : wanted % 2 == 0 ? wanted / 2 : (wanted + Base - 1) / 2];
    }

    /// <summary>The check character, at the right end, counts once; its left neighbour twice, and so on.</summary>
    private static bool IsDoubled(ReadOnlySpan<char> characters, int at) => (characters.Length - at) % 2 == 0;

    /// <summary>Space, tab, no-break space; hyphen-minus, the dashes of U+2010 to U+2015, minus.</summary>
    private static bool IsSeparator(char character) => character is ' ' or '\t' or '\u00A0' or '-' or (>= '\u2010' and <= '\u2015') or '\u2212';

    private static char Forgive(char character) => character switch
    {
        'I' or 'i' or 'L' or 'l' => '1',
        'O' or 'o' => '0',
        >= 'a' and <= 'z' => (char)(character - 'a' + 'A'),
        _ => character,
    };
}
