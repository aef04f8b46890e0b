using System.Security.Cryptography;
using System.Text;
using Touchmark.Cli.Terminal;
using Touchmark.Cryptography;
using Touchmark.Cryptography.Shares;

namespace Touchmark.Cli.Keys;

/// <summary>Hands out the shares of a root one at a time, and takes them again. Words go between the terminal and locked memory; no message repeats one.</summary>
internal sealed class ShareDialog(SecretTerminal terminal)
{
    private const int WordsOnLine = 4;
    private const int WordsAsked = 3;

    /// <summary>Shows each share alone, and the next only after a few of its words were typed back.</summary>
    public void HandOut(ReadOnlySpan<byte> secret, int threshold, int count)
    {
        var shares = SecretSharing.Split(secret, threshold, count);
        try
        {
            for (var at = 0; at < count; at++)
            {
                using var text = shares[at].ToText();
                terminal.Clear();
                Screen.Line($"Share {at + 1} of {count}. Any {threshold} of them make the root. Nobody but its holder may see it: write down these {shares[at].WordCount} words in their order, with the number {at + 1}.");
                Show(text.Span);
                Confirm(text.Span, shares[at].WordCount);
                terminal.Clear();
            }
        }
        finally
        {
            foreach (var share in shares)
            {
                share.Dispose();
            }
        }
    }

    /// <summary>Asks for shares until there are as many as they need. To be disposed by the caller.</summary>
    public LockedBuffer Collect()
    {
        var shares = new List<MnemonicShare>();
        try
        {
            while (shares.Count == 0 || shares.Count < shares[0].MemberThreshold)
            {
                Screen.Line(shares.Count == 0 ? "Type the words of a share on one line (the first four letters of each are enough):"
                    : $"Share {shares.Count} of {shares[0].MemberThreshold} is right. Type the words of the next:");
                shares.Add(ReadOne(shares));
                terminal.Clear();
            }

            return SecretSharing.TryCombine(shares, [], out var secret, out var problem) ? secret : throw Refused(problem);
        }
        finally
        {
            shares.ForEach(share => share.Dispose());
        }
    }

    private static CliFailure Refused(ShareProblem problem) => new($"{problem.Text} [{problem.Code}]", "compare the words with the paper");

    private MnemonicShare ReadOne(List<MnemonicShare> before)
    {
        while (true)
        {
            using var line = ReadLine(MnemonicShare.MaxText);
            if (MnemonicShare.TryRead(line.Span, out var share, out var problem))
            {
                problem = before.Exists(known => known.Identifier != share.Identifier) ? new("SHARES_MIXED", "This share belongs to another secret than those before.")
                    : before.Exists(known => known.MemberIndex == share.MemberIndex) ? new("SHARE_TWICE", "This share was given already.") : null;
                if (problem is null)
                {
                    return share;
                }

                share.Dispose();
            }

            Screen.Line($"{problem.Text} [{problem.Code}] Once more:");
        }
    }

    private void Show(ReadOnlySpan<byte> text)
    {
        var number = 0;
        foreach (var word in text.Split((byte)' '))
        {
            number++;
            terminal.Write(Encoding.ASCII.GetBytes($"{number,4} "));
            terminal.Write(text[word]);
            // Padded to the longest word, so that columns stand under each other.
            terminal.Write(number % WordsOnLine == 0 ? "\n"u8 : "         "u8[..(9 - text[word].Length)]);
        }

        terminal.Write("\n"u8);
    }

    private void Confirm(ReadOnlySpan<byte> text, int words)
    {
        var asked = Enumerable.Range(1, words).ToArray();
        RandomNumberGenerator.Shuffle(asked.AsSpan());
        asked = [.. asked.Take(WordsAsked).Order()];
        while (true)
        {
            Screen.Line($"From the paper, type words {string.Join(", ", asked)} with blanks between:");
            using var typed = ReadLine(MnemonicShare.MaxText);
            if (Matches(text, asked, typed.Span))
            {
                return;
            }

            Screen.Line("That is not what stands above. Compare the paper with it.");
        }
    }

    private LockedBuffer ReadLine(int most) =>
        terminal.ReadLine(most) ?? throw new CliFailure("the input ended before all shares were there; nothing was made.", "begin again, in a terminal", exitCode: 2);

    private static bool Matches(ReadOnlySpan<byte> text, int[] asked, ReadOnlySpan<byte> typed)
    {
        var count = 0;
        foreach (var range in typed.SplitAny(" \t"u8))
        {
            if (typed[range].IsEmpty)
            {
                continue;
            }

            if (count == asked.Length || !Ascii.EqualsIgnoreCase(typed[range], Word(text, asked[count])))
            {
                return false;
            }

            count++;
        }

        return count == asked.Length;
    }

    private static ReadOnlySpan<byte> Word(ReadOnlySpan<byte> text, int number)
    {
        foreach (var word in text.Split((byte)' '))
        {
            if (--number == 0)
            {
                return text[word];
            }
        }

        return [];
    }
}
