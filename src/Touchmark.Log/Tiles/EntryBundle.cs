using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Touchmark.Log.Tiles;

/// <summary>An entry bundle: up to 256 entries, each behind its length as u16 big-endian (C2SP tlog-tiles).</summary>
public static class EntryBundle
{
    /// <summary>The largest entry, bytes.</summary>
    public const int MaxEntrySize = ushort.MaxValue;

    private const int LengthSize = sizeof(ushort);

    /// <exception cref="ArgumentException">An entry is too large.</exception>
    public static byte[] Encode(IEnumerable<ReadOnlyMemory<byte>> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        using var bundle = new MemoryStream();
        foreach (var entry in entries)
        {
            Append(bundle, entry.Span);
        }
        return bundle.ToArray();
    }

    /// <summary>False unless the bytes are exactly <paramref name="width"/> entries. The entries are views of the bytes.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> bundle, int width, [NotNullWhen(true)] out IReadOnlyList<ReadOnlyMemory<byte>>? entries)
    {
        entries = null;
        if (width is < 1 or > TileId.FullWidth)
        {
            return false;
        }
        var found = new ReadOnlyMemory<byte>[width];
        for (var i = 0; i < width; i++)
        {
            if (bundle.Length < LengthSize || bundle.Length - LengthSize < BinaryPrimitives.ReadUInt16BigEndian(bundle.Span))
            {
                return false;
            }
            var length = BinaryPrimitives.ReadUInt16BigEndian(bundle.Span);
            found[i] = bundle.Slice(LengthSize, length);
            bundle = bundle[(LengthSize + length)..];
        }
        entries = bundle.IsEmpty ? found : null;
        return entries is not null;
    }

    internal static void Append(MemoryStream bundle, ReadOnlySpan<byte> entry)
    {
        if (entry.Length > MaxEntrySize)
        {
            throw new ArgumentException($"An entry has at most {MaxEntrySize} bytes, this one has {entry.Length}.", nameof(entry));
        }
        Span<byte> length = stackalloc byte[LengthSize];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)entry.Length);
        bundle.Write(length);
        bundle.Write(entry);
    }
}
