using System.Xml;

namespace Touchmark.Engine.Designs;

/// <summary>
/// A file in a 3MF as it is unpacked: never longer than declared, and refused when 256 KiB go by without a '&lt;' where XML is read, which bounds every tag,
/// attribute and text that the XML reader would have to hold in one piece.
/// </summary>
internal sealed class UnpackedPart(Stream packed, long declared, bool isXml) : Stream
{
    private const int LongestToken = 256 * 1024;

    private long position;
    private int sinceTag;

    /// <summary>True when exactly the declared bytes came out and nothing is left.</summary>
    public bool IsWhole => position == declared && packed.ReadByte() < 0;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => declared;

    public override long Position { get => position; set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        var read = packed.Read(buffer[..(int)Math.Min(buffer.Length, declared - position)]);
        position += read;
        if (isXml)
        {
            var tag = buffer[..read].LastIndexOf((byte)'<');
            sinceTag = tag < 0 ? sinceTag + read : read - tag;
            if (sinceTag > LongestToken)
            {
                throw new XmlException("A token is too long.");
            }
        }

        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
