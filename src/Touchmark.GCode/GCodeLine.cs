using System.Buffers.Text;

namespace Touchmark.GCode;

public enum GCodeLineKind
{
    /// <summary>Not a command (begins with <c>?</c>).</summary>
    Malformed,

    /// <summary>A letter, a number and words: <c>G1 X10 E.5</c>.</summary>
    Classic,

    /// <summary>M117 or M118 and a text.</summary>
    Message,

    /// <summary>A name and KEY=value parameters: <c>SET_VELOCITY_LIMIT ACCEL=3000</c>.</summary>
    Extended,
}

/// <summary>A view of one line in canonical form. Nothing is copied.</summary>
public readonly ref struct GCodeLine
{
    /// <param name="canonical">One canonical line without its line feed; anything else is seen as malformed.</param>
    public GCodeLine(ReadOnlySpan<byte> canonical)
    {
        Text = canonical;
        int space = canonical.IndexOf((byte)' ');
        Name = space < 0 ? canonical : canonical[..space];
        Arguments = space < 0 ? [] : canonical[(space + 1)..];
        if (Name.Length > 1 && char.IsAsciiDigit((char)Name[1]) && char.IsAsciiLetterUpper((char)Name[0]))
        {
            Letter = Name[0];
            if (Utf8Parser.TryParse(Name[1..], out int number, out int used) && used == Name.Length - 1)
            {
                Number = number;
            }

            Kind = Letter == 'M' && Number is 117 or 118 ? GCodeLineKind.Message : GCodeLineKind.Classic;
        }
        else if (Name.Length > 1 && (char.IsAsciiLetterUpper((char)Name[0]) || Name[0] == '_'))
        {
            Kind = GCodeLineKind.Extended;
        }
    }

    public ReadOnlySpan<byte> Text { get; }

    public GCodeLineKind Kind { get; }

    /// <summary>The command as it is written: <c>G1</c>, <c>SET_VELOCITY_LIMIT</c>.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>All behind the command.</summary>
    public ReadOnlySpan<byte> Arguments { get; }

    /// <summary>Letter of a classic command, else 0.</summary>
    public byte Letter { get; }

    /// <summary>Number of a classic command; -1 where it is not a whole number.</summary>
    public int Number { get; } = -1;

    /// <summary>Whether this is the classic command <paramref name="letter"/><paramref name="number"/>.</summary>
    public bool Is(char letter, int number) => Letter == letter && Number == number;

    /// <summary>The words of a classic command.</summary>
    public WordEnumerator Words => new(Kind == GCodeLineKind.Classic ? Arguments : []);

    /// <summary>The parameters of an extended command.</summary>
    public ParameterEnumerator Parameters => new(Kind == GCodeLineKind.Extended ? Arguments : []);

    /// <summary>The value of a word; false where it is absent or is a flag.</summary>
    public bool TryGet(char letter, out double value)
    {
        foreach (GCodeWord word in Words)
        {
            if (word.Letter == letter && word.HasValue)
            {
                value = word.Value;
                return true;
            }
        }

        value = 0;
        return false;
    }

    /// <summary>The numeric value of a parameter; false where it is absent or is not a number.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, out double value)
    {
        foreach (GCodeParameter parameter in Parameters)
        {
            if (parameter.Key.SequenceEqual(key))
            {
                return GCodeNumber.TryParse(parameter.Value, out value);
            }
        }

        value = 0;
        return false;
    }
}

/// <summary>A letter and, unless it is a flag, a number.</summary>
public readonly record struct GCodeWord(char Letter, double Value, bool HasValue, bool WellFormed = true);

public ref struct WordEnumerator(ReadOnlySpan<byte> arguments)
{
    private ReadOnlySpan<byte> _rest = arguments;

    public GCodeWord Current { get; private set; }

    public readonly WordEnumerator GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        int end = _rest.IndexOf((byte)' ');
        ReadOnlySpan<byte> word = end < 0 ? _rest : _rest[..end];
        _rest = end < 0 ? [] : _rest[(end + 1)..];
        if (word.IsEmpty || !char.IsAsciiLetterUpper((char)word[0]))
        {
            Current = new GCodeWord('?', 0, HasValue: false, WellFormed: false);
        }
        else if (word.Length == 1)
        {
            Current = new GCodeWord((char)word[0], 0, HasValue: false);
        }
        else
        {
            bool good = GCodeNumber.TryParse(word[1..], out double value);
            Current = new GCodeWord((char)word[0], value, good, good);
        }

        return true;
    }
}

/// <summary>One KEY=value; the value as it is written, quotes included. Without an equals sign all of it is the key.</summary>
public readonly ref struct GCodeParameter(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool hasValue)
{
    public ReadOnlySpan<byte> Key { get; } = key;

    public ReadOnlySpan<byte> Value { get; } = value;

    public bool HasValue { get; } = hasValue;
}

public ref struct ParameterEnumerator(ReadOnlySpan<byte> arguments)
{
    private ReadOnlySpan<byte> _rest = arguments;

    public GCodeParameter Current { get; private set; }

    public readonly ParameterEnumerator GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        int end = 0;
        byte quote = 0;
        while (end < _rest.Length && (quote != 0 || _rest[end] != ' '))
        {
            byte c = _rest[end++];
            quote = quote != 0 ? (c == quote ? (byte)0 : quote) : (c is (byte)'"' or (byte)'\'' ? c : (byte)0);
        }

        ReadOnlySpan<byte> item = _rest[..end];
        _rest = end < _rest.Length ? _rest[(end + 1)..] : [];
        int equals = item.IndexOf((byte)'=');
        Current = equals < 0 ? new GCodeParameter(item, [], hasValue: false) : new GCodeParameter(item[..equals], item[(equals + 1)..], hasValue: true);
        return true;
    }
}
