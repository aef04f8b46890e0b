using System.Buffers.Text;

namespace Touchmark.GCode;

/// <summary>The checksum of a numbered line: all bytes before the star, exclusive-ored.</summary>
internal static class Checksum
{
    /// <summary>False where a line <c>N.. ...*..</c> carries a checksum that is not its own.</summary>
    public static bool Holds(ReadOnlySpan<byte> raw)
    {
        ReadOnlySpan<byte> line = GCodeText.Trim(raw);
        if (line.IsEmpty || (line[0] | 0x20) != 'n')
        {
            return true;
        }

        int comment = line.IndexOf((byte)';');
        line = comment < 0 ? line : line[..comment];
        int star = line.LastIndexOf((byte)'*');
        if (star < 0 || line.Length < 2 || !char.IsAsciiDigit((char)line[1]))
        {
            return true;
        }

        byte sum = 0;
        foreach (byte c in line[..star])
        {
            sum ^= c;
        }

        ReadOnlySpan<byte> given = GCodeText.Trim(line[(star + 1)..]);
        return Utf8Parser.TryParse(given, out byte expected, out int used) && used == given.Length && expected == sum;
    }
}
