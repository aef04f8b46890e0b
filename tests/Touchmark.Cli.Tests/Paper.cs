using System.Globalization;

namespace Touchmark.Cli.Tests;

/// <summary>Somebody at the terminal who writes down each share that is shown, and types back what is asked for.</summary>
internal sealed class Paper
{
    private readonly List<List<string>> _shares = [];

    public IReadOnlyList<string> Shares => [.. _shares.Select(words => string.Join(' ', words))];

    /// <summary>What to type after a line of the program.</summary>
    public string? Answer(string line)
    {
        if (line.StartsWith("Share ", StringComparison.Ordinal))
        {
            _shares.Add([]);
        }
        else if (line.StartsWith("From the paper", StringComparison.Ordinal))
        {
            return string.Join(' ', Tokens(line, char.IsAsciiDigit).Select(number => _shares[^1][int.Parse(number, CultureInfo.InvariantCulture) - 1]));
        }
        else if (line.StartsWith("  ", StringComparison.Ordinal))
        {
            _shares[^1].AddRange(Tokens(line, char.IsAsciiLetterLower));
        }

        return null;
    }

    private static IEnumerable<string> Tokens(string line, Func<char, bool> isOfIt) =>
        line.Split([' ', ',', ':'], StringSplitOptions.RemoveEmptyEntries).Where(token => token.All(isOfIt));
}
