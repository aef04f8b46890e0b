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
        var bundle = default(GrowingBytes);
        foreach (var entry in entries)
        {
            bundle = Append(bundle, entry.Span);
        }
        return bundle.Memory.ToArray();
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

    /// <summary>The first entries of a bundle, as a bundle; null when it has fewer.</summary>
    internal static ReadOnlyMemory<byte>? First(ReadOnlyMemory<byte> bundle, int width)
    {
        var end = 0;
        for (var i = 0; i < width; i++)
        {
            if (bundle.Length - end < LengthSize)
            {
                return null;
            }
            end += LengthSize + BinaryPrimitives.ReadUInt16BigEndian(bundle.Span[end..]);
        }
        return end <= bundle.Length ? bundle[..end] : null;
    }

    internal static GrowingBytes Append(GrowingBytes bundle, ReadOnlySpan<byte> entry)
    {
        if (entry.Length > MaxEntrySize)
        {
            throw new ArgumentException($"An entry has at most {MaxEntrySize} bytes, this one has {entry.Length}.", nameof(entry));
        }
        Span<byte> length = stackalloc byte[LengthSize];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)entry.Length);
        return bundle.Append(length).Append(entry);
    }
}

/// <summary>Bytes that grow at their end without being copied each time. What was handed out stays as it is: whoever grows an older state gets a copy of it. Not for two threads at once.</summary>
internal readonly struct GrowingBytes
{
    private readonly Room? _room;
    private readonly int _length;

    private GrowingBytes(Room room, int length) => (_room, _length) = (room, length);

    public ReadOnlyMemory<byte> Memory => _room is null ? default : _room.Bytes.AsMemory(0, _length);

    public GrowingBytes Append(ReadOnlySpan<byte> more)
    {
        var length = _length + more.Length;
        var room = _room is { } mine && mine.Used == _length && length <= mine.Bytes.Length ? mine : new Room(Math.Max(4096, 2 * length));
        if (room != _room)
        {
            Memory.CopyTo(room.Bytes);
        }
        more.CopyTo(room.Bytes.AsSpan(_length));
        room.Used = length;
        return new(room, length);
    }

    private sealed class Room(int size)
    {
        public byte[] Bytes { get; } = new byte[size];

        public int Used { get; set; }
    }
}
