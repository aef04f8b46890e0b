using System.Buffers;

namespace Touchmark.Evidence.Parts;

/// <summary>Crockford's base32: digits and letters without I, L, O and U, five bits each.</summary>
internal static class Crockford
{
    public const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

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
}
