using System.Buffers;
using System.Collections.Concurrent;
using System.Text;

namespace Touchmark.Leaks;

/// <summary>
/// The lines of a toolpath that could not be anywhere by chance, and the search for them in bytes: the pair of coordinates (<c>X12.345 Y6.789</c>) of each line that moves
/// and extrudes, in ASCII (and so in UTF-8 and JSON) and in UTF-16. Finding the pair finds the whole line, and a line that was cut off behind it.
/// </summary>
internal sealed class LineBook
{
    /// <summary>Shorter ones are no figures of a slicer's: <c>X60 Y60</c> may stand anywhere.</summary>
    private const int ShortestPair = 11;

    private const int LongestPair = 40;

    private static readonly SearchValues<byte> Figures = SearchValues.Create("-.0123456789"u8);

    private readonly ConcurrentDictionary<string, bool> pairs = new(StringComparer.Ordinal);

    public int Count => pairs.Count;

    /// <summary>Takes the lines of a script.</summary>
    public void Add(string script)
    {
        foreach (var line in script.Split('\n'))
        {
            if (line.StartsWith("G1 X", StringComparison.Ordinal) && line.Contains(" E", StringComparison.Ordinal) && PairAt(Encoding.ASCII.GetBytes(line).AsSpan(3)) is { } pair)
            {
                pairs[pair] = true;
            }
        }
    }

    /// <summary>Adds what <paramref name="bytes"/> holds of the book to <paramref name="found"/>; answers how often something was found.</summary>
    public int Search(ReadOnlySpan<byte> bytes, ISet<string> found)
    {
        var times = 0;
        Span<byte> narrow = stackalloc byte[LongestPair];
        for (var at = bytes.IndexOf((byte)'X'); at >= 0; at = Next(bytes, at))
        {
            var rest = bytes[at..];
            scoped var text = rest[..Math.Min(rest.Length, LongestPair + 1)];
            if (rest.Length > 2 && rest[1] == 0)
            {
                var length = Math.Min(rest.Length / 2, LongestPair);
                for (var i = 0; i < length; i++)
                {
                    narrow[i] = rest[(2 * i) + 1] == 0 ? rest[2 * i] : (byte)0;
                }

                text = narrow[..length];
            }

            if (PairAt(text) is { } pair && pairs.ContainsKey(pair))
            {
                times++;
                found.Add(pair);
            }
        }

        return times;
    }

    private static int Next(ReadOnlySpan<byte> bytes, int at) => bytes[(at + 1)..].IndexOf((byte)'X') is >= 0 and var next ? at + 1 + next : -1;

    /// <summary>The pair at the start; null when there is none, or one that could be there by chance.</summary>
    private static string? PairAt(ReadOnlySpan<byte> bytes)
    {
        var x = Number(bytes, (byte)'X');
        if (x == 0 || bytes.Length <= x || bytes[x] != ' ')
        {
            return null;
        }

        var y = Number(bytes[(x + 1)..], (byte)'Y');
        var pair = bytes[..(x + 1 + y)];
        return y > 0 && pair.Length is >= ShortestPair and <= LongestPair && pair.Count((byte)'.') == 2 ? Encoding.ASCII.GetString(pair) : null;
    }

    /// <summary>Length of an axis letter and its number, 0 when there is none.</summary>
    private static int Number(ReadOnlySpan<byte> bytes, byte axis)
    {
        if (bytes.Length < 2 || bytes[0] != axis)
        {
            return 0;
        }

        var end = bytes[1..].IndexOfAnyExcept(Figures);
        return end == 0 ? 0 : end < 0 ? bytes.Length : end + 1;
    }
}
