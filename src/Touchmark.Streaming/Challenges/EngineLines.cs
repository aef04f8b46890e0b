using System.Globalization;
using System.Text.Unicode;
using Touchmark.GCode;

namespace Touchmark.Streaming;

/// <summary>The lines that the engine adds to a toolpath, in canonical form with their line feeds. What a toolpath has set is never put in a string.</summary>
internal static class EngineLines
{
    /// <param name="factor">1 for 100 %; in steps of 0.001.</param>
    public static byte[] Speed(double factor)
    {
        Span<byte> text = stackalloc byte[64];
        _ = Utf8.TryWrite(text, CultureInfo.InvariantCulture, $"M220 S{factor * 100:0.#}\n", out int length);
        return Canonical(text[..length]);
    }

    /// <param name="value">0 to 255. Every digit is kept: it may be the toolpath's own value that is put back.</param>
    public static byte[] Fan(double value)
    {
        Span<byte> text = stackalloc byte[64];
        _ = Utf8.TryWrite(text, CultureInfo.InvariantCulture, $"M106 S{value:0.###############}\n", out int length);
        return Canonical(text[..length]);
    }

    public static byte[] Nozzle(double celsius)
    {
        Span<byte> text = stackalloc byte[64];
        _ = Utf8.TryWrite(text, CultureInfo.InvariantCulture, $"M104 S{celsius:0.##}\n", out int length);
        return Canonical(text[..length]);
    }

    public static byte[] Bed(double celsius)
    {
        Span<byte> text = stackalloc byte[64];
        _ = Utf8.TryWrite(text, CultureInfo.InvariantCulture, $"M140 S{celsius:0.##}\n", out int length);
        return Canonical(text[..length]);
    }

    /// <summary>Away and back in relative moves that are exact opposites, then coordinates and feed as they were. Without E: M82 and M83 do not matter.</summary>
    /// <param name="by">mm.</param>
    /// <param name="feed">Of the detour, mm/min.</param>
    /// <param name="back">Of the toolpath, mm/min.</param>
    /// <param name="absolute">Whether the toolpath is in absolute coordinates.</param>
    public static byte[] Detour(Position by, double feed, double back, bool absolute)
    {
        Span<byte> text = stackalloc byte[256];
        _ = Utf8.TryWrite(text, CultureInfo.InvariantCulture,
            $"G91\nG1 X{by.X:0.###} Y{by.Y:0.###} Z{by.Z:0.###} F{feed:0.###}\nG1 X{-by.X:0.###} Y{-by.Y:0.###} Z{-by.Z:0.###}\n{(absolute ? "G90" : "G91")}\nG1 F{back:0.###############}\n",
            out int length);
        return Canonical(text[..length]);
    }

    private static byte[] Canonical(ReadOnlySpan<byte> text)
    {
        byte[] all = new byte[text.Length];
        byte[] one = new byte[GCodeText.MaxLineBytes];
        int length = 0;
        foreach (var range in text.TrimEnd((byte)'\n').Split((byte)'\n'))
        {
            int bytes = GCodeText.Canonicalise(text[range], one);
            one.AsSpan(0, bytes).CopyTo(all.AsSpan(length));
            length += bytes;
            all[length++] = (byte)'\n';
        }
        return all[..length];
    }
}
