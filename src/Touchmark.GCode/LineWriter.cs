namespace Touchmark.GCode;

/// <summary>Writes one line in canonical form, a byte at a time. It defines the form.</summary>
internal ref struct LineWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;
    private int _length;
    private bool _full;

    public readonly int Length => _length;

    /// <summary>False where the code is not a command or does not fit; what was written then means nothing.</summary>
    public bool TryCommand(ReadOnlySpan<byte> code)
    {
        bool numbered = false;
        if (code.Length > 1 && (code[0] | 0x20) == 'n' && char.IsAsciiDigit((char)code[1]))
        {
            int end = 1;
            while (end < code.Length && char.IsAsciiDigit((char)code[end]))
            {
                end++;
            }

            code = GCodeText.Trim(code[end..]);
            numbered = true;
            if (code.Length > 1 && (code[0] | 0x20) == 'n' && char.IsAsciiDigit((char)code[1]))
            {
                return false;
            }
        }

        bool done = code.IsEmpty || (code[0] is (byte)'(' or (byte)'*' || IsClassic(code) ? Classic(code, numbered) : Extended(code, numbered));
        return done && !_full;
    }

    /// <summary>Keeps what is not a command, marked so that no printer can take it for one.</summary>
    public int Opaque(ReadOnlySpan<byte> code)
    {
        _length = 0;
        _full = false;
        Put(GCodeText.Malformed);
        Text(code.Length > 0 && code[0] == GCodeText.Malformed ? code[1..] : code);
        return _length;
    }

    private static bool IsClassic(ReadOnlySpan<byte> code)
    {
        if (!char.IsAsciiLetter((char)code[0]))
        {
            return false;
        }

        int next = 1;
        while (next < code.Length && GCodeText.IsSpace(code[next]))
        {
            next++;
        }

        return next < code.Length && (char.IsAsciiDigit((char)code[next]) || code[next] is (byte)'-' or (byte)'+' or (byte)'.');
    }

    private bool Classic(ReadOnlySpan<byte> code, bool numbered)
    {
        int at = 0;
        bool first = true;
        while (true)
        {
            while (at < code.Length && GCodeText.IsSpace(code[at]))
            {
                at++;
            }

            if (at == code.Length)
            {
                return true;
            }

            byte c = code[at];
            if (c == '(')
            {
                int close = code[at..].IndexOf((byte)')');
                at = close < 0 ? code.Length : at + close + 1;
                continue;
            }

            if (c == '*')
            {
                return IsChecksum(code[at..]);
            }

            if (!char.IsAsciiLetter((char)c))
            {
                return false;
            }

            // "X1e5" is an exponent to some readers and a word E to others.
            if (c == 'e' && at > 0 && char.IsAsciiDigit((char)code[at - 1]))
            {
                return false;
            }

            if (!first)
            {
                Put((byte)' ');
            }

            // Line numbers are gone by now: what "N 1" or "N+1" leaves would be read as one the next time.
            byte letter = (byte)(c & 0xDF);
            if (first && letter == 'N')
            {
                return false;
            }

            Put(letter);
            at++;
            int value = at;
            while (value < code.Length && GCodeText.IsSpace(code[value]))
            {
                value++;
            }

            int numberStart = _length;
            int end = Number(code, value);
            if (end < 0)
            {
                return false;
            }

            if (end == value)
            {
                // A letter is only a flag (G28 X) where it stands alone: the O of "Y1O" is a mistyped digit.
                if (first || !EndsWord(code, at) || !BeginsWord(code, at - 1))
                {
                    return false;
                }
            }
            else
            {
                at = end;
            }

            if (first && letter == 'M' && IsMessage(_destination[numberStart.._length]))
            {
                return Message(code[at..], numbered);
            }

            first = false;
        }
    }

    private static bool BeginsWord(ReadOnlySpan<byte> code, int at) => GCodeText.IsSpace(code[at - 1]) || code[at - 1] == ')';

    private static bool EndsWord(ReadOnlySpan<byte> code, int at) => at == code.Length || GCodeText.IsSpace(code[at]) || code[at] is (byte)'(' or (byte)'*';

    private static bool IsMessage(ReadOnlySpan<byte> number) => number.SequenceEqual("117"u8) || number.SequenceEqual("118"u8);

    private bool Message(ReadOnlySpan<byte> rest, bool numbered)
    {
        if (rest.Length > 0 && !GCodeText.IsSpace(rest[0]))
        {
            return false;
        }

        rest = GCodeText.Trim(numbered ? WithoutChecksum(rest) : rest);
        if (!rest.IsEmpty)
        {
            Put((byte)' ');
            Text(rest);
        }

        return true;
    }

    /// <summary>Writes the number at <paramref name="at"/> in its shortest form. Returns where it ends, <paramref name="at"/> where there is none, -1 where it is malformed.</summary>
    private int Number(ReadOnlySpan<byte> code, int at)
    {
        int start = at;
        bool negative = false;
        if (at < code.Length && code[at] is (byte)'-' or (byte)'+')
        {
            negative = code[at] == '-';
            at++;
        }

        int whole = at;
        while (at < code.Length && char.IsAsciiDigit((char)code[at]))
        {
            at++;
        }

        int wholeEnd = at;
        int fraction = at;
        if (at < code.Length && code[at] == '.')
        {
            fraction = ++at;
            while (at < code.Length && char.IsAsciiDigit((char)code[at]))
            {
                at++;
            }
        }

        if (at == start)
        {
            return start;
        }

        if (wholeEnd == whole && at == fraction)
        {
            return -1;
        }

        int fractionEnd = at;
        while (whole < wholeEnd && code[whole] == '0')
        {
            whole++;
        }

        while (fractionEnd > fraction && code[fractionEnd - 1] == '0')
        {
            fractionEnd--;
        }

        if (whole == wholeEnd && fraction == fractionEnd)
        {
            Put((byte)'0');
            return at;
        }

        if (negative)
        {
            Put((byte)'-');
        }

        Put(code[whole..wholeEnd]);
        if (fractionEnd > fraction)
        {
            Put((byte)'.');
            Put(code[fraction..fractionEnd]);
        }

        return at;
    }

    private bool Extended(ReadOnlySpan<byte> code, bool numbered)
    {
        if (numbered)
        {
            code = GCodeText.Trim(WithoutChecksum(code));
        }

        int end = 0;
        while (end < code.Length && IsNameByte(code[end]))
        {
            Put(Upper(code[end++]));
        }

        if (end < 2 || char.IsAsciiDigit((char)code[0]) || char.IsAsciiDigit((char)code[1]) || (end < code.Length && !GCodeText.IsSpace(code[end])))
        {
            return false;
        }

        ReadOnlySpan<byte> rest = GCodeText.Trim(code[end..]);
        while (!rest.IsEmpty)
        {
            Put((byte)' ');
            rest = GCodeText.Trim(Parameter(rest));
        }

        return true;
    }

    /// <summary>Writes one KEY=value, quotes included, and returns what follows it.</summary>
    private ReadOnlySpan<byte> Parameter(ReadOnlySpan<byte> text)
    {
        int at = 0;
        int key = 0;
        while (key < text.Length && !GCodeText.IsSpace(text[key]) && IsNameByte(Printable(text[key])))
        {
            key++;
        }

        if (key < text.Length && text[key] == '=')
        {
            while (at < key)
            {
                Put(Upper(Printable(text[at++])));
            }
        }

        byte quote = 0;
        for (; at < text.Length; at++)
        {
            byte c = text[at];
            if (GCodeText.IsSpace(c))
            {
                if (quote == 0)
                {
                    break;
                }

                c = (byte)' ';
            }
            else if (quote != 0)
            {
                quote = c == quote ? (byte)0 : quote;
            }
            else if (c is (byte)'"' or (byte)'\'')
            {
                quote = c;
            }

            Put(Printable(c));
        }

        return text[at..];
    }

    /// <summary>Text with each run of white space as one space.</summary>
    private void Text(ReadOnlySpan<byte> text)
    {
        text = GCodeText.Trim(text);
        bool space = false;
        foreach (byte c in text)
        {
            if (GCodeText.IsSpace(c))
            {
                space = true;
                continue;
            }

            if (space)
            {
                Put((byte)' ');
                space = false;
            }

            Put(Printable(c));
        }

        while (_length > 0 && _destination[_length - 1] == ' ')
        {
            _length--;
        }
    }

    private static ReadOnlySpan<byte> WithoutChecksum(ReadOnlySpan<byte> text)
    {
        int star = text.LastIndexOf((byte)'*');
        return star >= 0 && IsChecksum(text[star..]) ? text[..star] : text;
    }

    private static bool IsChecksum(ReadOnlySpan<byte> text)
    {
        text = GCodeText.Trim(text[1..]);
        return !text.IsEmpty && !text.ContainsAnyExceptInRange((byte)'0', (byte)'9');
    }

    internal static bool IsNameByte(byte c) => char.IsAsciiLetterOrDigit((char)c) || c == '_';

    private static byte Upper(byte c) => c is >= (byte)'a' and <= (byte)'z' ? (byte)(c & 0xDF) : c;

    private static byte Printable(byte c) => c is >= 0x20 and < 0x7F ? c : (byte)'_';

    private void Put(byte c)
    {
        if (_length < _destination.Length)
        {
            _destination[_length++] = c;
        }
        else
        {
            _full = true;
        }
    }

    private void Put(ReadOnlySpan<byte> text)
    {
        foreach (byte c in text)
        {
            Put(c);
        }
    }
}
