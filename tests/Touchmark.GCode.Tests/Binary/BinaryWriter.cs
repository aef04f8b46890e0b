using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Touchmark.GCode.Tests.Binary;

/// <summary>How a block of binary G-code is packed.</summary>
public enum Packing
{
    None,
    Deflate,
    Heatshrink11,
    Heatshrink12,
}

/// <summary>Writes binary G-code for the tests: the specification of libbgcode the other way round.</summary>
internal sealed class BinaryWriter(bool checksums = true)
{
    private readonly List<byte> _file = [.. Header(version: 1, checksums ? 1 : 0)];

    public static byte[] Header(uint version, int checksum)
    {
        byte[] header = [.. "GCDE"u8, 0, 0, 0, 0, (byte)checksum, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), version);
        return header;
    }

    public byte[] Finish() => [.. _file];

    /// <summary>A file with one of everything.</summary>
    public static byte[] Everything(string gcode, Packing packing = Packing.None, int encoding = 0, bool checksums = true) => new BinaryWriter(checksums)
        .Metadata(0, "Producer=PrusaSlicer 2.8.1\nProduced on=2026-11-21 at 12:00:00 UTC\n", packing)
        .Metadata(3, "printer_model=MK4S\nfilament_type=PLA\n", packing)
        .Picture(2, 16, 12, [.. "qoif"u8, .. new byte[200]])
        .Metadata(4, "filament used [mm]=1300.5\nestimated printing time (normal mode)=1m 5s\n", packing)
        .Metadata(2, "layer_height=0.2\nfirst_layer_height=0.3\n", packing)
        .GCode(gcode, packing, encoding)
        .Finish();

    public BinaryWriter Metadata(int type, string ini, Packing packing = Packing.None) => Block(type, [0, 0], Encoding.UTF8.GetBytes(ini), packing);

    public BinaryWriter Picture(int format, int width, int height, byte[] image) =>
        Block(5, [(byte)format, 0, (byte)width, (byte)(width >> 8), (byte)height, (byte)(height >> 8)], image, Packing.None);

    /// <summary>G-code in blocks of a few lines.</summary>
    public BinaryWriter GCode(string gcode, Packing packing, int encoding)
    {
        foreach (string[] lines in gcode.Split('\n', StringSplitOptions.RemoveEmptyEntries).Chunk(50))
        {
            string text = string.Concat(lines.Select(static line => line + "\n"));
            Block(1, [(byte)encoding, 0], encoding == 0 ? Encoding.UTF8.GetBytes(text) : Pack(text, comments: encoding == 2), packing);
        }

        return this;
    }

    public BinaryWriter Block(int type, byte[] parameters, byte[] content, Packing packing, uint? claimed = null)
    {
        byte[] packed = packing switch
        {
            Packing.Deflate => Deflate(content),
            Packing.Heatshrink11 => Shrink(content, 11),
            Packing.Heatshrink12 => Shrink(content, 12),
            _ => content,
        };
        byte[] block = [(byte)type, 0, (byte)packing, 0, .. Little(claimed ?? (uint)content.Length), .. packing == Packing.None ? [] : Little((uint)packed.Length), .. parameters, .. packed];
        _file.AddRange(block);
        if (checksums)
        {
            _file.AddRange(Little(Crc(block)));
        }

        return this;
    }

    private static byte[] Little(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    /// <summary>Bit by bit, so that it shares no table with the reader.</summary>
    private static uint Crc(byte[] data)
    {
        uint crc = ~0u;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xedb88320 * (crc & 1));
            }
        }

        return ~crc;
    }

    private static byte[] Deflate(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(content);
        }

        return packed.ToArray();
    }

    /// <summary>Copies the longest of the nearest matches, or writes the byte itself.</summary>
    private static byte[] Shrink(byte[] content, int window)
    {
        var bits = new List<bool>();
        for (int at = 0; at < content.Length;)
        {
            (int distance, int length) = (0, 0);
            for (int back = 1; back <= Math.Min(at, 1 << window) && length < 16; back++)
            {
                int same = 0;
                while (same < 16 && at + same < content.Length && content[at + same - back] == content[at + same])
                {
                    same++;
                }

                (distance, length) = same > length ? (back, same) : (distance, length);
            }

            if (length >= 3)
            {
                Put(0, 1);
                Put(distance - 1, window);
                Put(length - 1, 4);
                at += length;
            }
            else
            {
                Put(1, 1);
                Put(content[at++], 8);
            }
        }

        return [.. bits.Chunk(8).Select(static eight => (byte)eight.Select(static (bit, i) => bit ? 128 >> i : 0).Sum())];

        void Put(int value, int count)
        {
            for (int bit = count - 1; bit >= 0; bit--)
            {
                bits.Add(((value >> bit) & 1) == 1);
            }
        }
    }

    /// <summary>MeatPack without blanks in G lines, as PrusaSlicer writes it.</summary>
    private static byte[] Pack(string text, bool comments)
    {
        const string characters = "0123456789.E\nGX";
        var packed = new List<byte> { 255, 255, 251, 255, 255, 247 };
        bool packing = true;
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] == ';')
            {
                if (comments)
                {
                    packed.AddRange(packing ? [255, 255, 250] : []);
                    packed.AddRange(Encoding.UTF8.GetBytes(line + "\n"));
                    packing = false;
                }

                continue;
            }

            packed.AddRange(packing ? [] : [255, 255, 251]);
            packing = true;
            string whole = (line[0] == 'G' ? line.Replace(" ", "", StringComparison.Ordinal) : line) + "\n";
            for (int i = 0; i < whole.Length; i += 2)
            {
                char second = i + 1 < whole.Length ? whole[i + 1] : '\n';
                int low = characters.IndexOf(whole[i], StringComparison.Ordinal), high = characters.IndexOf(second, StringComparison.Ordinal);
                packed.Add((byte)((low < 0 ? 15 : low) | ((high < 0 ? 15 : high) << 4)));
                packed.AddRange(low < 0 ? [(byte)whole[i]] : []);
                packed.AddRange(high < 0 ? [(byte)second] : []);
            }
        }

        return [.. packed];
    }
}
