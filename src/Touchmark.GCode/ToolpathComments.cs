namespace Touchmark.GCode;

/// <summary>What slicers say about a toolpath in its comments, gathered while whoever has the text passes over it: nothing else of the text is kept.</summary>
/// <param name="pictures">Whether the pictures are wanted.</param>
public sealed class ToolpathComments(bool pictures)
{
    private readonly CommentReader _reader = new(pictures ? new PictureReader() : null);

    /// <summary>Those that were asked for and are whole.</summary>
    public IReadOnlyList<ToolpathPicture> Pictures => _reader.Pictures;

    /// <summary>From the comments alone: nothing is measured, and no thumbnail is listed.</summary>
    public ToolpathMetadata Metadata() => _reader.Finish(new ToolpathMetadata()) with { Thumbnails = [] };

    /// <summary>Reads whole lines. Only those that are comments and nothing else count, which are those in which slicers write.</summary>
    public void Read(ReadOnlySpan<byte> lines)
    {
        while (!lines.IsEmpty)
        {
            if (lines[0] == ';')
            {
                int feed = lines.IndexOf((byte)'\n');
                _reader.Read(GCodeText.Trim(feed < 0 ? lines[1..] : lines[1..feed]), 0);
                lines = feed < 0 ? [] : lines[(feed + 1)..];
            }
            else
            {
                int next = lines.IndexOf("\n;"u8);
                lines = next < 0 ? [] : lines[(next + 1)..];
            }
        }
    }
}
