using System.Xml;
using Touchmark.Engine.Storage;

namespace Touchmark.Engine.Designs;

/// <summary>
/// A file in a 3MF as it is unpacked: never longer than declared, and refused when 256 KiB go by without a '&lt;' where XML is read, which bounds every tag,
/// attribute and text that the XML reader would have to hold in one piece.
/// </summary>
internal sealed class UnpackedPart(Stream packed, long declared, bool isXml) : ForwardStream
{
    private const int LongestToken = 256 * 1024;

    private int sinceTag;

    /// <summary>True when exactly the declared bytes came out and nothing is left.</summary>
    public bool IsWhole => Passed == declared && packed.ReadByte() < 0;

    public override long Length => declared;

    public override int Read(Span<byte> buffer)
    {
        var read = packed.Read(buffer[..(int)Math.Min(buffer.Length, declared - Passed)]);
        Passed += read;
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
}
