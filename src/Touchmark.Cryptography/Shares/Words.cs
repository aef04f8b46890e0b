using System.Text;

namespace Touchmark.Cryptography.Shares;

/// <summary>The 1,024 words of SLIP-0039, four to eight letters each, and told apart by their first four.</summary>
/// <remarks>A word is held as its letters in a number, the first in the lowest byte. Every look-up reads the whole list: what is looked up is secret.</remarks>
internal static class Words
{
    internal const int Count = 1024;
    internal const int Longest = 8;

    private const int Shortest = 4;
    private const uint ToLowerCase = 0x20;

    private static readonly ulong[] List = Load();

    /// <summary>The word's number; -1 when it is none of the list. Its first four letters are enough, in upper or lower case.</summary>
    internal static int Find(ReadOnlySpan<byte> word)
    {
        if (word.Length is < Shortest or > Longest)
            return -1;
        ulong wanted = 0;
        for (int at = word.Length - 1; at >= 0; at--)
            wanted = wanted << 8 | word[at] | ToLowerCase;
        ulong compared = word.Length == Shortest ? uint.MaxValue : ulong.MaxValue;
        int found = -1;
        for (int number = 0; number < Count; number++)
        {
            int same = MaskOfZero((List[number] ^ wanted) & compared);
            found = found & ~same | number & same;
        }
        return found;
    }

    /// <summary>Writes a word and returns its length.</summary>
    internal static int Write(int number, Span<byte> text)
    {
        ulong word = 0;
        for (int candidate = 0; candidate < Count; candidate++)
            word |= List[candidate] & (ulong)(long)MaskOfZero((ulong)(candidate ^ number));
        int length = 0;
        for (; word != 0; word >>= 8)
            text[length++] = (byte)word;
        return length;
    }

    /// <summary>All ones for 0, else 0.</summary>
    private static int MaskOfZero(ulong value) => (int)((value | 0 - value) >> 63) - 1;

    private static ulong[] Load()
    {
        using Stream resource = typeof(Words).Assembly.GetManifestResourceStream("slip-0039-words")!;
        using var reader = new StreamReader(resource, Encoding.ASCII);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Pack)];
    }

    private static ulong Pack(string word) => word.Reverse().Aggregate(0UL, (packed, letter) => packed << 8 | letter);
}
