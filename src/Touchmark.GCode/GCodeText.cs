namespace Touchmark.GCode;

/// <summary>The canonical form of a line (spec/gcode.md, "Canonical form").</summary>
public static class GCodeText
{
    /// <summary>Longest canonical line in bytes, without its line feed.</summary>
    public const int MaxLineBytes = 4095;

    /// <summary>How much of a raw line is looked at; code that goes on beyond it is not executable.</summary>
    public const int MaxRawLineBytes = 16 * 1024;

    /// <summary>Begins a canonical line that is not a command: it stands for something malformed and is always refused.</summary>
    public const byte Malformed = (byte)'?';

    /// <summary>Writes the canonical form of one raw line, without line feed.</summary>
    /// <param name="raw">The line without its line feed.</param>
    /// <param name="destination">At least <see cref="MaxLineBytes"/> bytes.</param>
    /// <returns>Bytes written; 0 where the line holds no command.</returns>
    public static int Canonicalise(ReadOnlySpan<byte> raw, Span<byte> destination)
    {
        bool cut = raw.Length > MaxRawLineBytes;
        if (cut)
        {
            raw = raw[..MaxRawLineBytes];
        }

        int comment = raw.IndexOf((byte)';');
        ReadOnlySpan<byte> code = Trim(comment < 0 ? raw : raw[..comment]);
        if (code.IsEmpty && !(cut && comment < 0))
        {
            return 0;
        }

        var writer = new LineWriter(destination[..MaxLineBytes]);
        return (!cut || comment >= 0) && writer.TryCommand(code) ? writer.Length : writer.Opaque(code);
    }

    internal static bool IsSpace(byte c) => c is (byte)' ' or (byte)'\t' or (byte)'\r' or 11 or 12;

    internal static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        int start = 0;
        int end = text.Length;
        while (start < end && IsSpace(text[start]))
        {
            start++;
        }

        while (end > start && IsSpace(text[end - 1]))
        {
            end--;
        }

        return text[start..end];
    }

    /// <summary>The comment of a raw line, trimmed; empty where there is none.</summary>
    public static ReadOnlySpan<byte> Comment(ReadOnlySpan<byte> raw)
    {
        int at = raw.IndexOf((byte)';');
        return at < 0 ? [] : Trim(raw[(at + 1)..]);
    }
}
