using System.Buffers;

namespace Touchmark.GCode.Binary;

/// <summary>
/// Unpacks MeatPack (github.com/scottmudge/OctoPrint-MeatPack): two characters of the fifteen that G-code is made of in each byte, the lower half first; a half of ones says that a whole character
/// follows. Commands (after two bytes 0xff) switch packing on and off, and E in the place of the blank. As libbgcode does it, blanks that were left out come back before the words of G lines, and
/// empty lines are left out.
/// </summary>
internal sealed class MeatPack(IBufferWriter<byte> output)
{
    private const byte Signal = 0xff;
    private const int Whole = 0b1111;
    private const int Space = 0b1011;

    private static readonly SearchValues<byte> Words = SearchValues.Create("XYZEFIJRSGPWHCA"u8);

    private bool _packing;
    private bool _noSpaces;
    private bool _command;
    private int _signals;
    private int _whole;
    private byte _waiting;
    private byte _previous = (byte)'\n';
    private bool _gLine;

    /// <summary>Any bytes give some text, of at most four times their length.</summary>
    public static void Unpack(ReadOnlySpan<byte> packed, IBufferWriter<byte> text)
    {
        var unpacking = new MeatPack(text);
        foreach (byte value in packed)
        {
            unpacking.Take(value);
        }
    }

    private static ReadOnlySpan<byte> Characters => "0123456789. \nGX"u8;

    private void Take(byte value)
    {
        if (value == Signal)
        {
            _command |= _signals > 0;
            _signals ^= 1;
        }
        else if (_command)
        {
            _command = false;
            Command(value);
        }
        else
        {
            if (_signals > 0)
            {
                _signals = 0;
                Character(Signal);
            }

            Character(value);
        }
    }

    private void Command(byte command)
    {
        switch (command)
        {
            case 251:
                _packing = true;
                break;
            case 250 or 249:
                _packing = false;
                break;
            case 247:
                _noSpaces = true;
                break;
            case 246:
                _noSpaces = false;
                break;
        }
    }

    private void Character(byte value)
    {
        if (!_packing)
        {
            Write(value);
        }
        else if (_whole > 0)
        {
            _whole--;
            Write(value);
            if (_waiting != 0)
            {
                Write(_waiting);
                _waiting = 0;
            }
        }
        else
        {
            Pair(value & 0xf, value >> 4);
        }
    }

    private void Pair(int first, int second)
    {
        if (first == Whole)
        {
            (_whole, _waiting) = second == Whole ? (2, (byte)0) : (1, Decode(second));
            return;
        }

        byte character = Decode(first);
        Write(character);
        // What stands beside a line's end was put there to fill the byte.
        if (character == '\n')
        {
            return;
        }

        if (second == Whole)
        {
            _whole = 1;
        }
        else
        {
            Write(Decode(second));
        }
    }

    private byte Decode(int half) => half == Space && _noSpaces ? (byte)'E' : Characters[half];

    private void Write(byte character)
    {
        bool begins = _previous == '\n';
        if (begins && character == '\n')
        {
            return;
        }

        _gLine = begins ? character == 'G' : _gLine;
        if (!begins && _gLine && _previous != ' ' && Words.Contains(character))
        {
            Put((byte)' ');
        }

        Put(character);
        _previous = character;
    }

    private void Put(byte character)
    {
        output.GetSpan(1)[0] = character;
        output.Advance(1);
    }
}
