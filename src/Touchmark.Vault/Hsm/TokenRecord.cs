using System.Buffers.Binary;
using System.Security.Cryptography;
using Touchmark.Cryptography.Pkcs11;

namespace Touchmark.Vault.Hsm;

/// <summary>What a record holds.</summary>
/// <param name="Sequence">From 1, one more with each write; 0 for nothing yet.</param>
/// <param name="Content">Empty for nothing yet.</param>
internal readonly record struct RecordVersion(long Sequence, byte[] Content)
{
    public bool IsNewerThan(RecordVersion other) =>
        Sequence != other.Sequence ? Sequence > other.Sequence : Content.AsSpan().SequenceCompareTo(other.Content) > 0;

    public bool Is(RecordVersion other) => Sequence == other.Sequence && Content.AsSpan().SequenceEqual(other.Content);
}

/// <summary>
/// A few bytes in the token that are replaced without ever being away, and that nobody who comes late puts back: each version is a data object of its own with a
/// sequence number, made before the older ones are destroyed. Of two with one number the greater content counts, whoever looks. An object that a crash has torn
/// is none. Layout: version 1 | i64 big-endian sequence | content | first 8 bytes of the SHA-256 of all that.
/// <para>As long as the object that was last read or written is there and unchanged, it is asked for by its handle: a search may cost a look at each object of the token.</para>
/// </summary>
/// <remarks>One thread at a time.</remarks>
internal sealed class TokenRecord(Token token, string label)
{
    private const byte Format = 1;
    private const int HeadSize = 1 + sizeof(long);
    private const int DigestSize = 8;

    private Known? _known;

    /// <exception cref="TokenLiedException">There is something, and all of it is damaged.</exception>
    public RecordVersion Read()
    {
        if (_known is { } known && token.ReadData(known.Item).AsSpan().SequenceEqual(known.Bytes))
        {
            return known.Version;
        }
        _known = null;
        var objects = token.FindData(label);
        var newest = Newest([.. objects.Select(found => found.Value)]);
        // With others beside it, the next write is to find and remove them.
        if (newest.Sequence > 0 && objects is [var (item, bytes)])
        {
            _known = new(item, bytes, newest);
        }
        return newest;
    }

    /// <summary>Writes what follows the version that was read, looks whether it counts, and removes what came before.</summary>
    /// <exception cref="TokenLiedException">The token did not write what it said that it wrote, or somebody else was faster.</exception>
    public void Write(RecordVersion before, ReadOnlySpan<byte> content)
    {
        var version = new RecordVersion(before.Sequence + 1, content.ToArray());
        var bytes = Serialise(version);
        var older = _known;
        _known = null;
        var item = token.CreateData(label, bytes);
        if (older is not null && older.Version.Is(before) && token.ReadData(item).AsSpan().SequenceEqual(bytes))
        {
            token.DestroyData(older.Item);
            _known = new(item, bytes, version);
            return;
        }
        token.DestroyData(label, objects => Newest(objects).Is(version)
            ? item => !TryParse(item, out var other) || version.IsNewerThan(other)
            : throw new TokenLiedException($"The token says that it wrote '{label}', and what it holds is something else."));
    }

    private RecordVersion Newest(IReadOnlyList<byte[]> objects)
    {
        var newest = new RecordVersion(0, []);
        foreach (var item in objects)
        {
            if (TryParse(item, out var version) && version.IsNewerThan(newest))
            {
                newest = version;
            }
        }
        return newest.Sequence > 0 || objects.Count == 0 ? newest : throw new TokenLiedException($"What the token holds as '{label}' is damaged.");
    }

    private static byte[] Serialise(RecordVersion version)
    {
        var item = new byte[HeadSize + version.Content.Length + DigestSize];
        item[0] = Format;
        BinaryPrimitives.WriteInt64BigEndian(item.AsSpan(1), version.Sequence);
        version.Content.CopyTo(item, HeadSize);
        Digest(item).CopyTo(item.AsSpan(item.Length - DigestSize));
        return item;
    }

    private static bool TryParse(byte[] item, out RecordVersion version)
    {
        var whole = item is [Format, ..] && item.Length >= HeadSize + DigestSize && Digest(item).SequenceEqual(item.AsSpan(item.Length - DigestSize));
        version = whole ? new(BinaryPrimitives.ReadInt64BigEndian(item.AsSpan(1)), item[HeadSize..^DigestSize]) : default;
        return whole;
    }

    private static ReadOnlySpan<byte> Digest(byte[] item) => SHA256.HashData(item.AsSpan(0, item.Length - DigestSize)).AsSpan(0, DigestSize);

    /// <summary>The object in which a version was last seen.</summary>
    private sealed record Known(TokenItem Item, byte[] Bytes, RecordVersion Version);
}
