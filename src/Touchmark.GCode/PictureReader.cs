using System.Buffers;
using System.Buffers.Text;

namespace Touchmark.GCode;

/// <summary>A picture that the slicer put into the comments.</summary>
/// <param name="Format"><c>png</c>, <c>jpg</c> or <c>qoi</c>.</param>
/// <param name="Width">Pixels, as the file states them.</param>
/// <param name="Height">Pixels, as the file states them.</param>
/// <param name="Image">A file that begins as those of its format do; nothing more was checked.</param>
public sealed record ToolpathPicture(string Format, int Width, int Height, byte[] Image)
{
    /// <summary>So many are kept of a file.</summary>
    public const int MaxCount = 32;

    /// <summary>Bytes of all pictures of a file together; those that do not fit are left out.</summary>
    public const int MaxBytes = 3 << 20;

    /// <summary>The format of an image, or null: by how files of each begin.</summary>
    public static string? FormatOf(ReadOnlySpan<byte> image) =>
        image is [0x89, (byte)'P', (byte)'N', (byte)'G', ..] ? "png" : image.StartsWith("qoif"u8) ? "qoi" : image is [0xff, 0xd8, 0xff, ..] ? "jpg" : null;
}

/// <summary>Collects the pictures in a file's comments: <c>thumbnail[_FORMAT] begin WxH length</c>, lines of base64, <c>thumbnail end</c>.</summary>
internal sealed class PictureReader
{
    private readonly List<ToolpathPicture> _pictures = [];
    private readonly ArrayBufferWriter<byte> _text = new();
    private ToolpathThumbnail? _open;
    private int _room = ToolpathPicture.MaxBytes;

    public IReadOnlyList<ToolpathPicture> Pictures => _pictures;

    /// <summary>A picture begins with the next comment.</summary>
    public void Begin(ToolpathThumbnail picture)
    {
        _text.ResetWrittenCount();
        _open = _pictures.Count < ToolpathPicture.MaxCount && picture.Characters / 4 * 3 <= _room ? picture : null;
    }

    /// <summary>Takes the next comment; false when it is no part of a picture.</summary>
    public bool Take(ReadOnlySpan<byte> comment)
    {
        if (_open is null)
        {
            return false;
        }

        if (comment.EndsWith(" end"u8))
        {
            End(_open);
            _open = null;
        }
        else if (_text.WrittenCount + comment.Length <= _open.Characters)
        {
            _text.Write(comment);
        }
        else
        {
            _open = null;
        }

        return true;
    }

    private void End(ToolpathThumbnail picture)
    {
        byte[] image = new byte[Base64.GetMaxDecodedFromUtf8Length(_text.WrittenCount)];
        if (_text.WrittenCount == picture.Characters && Base64.DecodeFromUtf8(_text.WrittenSpan, image, out _, out int length) == OperationStatus.Done
            && ToolpathPicture.FormatOf(image.AsSpan(0, length)) is { } format)
        {
            _pictures.Add(new ToolpathPicture(format, picture.Width, picture.Height, image[..length]));
            _room -= length;
        }
    }
}
