using System.Globalization;
using System.Text;

namespace Touchmark.Log.Tiles;

/// <summary>Names a tile or an entry bundle (C2SP tlog-tiles).</summary>
/// <param name="Level">0 to 7, or <see cref="EntriesLevel"/>. The specification goes to 63, but no tree of fewer than 2^63 leaves has a tile above 7.</param>
/// <param name="Index">The place within the level, from 0.</param>
/// <param name="Width">Hashes or entries in it: 256, or 1 to 255 in a partial one.</param>
public readonly record struct TileId(int Level, long Index, int Width = TileId.FullWidth)
{
    /// <summary>Hashes in a full tile, entries in a full bundle.</summary>
    public const int FullWidth = 256;

    /// <summary>The level of entry bundles, which lie beside the tiles of level 0.</summary>
    public const int EntriesLevel = -1;

    /// <summary>Tree levels in one tile.</summary>
    internal const int Height = 8;

    internal const int MaxLevel = 7;

    private const string Folder = "tile/";
    private const string EntriesName = "entries";
    private const string PartialMark = ".p/";

    // "tile/entries/" and seven groups of four, ".p/255".
    private const int MaxPathLength = 64;

    public bool IsPartial => Width < FullWidth;

    public bool IsEntries => Level == EntriesLevel;

    /// <summary>The same tile when it is full.</summary>
    public TileId Full => this with { Width = FullWidth };

    /// <summary>Relative to the log's prefix, such as <c>tile/0/x001/x234/067.p/5</c>.</summary>
    public string Path
    {
        get
        {
            var path = new StringBuilder(MaxPathLength).Append(Prefix);
            return IsPartial ? path.Append(PartialMark).Append(CultureInfo.InvariantCulture, $"{Width}").ToString() : path.ToString();
        }
    }

    /// <summary>The prefix that the paths of all partial versions of this tile have.</summary>
    internal string PartialPrefix => Prefix + PartialMark;

    private string Prefix
    {
        get
        {
            var groups = new StringBuilder(MaxPathLength);
            var rest = Index;
            groups.Append(CultureInfo.InvariantCulture, $"{rest % 1000:000}");
            while ((rest /= 1000) > 0)
            {
                groups.Insert(0, string.Create(CultureInfo.InvariantCulture, $"x{rest % 1000:000}/"));
            }
            return groups.Insert(0, string.Create(CultureInfo.InvariantCulture, $"{Folder}{(IsEntries ? EntriesName : Level)}/")).ToString();
        }
    }

    /// <summary>The tile or bundle of this level that holds the hash or entry <paramref name="position"/> of the level in a tree of this size.</summary>
    public static TileId Holding(int level, long position, long size)
    {
        var index = position / FullWidth;
        var there = size >> (Height * Math.Max(level, 0));
        return new(level, index, (int)Math.Min(FullWidth, there - (index * FullWidth)));
    }

    /// <summary>Reads a path in its one spelling; anything else, however hostile, is false.</summary>
    public static bool TryParse(ReadOnlySpan<char> path, out TileId tile)
    {
        tile = default;
        if (path.Length > MaxPathLength || !path.StartsWith(Folder, StringComparison.Ordinal))
        {
            return false;
        }
        var rest = path[Folder.Length..];
        var slash = rest.IndexOf('/');
        if (slash < 0)
        {
            return false;
        }
        var level = rest[..slash] is EntriesName ? EntriesLevel : rest[..slash] is [>= '0' and <= '7' and var digit] ? digit - '0' : EntriesLevel - 1;
        rest = rest[(slash + 1)..];
        var width = FullWidth;
        if (rest.IndexOf(PartialMark, StringComparison.Ordinal) is >= 0 and var mark)
        {
            if (!TryParseWidth(rest[(mark + PartialMark.Length)..], out width))
            {
                return false;
            }
            rest = rest[..mark];
        }
        if (level < EntriesLevel || !TryParseIndex(rest, out var index))
        {
            return false;
        }
        // Its last leaf has to have a number.
        var leaves = Height * (Math.Max(level, 0) + 1);
        if (leaves > 63 ? index > 0 : index > (long.MaxValue >> leaves) - 1)
        {
            return false;
        }
        tile = new(level, index, width);
        return true;
    }

    private static bool TryParseWidth(ReadOnlySpan<char> text, out int width)
    {
        width = 0;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c) || (width == 0 && c == '0') || (width = (width * 10) + c - '0') >= FullWidth)
            {
                return false;
            }
        }
        return width > 0;
    }

    private static bool TryParseIndex(ReadOnlySpan<char> text, out long index)
    {
        index = 0;
        for (var first = true; ; first = false)
        {
            var more = text.Length > 0 && text[0] == 'x';
            text = more ? text[1..] : text;
            if (text.Length < 3 || !char.IsAsciiDigit(text[0]) || !char.IsAsciiDigit(text[1]) || !char.IsAsciiDigit(text[2]) || index > long.MaxValue / 1000 - 1)
            {
                return false;
            }
            var group = ((text[0] - '0') * 100) + ((text[1] - '0') * 10) + text[2] - '0';
            if (first && more && group == 0)
            {
                return false;
            }
            index = (index * 1000) + group;
            if (!more)
            {
                return text.Length == 3;
            }
            if (text.Length < 4 || text[3] != '/')
            {
                return false;
            }
            text = text[4..];
        }
    }
}
