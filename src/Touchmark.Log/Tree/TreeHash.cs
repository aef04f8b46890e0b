using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Touchmark.Log.Tree;

/// <summary>A hash of the Merkle tree of RFC 6962, section 2.1: SHA-256, 32 bytes.</summary>
public readonly record struct TreeHash
{
    /// <summary>Bytes.</summary>
    public const int Size = 32;

    private const byte LeafPrefix = 0;
    private const byte NodePrefix = 1;

    private readonly ulong _0, _1, _2, _3;

    /// <param name="bytes">Exactly 32.</param>
    public TreeHash(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"Must be {Size} bytes, is {bytes.Length}.", nameof(bytes));
        }
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        (_0, _1, _2, _3) = (words[0], words[1], words[2], words[3]);
    }

    /// <summary>The root of the tree without leaves: the hash of nothing.</summary>
    public static TreeHash EmptyRoot { get; } = new(SHA256.HashData([]));

    /// <summary>SHA-256(00 || entry).</summary>
    public static TreeHash OfLeaf(ReadOnlySpan<byte> entry)
    {
        var rented = entry.Length < 1024 ? null : ArrayPool<byte>.Shared.Rent(entry.Length + 1);
        var input = rented is null ? stackalloc byte[1024] : rented;
        input[0] = LeafPrefix;
        entry.CopyTo(input[1..]);
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(input[..(entry.Length + 1)], hash);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
        return new(hash);
    }

    /// <summary>SHA-256(01 || left || right).</summary>
    public static TreeHash OfNode(TreeHash left, TreeHash right)
    {
        Span<byte> input = stackalloc byte[1 + (2 * Size)];
        input[0] = NodePrefix;
        left.CopyTo(input[1..]);
        right.CopyTo(input[(1 + Size)..]);
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(input, hash);
        return new(hash);
    }

    /// <summary>Reads standard base64 of 32 bytes, in its one canonical spelling.</summary>
    public static bool TryParse(ReadOnlySpan<char> base64, out TreeHash hash)
    {
        Span<byte> bytes = stackalloc byte[Size];
        var read = StrictBase64.TryDecode(base64, bytes, out var length) && length == Size;
        hash = read ? new(bytes) : default;
        return read;
    }

    public void CopyTo(Span<byte> destination)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(destination[..Size]);
        (words[0], words[1], words[2], words[3]) = (_0, _1, _2, _3);
    }

    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>Standard base64, as checkpoints and proofs write it.</summary>
    public override string ToString() => Convert.ToBase64String(ToArray());
}

/// <summary>Standard base64 (RFC 4648, section 4) without a second spelling for anything: no white space, no missing padding, no stray bits.</summary>
internal static class StrictBase64
{
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> bytes, out int length)
    {
        if (!Convert.TryFromBase64Chars(text, bytes, out length) || text.Length != (length + 2) / 3 * 4)
        {
            return false;
        }
        // The bits behind the last byte have to be zero: the last group alone can tell, and encoding it again shows.
        var rest = length % 3;
        if (rest == 0)
        {
            return true;
        }
        Span<char> last = stackalloc char[4];
        return Convert.TryToBase64Chars(bytes[(length - rest)..length], last, out _) && last.SequenceEqual(text[^4..]);
    }

    public static bool TryDecode(ReadOnlySpan<char> text, [NotNullWhen(true)] out byte[]? bytes)
    {
        var buffer = new byte[text.Length / 4 * 3];
        bytes = TryDecode(text, buffer, out var length) ? buffer[..length] : null;
        return bytes is not null;
    }
}
