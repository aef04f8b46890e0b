using System.Buffers.Binary;
using System.IO.Compression;

namespace Touchmark.Engine.Drawing;

/// <summary>Writes PNG files (ISO/IEC 15948): 8 bits of grey and 8 bits of opacity a pixel, which lies well on a light page and on a dark one.</summary>
internal static class Png
{
    public const string Type = "image/png";

    private const byte GreyWithAlpha = 4;

    /// <param name="pixels">Grey and opacity of each pixel, row by row from the top.</param>
    /// <param name="width">Pixels of a row.</param>
    public static byte[] Write(ReadOnlySpan<byte> pixels, int width)
    {
        var row = 2 * width;
        var height = pixels.Length / row;
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            for (; !pixels.IsEmpty; pixels = pixels[row..])
            {
                zlib.WriteByte(0);
                zlib.Write(pixels[..row]);
            }
        }

        Span<byte> header = stackalloc byte[13];
        header.Clear();
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        (header[8], header[9]) = (8, GreyWithAlpha);
        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        WriteChunk(file, "IHDR"u8, header);
        WriteChunk(file, "IDAT"u8, packed.GetBuffer().AsSpan(0, (int)packed.Length));
        WriteChunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static void WriteChunk(Stream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(type);
        file.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~Crc(Crc(uint.MaxValue, type), data));
        file.Write(number);
    }

    /// <summary>CRC-32 as in ISO 3309, one bit after the other: pictures are small.</summary>
    private static uint Crc(uint crc, ReadOnlySpan<byte> data)
    {
        foreach (var b in data)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xEDB88320 & (uint)-(int)(crc & 1));
            }
        }

        return crc;
    }
}
