using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Touchmark.Cryptography.Shares;

/// <summary>What is wrong with a share, or with several together.</summary>
/// <param name="Code">Stable, such as <c>SHARE_CHECKSUM</c>.</param>
/// <param name="Text">A sentence for people; it never holds a word of a share.</param>
public sealed record ShareProblem(string Code, string Text);

/// <summary>What all shares of one secret have in common. Counts are counts, not the numbers on the wire, which are one less.</summary>
internal readonly record struct ShareSet(ushort Identifier, bool Extendable, int IterationExponent, int GroupThreshold, int GroupCount, int SecretBytes);

/// <summary>One share of a secret (SLIP-0039). It is as secret as its owner is trusted: value and words are in locked memory and wiped.</summary>
public sealed class MnemonicShare : IDisposable
{
    /// <summary>Longest text that is read, bytes: as many of the longest words as there can be, and some blanks.</summary>
    public const int MaxText = 1024;

    /// <summary>Most words: those of a secret of 512 bits.</summary>
    public const int MaxWords = HeaderWords + 52 + Rs1024.ChecksumWords;

    /// <summary>Fewest words: those of a secret of 128 bits.</summary>
    public const int MinWords = HeaderWords + 13 + Rs1024.ChecksumWords;

    private const int HeaderWords = 4;
    private const int WordBits = 10;
    private const int WordMask = (1 << WordBits) - 1;

    internal MnemonicShare(ShareSet set, int groupIndex, int memberIndex, int memberThreshold, LockedBuffer value)
    {
        Set = set;
        GroupIndex = groupIndex;
        MemberIndex = memberIndex;
        MemberThreshold = memberThreshold;
        Value = value;
    }

    /// <summary>The same in all shares of one secret, at random: 0 to 32,767.</summary>
    public int Identifier => Set.Identifier;

    /// <summary>Which share of its group this is, from 0.</summary>
    public int MemberIndex { get; }

    /// <summary>How many shares of the group are needed.</summary>
    public int MemberThreshold { get; }

    /// <summary>Number of words.</summary>
    public int WordCount => WordsFor(Value.Length);

    internal ShareSet Set { get; }

    internal int GroupIndex { get; }

    internal LockedBuffer Value { get; }

    /// <summary>
    /// Reads what a person typed: words of the list, or their first four letters, in any case, between any blanks. False and what is wrong otherwise; which word is
    /// meant is never guessed. Never throws.
    /// </summary>
    /// <param name="text">UTF-8; wiping it stays the caller's job.</param>
    /// <param name="share">To be disposed by the caller.</param>
    /// <param name="problem">What is wrong.</param>
    public static bool TryRead(ReadOnlySpan<byte> text, [NotNullWhen(true)] out MnemonicShare? share, [NotNullWhen(false)] out ShareProblem? problem)
    {
        share = null;
        using var numbers = new LockedBuffer(MaxWords * sizeof(ushort));
        Span<ushort> words = MemoryMarshal.Cast<byte, ushort>(numbers.Span);
        problem = text.Length > MaxText ? new("SHARE_LENGTH", $"The text has {text.Length} bytes; a share has at most {MaxText}.") : Split(text, words, out words);
        return problem is null && TryRead(words, out share, out problem);
    }

    /// <summary>The words in lower case with a blank between them, ASCII; to be disposed by the caller.</summary>
    public LockedBuffer ToText()
    {
        using var numbers = new LockedBuffer(WordCount * sizeof(ushort));
        Span<ushort> words = MemoryMarshal.Cast<byte, ushort>(numbers.Span);
        Write(words);
        using var longest = new LockedBuffer(WordCount * (Words.Longest + 1));
        int length = 0;
        foreach (ushort word in words)
        {
            if (length > 0)
                longest.Span[length++] = (byte)' ';
            length += Words.Write(word, longest.Span[length..]);
        }
        return LockedBuffer.CopyOf(longest.Span[..length]);
    }

    public void Dispose() => Value.Dispose();

    private static int WordsFor(int valueBytes) => HeaderWords + (8 * valueBytes + WordBits - 1) / WordBits + Rs1024.ChecksumWords;

