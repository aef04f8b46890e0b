using Touchmark.Cryptography;
using Touchmark.GCode;
using Touchmark.Streaming.Files;

namespace Touchmark.Gateway.OnPrinter;

/// <summary>Makes the card of a file that has none of its own, from the comments in its text.</summary>
internal static class CardReader
{
    private const int Block = 256 * 1024;

    /// <summary>Passes over the whole text, in locked memory. A line longer than 256 KiB is no comment of a slicer and is left out.</summary>
    /// <exception cref="InvalidDataException">The file was altered meanwhile.</exception>
    public static async Task<GCodeCard> ReadAsync(Stream content, CancellationToken cancellationToken)
    {
        var comments = new ToolpathComments(pictures: true);
        using var text = new LockedBuffer(Block);
        var held = 0;
        var inLongLine = false;
        while (await content.ReadAsync(text.Memory[held..], cancellationToken) is var read and > 0)
        {
            held += read;
            var whole = text.Span[..held].LastIndexOf((byte)'\n') + 1;
            if (whole == 0)
            {
                inLongLine |= held == Block;
                held = inLongLine ? 0 : held;
                continue;
            }

            var begin = inLongLine ? text.Span.IndexOf((byte)'\n') + 1 : 0;
            comments.Read(text.Span[begin..whole]);
            inLongLine = false;
            text.Span[whole..held].CopyTo(text.Span);
            held -= whole;
        }

        comments.Read(inLongLine ? [] : text.Span[..held]);
        return GCodeCard.Of(comments.Metadata(), comments.Pictures);
    }
}
