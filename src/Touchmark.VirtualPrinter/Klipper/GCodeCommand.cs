using System.Globalization;

namespace Touchmark.VirtualPrinter;

/// <summary>A G-code command that cannot be carried out; the message is what the client reads. It ends the script that it is in.</summary>
internal sealed class CommandError(string message) : Exception(message);

/// <summary>
/// One line of G-code in Klipper's reading (<c>gcode.py</c>): upper-cased, cut into runs of letters and what follows each, so <c>G1X5Y7</c>, <c>Y1O</c>
/// (which is Y1) and <c>Xabc</c> (which is no X at all) mean the same here as there.
/// </summary>
internal sealed class GCodeCommand
{
    private readonly List<(string Key, string Value)> words;
    private Dictionary<string, string>? extended;

    private GCodeCommand(string line, string name, List<(string Key, string Value)> words)
    {
        Line = line;
        Name = name;
        this.words = words;
    }

    /// <summary>The line as it came, without surrounding blanks.</summary>
    public string Line { get; }

    /// <summary>The command's name, empty for a line without one.</summary>
    public string Name { get; }

    /// <summary>What follows the name, in its own spelling.</summary>
    public string RawParameters
    {
        get
        {
            var first = Name.AsSpan();
            if (first.IndexOf(' ') is > 0 and var blank)
                first = first[..blank];
            var start = Line.AsSpan().IndexOf(first, StringComparison.OrdinalIgnoreCase);
            return start < 0 ? "" : Line[(start + first.Length)..].Trim();
        }
    }

    /// <summary>The <c>KEY=value</c> parameters of a macro's call.</summary>
    public JsonMap Parameters
    {
        get
        {
            var map = new JsonMap();
            foreach (var (key, value) in extended ?? [])
                map[key] = value;
            return map;
        }
    }

    public static GCodeCommand Parse(string origin)
    {
        var line = origin.Trim();
        var comment = line.IndexOf(';', StringComparison.Ordinal);
        var text = (comment < 0 ? line : line[..comment]).ToUpperInvariant();
        var parsed = new List<(string Key, string Value)>(6);
        var at = 0;
        while (at < text.Length && !IsKey(text[at]))
            at++;
        var before = text[..at];
        while (at < text.Length)
        {
            var keyStart = at;
            if (text[at] == '*')
                at++;
            else
                while (at < text.Length && text[at] != '*' && IsKey(text[at]))
                    at++;
            var valueStart = at;
            while (at < text.Length && !IsKey(text[at]))
                at++;
            parsed.Add((text[keyStart..valueStart], text[valueStart..at].Trim()));
        }

        // A line number is not the command.
        var index = before.Length == 0 && parsed.Count > 1 && parsed[0].Key == "N" ? 1 : 0;
        var name = parsed.Count > index ? (index == 0 ? before : "") + parsed[index].Key + parsed[index].Value : index == 0 ? before : "";
        return new GCodeCommand(line, name.Trim(), parsed);
    }

    public bool Has(string key) => Find(key) is not null;

    public string Text(string key, string otherwise) => Find(key) ?? otherwise;

    public string Text(string key) => Find(key) ?? throw new CommandError($"Error on '{Line}': missing {key}");

    /// <summary>A number; an error like Klipper's when it does not read as one or is out of range.</summary>
    public double Number(string key, double? otherwise = null, double? above = null, double? min = null, double? max = null)
    {
        if (Find(key) is not { } text)
            return otherwise ?? throw new CommandError($"Error on '{Line}': missing {key}");
        if (!TryNumber(text, out var value))
            throw new CommandError($"Error on '{Line}': unable to parse {text}");
        if (min is { } low && value < low)
            throw new CommandError($"Error on '{Line}': {key} must have minimum of {Python(low)}");
        if (max is { } high && value > high)
            throw new CommandError($"Error on '{Line}': {key} must have maximum of {Python(high)}");
        if (above is { } bound && value <= bound)
            throw new CommandError($"Error on '{Line}': {key} must be above {Python(bound)}");
        return value;
    }

    /// <summary>A parameter of a move: null when absent; a value that does not read as a number spoils the move.</summary>
    public double? Word(string key)
    {
        if (Find(key) is not { } text)
            return null;
        return TryNumber(text, out var value) ? value : throw new CommandError($"Unable to parse move '{Line}'");
    }

    /// <summary>Reads <c>KEY=value</c> parameters, as every command that is not a letter and a number takes them.</summary>
    public void ReadExtended()
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var word in Split(RawParameters))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                throw new CommandError($"Malformed command '{Line}'");
            found[word[..equals].ToUpperInvariant()] = word[(equals + 1)..];
        }

        extended = found;
    }

    private string? Find(string key)
    {
        if (extended is not null)
            return extended.GetValueOrDefault(key);
        string? found = null;
        foreach (var (name, value) in words)
        {
            if (name == key)
                found = value;
        }

        return found;
    }

    private static bool IsKey(char c) => c is (>= 'A' and <= 'Z') or '_' or '*';

    private static bool TryNumber(string text, out double value) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    private static string Python(double value) => value == Math.Floor(value) ? value.ToString("F1", CultureInfo.InvariantCulture) : value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Words as a shell would split them: blanks separate, quotes hold together, a comment ends.</summary>
    private List<string> Split(string text)
    {
        var result = new List<string>();
        var word = new System.Text.StringBuilder();
        var started = false;
        var quote = '\0';
        foreach (var c in text)
        {
            if (quote != '\0')
            {
                if (c == quote)
                    quote = '\0';
                else
                    word.Append(c);
            }
            else if (c is '"' or '\'')
            {
                quote = c;
                started = true;
            }
            else if (c is '#' or ';')
            {
                break;
            }
            else if (char.IsWhiteSpace(c))
            {
                if (started)
                    result.Add(word.ToString());
                word.Clear();
                started = false;
            }
            else
            {
                word.Append(c);
                started = true;
            }
        }

        if (quote != '\0')
            throw new CommandError($"Malformed command '{Line}'");
        if (started)
            result.Add(word.ToString());
        return result;
    }
}
