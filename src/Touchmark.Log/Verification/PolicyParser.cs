using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Touchmark.Log.Notes;

namespace Touchmark.Log.Verification;

/// <summary>Reads a policy file line by line (C2SP tlog-policy).</summary>
internal sealed class PolicyParser
{
    private const int MaxSize = 1 << 20;

    /// <summary>Of logs' keys, of witnesses and of groups; the specification asks for 32 at least.</summary>
    private const int MaxOfEach = 256;

    private const string None = "none";

    private readonly List<NoteKey> _logKeys = [];
    private readonly List<PolicyWitness> _witnesses = [];
    private readonly List<PolicyGroup> _groups = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly HashSet<string> _members = new(StringComparer.Ordinal);
    private string? _quorum;

    public LogPolicy Policy => new(
        [.. _logKeys.GroupBy(key => key.Name, StringComparer.Ordinal).Select(keys => new PolicyLog(keys.Key, [.. keys]))],
        _witnesses, _groups, _quorum == None ? null : _quorum);

    /// <summary>Null when the file is read.</summary>
    public string? Parse(ReadOnlySpan<byte> file)
    {
        if (file.Length > MaxSize || !Utf8.IsValid(file))
        {
            return $"it is not UTF-8 of at most {MaxSize} bytes";
        }
        if (file.Length > 0 && file[^1] != '\n')
        {
            return "its last line does not end";
        }
        var number = 0;
        foreach (var line in Encoding.UTF8.GetString(file).Split('\n')[..^1])
        {
            number++;
            if (Line(line) is { } problem)
            {
                return string.Create(CultureInfo.InvariantCulture, $"line {number}: {problem}");
            }
        }
        return _quorum is null ? "it has no quorum line" : null;
    }

    private string? Line(string line)
    {
        if (line.Any(c => c is < ' ' and not '\t' or '\x7f'))
        {
            return "it has a control character";
        }
        var items = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return items switch
        {
            [] => null,
            [['#', ..], ..] => null,
            ["log", _] or ["log", _, _] => Log(items[1]),
            ["witness", var name, var key] => Witness(name, key, null),
            ["witness", var name, var key, var url] => Witness(name, key, url),
            ["group", var name, var threshold, _, ..] => Group(name, threshold, items[3..]),
            ["quorum", var name] => Quorum(name),
            _ => "it is neither a log, a witness, a group nor the quorum",
        };
    }

    private string? Log(string text)
    {
        if (!NoteKey.TryParse(text, out var key, out var problem))
        {
            return $"the log's key cannot be read: {problem}";
        }
        if (key.Type == NoteKeyType.Cosignature)
        {
            return "the key is a witness's, not a log's";
        }
        if (_logKeys.Any(other => other.PublicKey.Span.SequenceEqual(key.PublicKey.Span)))
        {
            return "the key stands there twice";
        }
        _logKeys.Add(key);
        return _logKeys.Count > MaxOfEach ? $"more than {MaxOfEach} logs" : null;
    }

    private string? Witness(string name, string text, string? url)
    {
        if (!NoteKey.TryParse(text, out var key, out var problem))
        {
            return $"the witness's key cannot be read: {problem}";
        }
        if (key.Type != NoteKeyType.Cosignature)
        {
            return "the key is not one of a witness (type 04)";
        }
        if (_witnesses.Any(other => other.Key.PublicKey.Span.SequenceEqual(key.PublicKey.Span)))
        {
            return "the key stands there twice";
        }
        _witnesses.Add(new(name, key, url));
        return _witnesses.Count > MaxOfEach ? $"more than {MaxOfEach} witnesses" : Define(name);
    }

    private string? Group(string name, string threshold, string[] members)
    {
        foreach (var member in members)
        {
            if (!_names.Contains(member))
            {
                return $"{member} is not defined before it";
            }
            // Otherwise one witness could count twice.
            if (!_members.Add(member))
            {
                return $"{member} is a member of a group already";
            }
        }
        var number = threshold switch
        {
            "all" => members.Length,
            "any" => 1,
            _ => Checkpoint.TryParseNumber(threshold, out var k) && k >= 1 && k <= members.Length ? (int)k : 0,
        };
        if (number == 0)
        {
            return $"{threshold} of {members.Length} is no threshold";
        }
        _groups.Add(new(name, number, members));
        return _groups.Count > MaxOfEach ? $"more than {MaxOfEach} groups" : Define(name);
    }

    private string? Quorum(string name)
    {
        if (_quorum is not null)
        {
            return "there is a quorum already";
        }
        _quorum = name;
        return name == None || _names.Contains(name) ? null : $"{name} is not defined before it";
    }

    private string? Define(string name) => name == None || !_names.Add(name) ? $"the name {name} is taken" : null;
}
