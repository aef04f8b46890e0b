using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Touchmark.Engine.Tests.Server;

/// <summary>A PNG of grey and opacity, read without the code that wrote it.</summary>
internal sealed record Picture(int Width, int Height, byte[] Pixels)
{
    public byte Opacity(int x, int y) => Pixels[(2 * ((y * Width) + x)) + 1];

    public byte Grey(int x, int y) => Pixels[2 * ((y * Width) + x)];

    public static Picture Read(ReadOnlySpan<byte> file)
    {
        Assert.True(file.StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]));
        var chunks = new List<(string Type, byte[] Data)>();
        for (file = file[8..]; !file.IsEmpty;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(file);
            chunks.Add((Encoding.ASCII.GetString(file.Slice(4, 4)), file.Slice(8, length).ToArray()));
            file = file[(length + 12)..];
        }

        Assert.Equal(["IHDR", "IDAT", "IEND"], chunks.Select(chunk => chunk.Type));
        var header = chunks[0].Data;
        var (width, height) = (BinaryPrimitives.ReadInt32BigEndian(header), BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(4)));
        Assert.Equal([8, 4, 0, 0, 0], header[8..]);
        using var plain = new MemoryStream();
        using (var zlib = new ZLibStream(new MemoryStream(chunks[1].Data), CompressionMode.Decompress))
        {
            zlib.CopyTo(plain);
        }

        Assert.Equal(height * ((2 * width) + 1), plain.Length);
        return new(width, height, [.. plain.ToArray().Chunk((2 * width) + 1).SelectMany(row => row[1..])]);
    }
}
