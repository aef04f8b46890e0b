using System.Buffers.Binary;
using System.Security.Cryptography;
using Touchmark.Cryptography.Pkcs11;

namespace Touchmark.Vault.Hsm;

/// <summary>
/// A few bytes in the token that are replaced without ever being away: two data objects in turn, each with a sequence number and a digest. A write that a crash
/// tears leaves the value before it. Layout: version 1 | i64 big-endian sequence | content | first 8 bytes of the SHA-256 of all that.
/// </summary>
internal sealed class TokenRecord(Token token, string label)
{
    private const byte Version = 1;
    private const int HeadSize = 1 + sizeof(long);
    private const int DigestSize = 8;

    /// <summary>The content; null when nothing was ever written.</summary>
    /// <exception cref="TokenLiedException">There is something, and it is damaged.</exception>
    public byte[]? Read() => Newest()?.Content;

    /// <summary>Writes, reads back and compares.</summary>
    /// <exception cref="TokenLiedException">The token did not write what it said that it wrote.</exception>
    public void Write(ReadOnlySpan<byte> content)
    {
        var sequence = (Newest()?.Sequence ?? 0) + 1;
        var record = new byte[HeadSize + content.Length + DigestSize];
        record[0] = Version;
        BinaryPrimitives.WriteInt64BigEndian(record.AsSpan(1), sequence);
        content.CopyTo(record.AsSpan(HeadSize));
        SHA256.HashData(record.AsSpan(0, record.Length - DigestSize)).AsSpan(0, DigestSize).CopyTo(record.AsSpan(record.Length - DigestSize));
        token.WriteData(Slot(sequence % 2), record);
        if (Newest() is not { } written || written.Sequence != sequence || !written.Content.AsSpan().SequenceEqual(content))
        {
            throw new TokenLiedException($"The token says that it wrote '{label}', and it did not.");
        }
    }

    public void Destroy()
    {
        token.DestroyData(Slot(0));
        token.DestroyData(Slot(1));
    }

    private (long Sequence, byte[] Content)? Newest()
    {
        byte[]?[] slots = [token.ReadData(Slot(0)), token.ReadData(Slot(1))];
        (long Sequence, byte[] Content)? newest = null;
        foreach (var record in slots)
        {
            if (IsWhole(record) && BinaryPrimitives.ReadInt64BigEndian(record.AsSpan(1)) is var sequence && !(newest?.Sequence > sequence))
            {
                newest = (sequence, record![HeadSize..^DigestSize]);
            }
        }
        return newest is not null || slots.All(slot => slot is null) ? newest : throw new TokenLiedException($"What the token holds as '{label}' is damaged.");
    }

    private static bool IsWhole(byte[]? record) => record is [Version, ..] && record.Length >= HeadSize + DigestSize
        && SHA256.HashData(record.AsSpan(0, record.Length - DigestSize)).AsSpan(0, DigestSize).SequenceEqual(record.AsSpan(record.Length - DigestSize));

    private string Slot(long number) => $"{label} {number}";
}
