using System.Text;

namespace Touchmark.VirtualPrinter;

/// <summary>Where a print's lines come from. Positions are bytes from the beginning.</summary>
internal abstract class PrintSource
{
    public abstract long Size { get; }

    /// <summary>Whether nothing follows there.</summary>
    public abstract bool IsOver(long position);

    /// <summary>The line at a position, without its line feed, and where the next one begins; null when there is none, or reading was ended on purpose.</summary>
    public abstract ValueTask<(string Line, long Next)?> LineAsync(long position);

    /// <summary>The line at the beginning of <paramref name="text"/>, and its length with the line feed.</summary>
    protected static (string Line, int Length) FirstLine(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOf((byte)'\n');
        return end < 0 ? (Encoding.UTF8.GetString(text), text.Length) : (Encoding.UTF8.GetString(text[..end]), end + 1);
    }
}

/// <summary>A file as it was uploaded.</summary>
internal sealed class PlainFile(byte[] content) : PrintSource
{
    public override long Size => content.Length;

    public override bool IsOver(long position) => position >= content.Length;

    public override ValueTask<(string Line, long Next)?> LineAsync(long position)
    {
        var (line, length) = FirstLine(content.AsSpan((int)position));
        return ValueTask.FromResult<(string, long)?>((line, position + length));
    }
}