    private static ShareProblem? Split(ReadOnlySpan<byte> text, Span<ushort> into, out Span<ushort> words)
    {
        words = [];
        int count = 0;
        foreach (Range range in text.SplitAny(" \t\r\n"u8))
        {
            ReadOnlySpan<byte> word = text[range];
            if (word.IsEmpty)
                continue;
            if (count == MaxWords)
                return new("SHARE_LENGTH", $"It has more than {MaxWords} words.");
            int number = Words.Find(word);
            if (number < 0)
                return new("SHARE_WORD", $"Word {count + 1} is not in the list of words: compare it with the paper.");
            into[count++] = (ushort)number;
        }
        words = into[..count];
        return null;
    }

    private static bool TryRead(ReadOnlySpan<ushort> words, out MnemonicShare? share, [NotNullWhen(false)] out ShareProblem? problem)
    {
        share = null;
        int bits = WordBits * (words.Length - HeaderWords - Rs1024.ChecksumWords);
        int padding = bits % 16;
        if (words.Length < MinWords || padding > 8)
        {
            problem = new("SHARE_LENGTH", $"It has {words.Length} words; a share of a secret of 256 bits has 33.");
            return false;
        }
        ulong header = 0;
        foreach (ushort word in words[..HeaderWords])
            header = header << WordBits | word;
        bool extendable = (header >> 24 & 1) != 0;
        if (!Rs1024.Verify(extendable, words))
        {
            problem = new("SHARE_CHECKSUM", "The words do not belong together: at least one of them is wrong, missing or at another's place. Compare them with the paper.");
            return false;
        }
        if (words[HeaderWords] >> (WordBits - padding) != 0)
        {
            problem = new("SHARE_PADDING", "The share was not written by the standard: its padding is not zero.");
            return false;
        }
        var set = new ShareSet(
            (ushort)(header >> 25), extendable, (int)(header >> 20 & 15), (int)(header >> 12 & 15) + 1, (int)(header >> 8 & 15) + 1, (bits - padding) / 8);
        if (set.GroupThreshold > set.GroupCount)
        {
            problem = new("SHARE_FORMAT", $"The share asks for {set.GroupThreshold} groups and says that there are {set.GroupCount}.");
            return false;
        }
        problem = null;
        share = new(set, (int)(header >> 16 & 15), (int)(header >> 4 & 15), (int)(header & 15) + 1, Unpack(words[HeaderWords..^Rs1024.ChecksumWords], set.SecretBytes));
        return true;
    }

    private static LockedBuffer Unpack(ReadOnlySpan<ushort> words, int length)
    {
        var value = new LockedBuffer(length);
        int at = length;
        int bits = 0;
        uint pending = 0;
        // From the end, where no padding is.
        for (int word = words.Length - 1; word >= 0; word--)
        {
            pending |= (uint)words[word] << bits;
            for (bits += WordBits; bits >= 8 && at > 0; bits -= 8, pending >>= 8)
                value.Span[--at] = (byte)pending;
        }
        return value;
    }

    private void Write(Span<ushort> words)
    {
        ulong header = Set.Identifier;
        header = header << 1 | (Set.Extendable ? 1UL : 0);
        foreach (int field in (ReadOnlySpan<int>)[Set.IterationExponent, GroupIndex, Set.GroupThreshold - 1, Set.GroupCount - 1, MemberIndex, MemberThreshold - 1])
            header = header << 4 | (uint)field;
        for (int word = HeaderWords - 1; word >= 0; word--, header >>= WordBits)
            words[word] = (ushort)(header & WordMask);

        Span<ushort> data = words[HeaderWords..^Rs1024.ChecksumWords];
        int written = 0;
        uint pending = 0;
        int bits = WordBits * data.Length - 8 * Value.Length;
        foreach (byte part in Value.Span)
        {
            pending = pending << 8 | part;
            bits += 8;
            if (bits >= WordBits)
            {
                bits -= WordBits;
                data[written++] = (ushort)(pending >> bits & WordMask);
            }
        }
        Rs1024.Complete(Set.Extendable, words);
    }
}
