using System.Buffers;
using System.Buffers.Text;

namespace Touchmark.Cryptography;

/// <summary>
/// base64url (RFC 4648, section 5) with its padding and nothing else: no line feed, no blank, no other alphabet, and no bits in the last character that nobody reads. So a text and its bytes
/// determine each other.
/// </summary>
internal static class StrictBase64Url
{
    private static readonly SearchValues<byte> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"u8);

    /// <summary>Characters that encode <paramref name="bytes"/> bytes.</summary>
    internal static int LengthOf(int bytes) => (bytes + 2) / 3 * 4;

    internal static bool IsText(ReadOnlySpan<byte> text) => !text.TrimEnd((byte)'=').ContainsAnyExcept(Alphabet);

    /// <summary>Writes the text of <paramref name="bytes"/>, padded; returns its length.</summary>
    internal static int Encode(ReadOnlySpan<byte> bytes, Span<byte> text)
    {
        int written = Base64Url.EncodeToUtf8(bytes, text);
        while (written % 4 != 0)
            text[written++] = (byte)'=';
        return written;
    }

    /// <summary>False for anything but the text of some bytes.</summary>
    /// <param name="text">A whole text, or groups of four characters from one.</param>
    /// <param name="last">Whether its end is the text's: only there may padding be.</param>
    /// <param name="bytes">Takes the bytes.</param>
    /// <param name="written">How many they are.</param>
    internal static bool TryDecode(ReadOnlySpan<byte> text, bool last, Span<byte> bytes, out int written)
    {
        written = 0;
        if (text.Length % 4 != 0)
            return false;
        ReadOnlySpan<byte> plain = last ? text.TrimEnd((byte)'=') : text;
        if (text.Length - plain.Length > 2 || plain.ContainsAnyExcept(Alphabet))
            return false;
        if (Base64Url.DecodeFromUtf8(plain, bytes, out _, out written) != OperationStatus.Done)
            return false;
        // The last group's unused bits are zero exactly when it encodes to itself.
        int tail = written % 3;
        Span<byte> group = stackalloc byte[4];
        return tail == 0 || (Base64Url.TryEncodeToUtf8(bytes[(written - tail)..written], group, out int length) && plain.EndsWith(group[..length]));
    }
}
