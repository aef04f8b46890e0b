using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Touchmark.Engine.Storage;

namespace Touchmark.Engine.Designs;

/// <summary>A file in a zip, as the directory declares it.</summary>
internal sealed record ZipEntry(string Name, int Method, long PackedBytes, long Bytes, long HeaderOffset);

/// <summary>
/// A strict reader of plain zip files (APPNOTE 6.3.3: stored and deflated, no encryption, no zip64, no spanning) that looks at the directory before it believes it:
/// bounded in entries and bytes, and no two entries may share a byte of the file, which is how zip bombs that fool ratio checks are made.
/// </summary>
internal static class ZipDirectory
{
    private const uint EndSignature = 0x06054b50;
    private const uint EntrySignature = 0x02014b50;
    private const uint LocalSignature = 0x04034b50;
    private const int EndBytes = 22;
    private const int EntryBytes = 46;
    private const int LocalBytes = 30;
    private const int MaximumDirectoryBytes = 1 << 20;

    public static bool IsZip(ReadOnlySpan<byte> head) => head.Length >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(head) == LocalSignature;

    /// <summary>The entries, or null and what is wrong.</summary>
    public static IReadOnlyList<ZipEntry>? Read(Stream file, out string problem)
    {
        var tail = new byte[(int)Math.Min(file.Length, EndBytes + ushort.MaxValue)];
        file.Position = file.Length - tail.Length;
        file.ReadExactly(tail);
        var at = FindEnd(tail);
        if (at < 0)
        {
            problem = "has no directory at its end";
            return null;
        }

        var end = tail.AsSpan(at);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(end[10..]);
        long size = BinaryPrimitives.ReadUInt32LittleEndian(end[12..]);
        long offset = BinaryPrimitives.ReadUInt32LittleEndian(end[16..]);
        var spanned = BinaryPrimitives.ReadUInt16LittleEndian(end[4..]) != 0 || BinaryPrimitives.ReadUInt16LittleEndian(end[8..]) != count;
        var directoryEnd = file.Length - tail.Length + at;
        if (spanned || count == ushort.MaxValue || offset + size != directoryEnd)
        {
            problem = "has a directory that does not fit the file";
            return null;
        }

        if (count > ModelLimits.ZipEntries || size > MaximumDirectoryBytes)
        {
            problem = $"has {count} files in a directory of {size} bytes; at most {ModelLimits.ZipEntries} files are accepted";
            return null;
        }

        var directory = new byte[size];
        file.Position = offset;
        file.ReadExactly(directory);
        return ReadEntries(directory, count, offset, out problem) is { } entries && AreApart(entries, offset, out problem) ? entries : null;
    }

    /// <summary>The content of an entry, unpacked as it is read; null when the entry's own header contradicts the directory.</summary>
    public static Stream? Open(Stream file, ZipEntry entry)
    {
        Span<byte> header = stackalloc byte[LocalBytes];
        file.Position = entry.HeaderOffset;
        if (file.ReadAtLeast(header, LocalBytes, throwOnEndOfStream: false) < LocalBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(header) != LocalSignature
            || BinaryPrimitives.ReadUInt16LittleEndian(header[8..]) != entry.Method)
        {
            return null;
        }

        var name = new byte[BinaryPrimitives.ReadUInt16LittleEndian(header[26..])];
        var extra = BinaryPrimitives.ReadUInt16LittleEndian(header[28..]);
        if (file.ReadAtLeast(name, name.Length, throwOnEndOfStream: false) < name.Length || Encoding.UTF8.GetString(name) != entry.Name)
        {
            return null;
        }

        var packed = new Section(file, entry.HeaderOffset + LocalBytes + name.Length + extra, entry.PackedBytes);
        return entry.Method == 0 ? packed : new DeflateStream(packed, CompressionMode.Decompress);
    }

    private static int FindEnd(ReadOnlySpan<byte> tail)
    {
        for (var at = tail.Length - EndBytes; at >= 0; at--)
        {
            var comment = at + EndBytes <= tail.Length ? BinaryPrimitives.ReadUInt16LittleEndian(tail[(at + 20)..]) : 0;
            if (BinaryPrimitives.ReadUInt32LittleEndian(tail[at..]) == EndSignature && at + EndBytes + comment == tail.Length)
            {
                return at;
            }
        }

        return -1;
    }

    private static List<ZipEntry>? ReadEntries(ReadOnlySpan<byte> directory, int count, long limit, out string problem)
    {
        var entries = new List<ZipEntry>(count);
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < count; i++)
        {
            if (directory.Length < EntryBytes || BinaryPrimitives.ReadUInt32LittleEndian(directory) != EntrySignature)
            {
                problem = "has a damaged directory";
                return null;
            }

            var flags = BinaryPrimitives.ReadUInt16LittleEndian(directory[8..]);
            var method = BinaryPrimitives.ReadUInt16LittleEndian(directory[10..]);
            long packed = BinaryPrimitives.ReadUInt32LittleEndian(directory[20..]);
            long unpacked = BinaryPrimitives.ReadUInt32LittleEndian(directory[24..]);
            var nameLength = BinaryPrimitives.ReadUInt16LittleEndian(directory[28..]);
            var length = EntryBytes + nameLength + BinaryPrimitives.ReadUInt16LittleEndian(directory[30..]) + BinaryPrimitives.ReadUInt16LittleEndian(directory[32..]);
            long header = BinaryPrimitives.ReadUInt32LittleEndian(directory[42..]);
            if (length > directory.Length || header >= limit || packed > limit)
            {
                problem = "has a damaged directory";
                return null;
            }

            var name = Encoding.UTF8.GetString(directory.Slice(EntryBytes, nameLength));
            if (!IsSafe(name) || !names.Add(name))
            {
                problem = "holds a file under a name that is unsafe or used twice";
                return null;
            }

            if ((flags & 1) != 0 || method is not (0 or 8))
            {
                problem = "holds a file that is encrypted or packed by something other than deflate";
                return null;
            }

            entries.Add(new ZipEntry(name, method, packed, unpacked, header));
            directory = directory[length..];
        }

        problem = directory.IsEmpty ? "" : "has more in its directory than it says";
        return directory.IsEmpty ? entries : null;
    }

    private static bool IsSafe(string name) =>
        name.Length is > 0 and <= 255 && name[0] != '/' && !name.Contains('\\', StringComparison.Ordinal) && !name.Contains(':', StringComparison.Ordinal)
        && !name.Any(char.IsControl) && !name.Split('/').Contains("..");

    private static bool AreApart(List<ZipEntry> entries, long directory, out string problem)
    {
        long free = 0;
        foreach (var entry in entries.OrderBy(entry => entry.HeaderOffset))
        {
            if (entry.HeaderOffset < free)
            {
                problem = "holds files that overlap";
                return false;
            }

            free = entry.HeaderOffset + LocalBytes + entry.Name.Length + entry.PackedBytes;
        }

        problem = free <= directory ? "" : "holds files that reach into its directory";
        return free <= directory;
    }

    /// <summary>A stretch of a seekable stream.</summary>
    private sealed class Section(Stream file, long start, long length) : ForwardStream
    {
        public override long Length => length;

        public override int Read(Span<byte> buffer)
        {
            file.Position = start + Passed;
            var read = file.Read(buffer[..(int)Math.Min(buffer.Length, length - Passed)]);
            Passed += read;
            return read;
        }
    }
}
