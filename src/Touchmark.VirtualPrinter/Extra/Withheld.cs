using System.Text.RegularExpressions;

namespace Touchmark.VirtualPrinter;

/// <summary>Keeps the lines of a protected job out of what the printer says of them.</summary>
internal static partial class Withheld
{
    private const string Instead = "(line withheld)";

    /// <summary><paramref name="text"/>, which a line gave rise to, without that line; of a move, without any number either.</summary>
    public static string From(string text, string line)
    {
        var own = line.Trim();
        if (own.Length == 0 || text.StartsWith("!! Touchmark: ", StringComparison.Ordinal) || text.StartsWith("// Touchmark: ", StringComparison.Ordinal))
            return text;
        var rest = text.Replace(own, Instead, StringComparison.OrdinalIgnoreCase);
        return Move().IsMatch(own) ? Number().Replace(rest, "#") : rest;
    }

    [GeneratedRegex(@"^\s*(N[0-9]+\s*)?G0*[0-35]([^0-9]|$)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Move();

    [GeneratedRegex(@"[-+]?[0-9]*\.?[0-9]+", RegexOptions.NonBacktracking)]
    private static partial Regex Number();
}
