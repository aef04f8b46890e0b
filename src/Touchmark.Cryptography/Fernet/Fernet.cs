using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>What is wrong with a Fernet token.</summary>
public enum FernetProblem
{
    None,

    /// <summary>Not base64url as it should be, of another version, or of a length that no token has.</summary>
    Malformed,

    /// <summary>Older than the time to live that was asked for.</summary>
    Expired,

    /// <summary>Made later than it is now.</summary>
    FromTheFuture,

    /// <summary>Another key, or altered.</summary>
    NotAuthentic,

    /// <summary>Made by somebody who has the key, but not padded as it should be. Said only of what is authentic, so it tells an attacker nothing.</summary>
    Padding,
}

/// <summary>
/// Fernet tokens in memory (github.com/fernet/spec, version 0x80): AES-128-CBC, then HMAC-SHA-256 over all of it, as base64url. For messages that fit into memory several times over;
/// files are for <see cref="FernetFile"/>.
/// </summary>
public static class Fernet
{
    /// <summary>So far may the clock of who made a token be ahead.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(60);

    internal const byte Version = 0x80;
    internal const int BlockSize = 16;
    internal const int StartSize = 1 + sizeof(ulong);
    internal const int HeaderSize = StartSize + BlockSize;
    internal const int TagSize = 32;

    /// <summary>Characters that hold version and time.</summary>
    internal const int StartText = StartSize / 3 * 4;

    private const int MinSize = HeaderSize + BlockSize + TagSize;

    /// <summary>Makes a token of a message, with a fresh IV: its ASCII text.</summary>
    public static byte[] Encrypt(FernetKey key, ReadOnlySpan<byte> message, DateTimeOffset now)
    {
        Span<byte> iv = stackalloc byte[BlockSize];
        RandomNumberGenerator.Fill(iv);
        return Encrypt(key, message, now, iv);
    }

    /// <summary>Most bytes that the message of a token can have.</summary>
    /// <param name="tokenLength">Characters of the token.</param>
    public static int MaxMessageSize(int tokenLength) => Math.Max(0, (tokenLength / 4 * 3) - HeaderSize - TagSize);

    /// <summary>Opens a token. Nothing is written to <paramref name="message"/> unless all is right.</summary>
    /// <param name="key">The key that it was made with.</param>
    /// <param name="token">Its text, or anything else.</param>
    /// <param name="now">The time: a token that was made more than <see cref="ClockSkew"/> later is refused.</param>
    /// <param name="timeToLive">How old it may be; null for any age.</param>
    /// <param name="message">Takes the message; has room for <see cref="MaxMessageSize"/> bytes.</param>
    /// <param name="written">Bytes of the message.</param>
    public static FernetProblem TryDecrypt(FernetKey key, ReadOnlySpan<byte> token, DateTimeOffset now, TimeSpan? timeToLive, Span<byte> message, out int written)
    {
        ArgumentNullException.ThrowIfNull(key);
        written = 0;
        var bytes = new byte[token.Length / 4 * 3];
        if (!StrictBase64Url.TryDecode(token, last: true, bytes, out int length) || !IsSize(length) || bytes[0] != Version)
            return FernetProblem.Malformed;
        if (CheckTime(bytes, now, timeToLive) is var late and not FernetProblem.None)
            return late;
        Span<byte> signed = bytes.AsSpan(0, length - TagSize);
        if (!CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(key.Signing, signed), bytes.AsSpan(length - TagSize, TagSize)))
            return FernetProblem.NotAuthentic;
        using Aes aes = CreateCipher(key);
        using var padded = new LockedBuffer(signed.Length - HeaderSize);
        aes.DecryptCbc(signed[HeaderSize..], signed[StartSize..HeaderSize], padded.Span, PaddingMode.None);
        if (PaddingOf(padded.Span[^BlockSize..]) is not { } padding)
            return FernetProblem.Padding;
        written = padded.Length - padding;
        padded.Span[..written].CopyTo(message);
        return FernetProblem.None;
    }

    /// <summary>
    /// Whether a file that begins with these bytes claims to be a token: version and a time before the year 2106, and characters of base64url alone. A page of bytes suffices.
    /// </summary>
    public static bool IsToken(ReadOnlySpan<byte> beginning) => beginning.StartsWith("gAAAAA"u8) && StrictBase64Url.IsText(beginning);

    /// <summary>When a token says that it was made, which nobody has checked yet; null when its first 12 characters are those of no token.</summary>
    public static DateTimeOffset? CreatedAt(ReadOnlySpan<byte> beginning)
    {
        Span<byte> start = stackalloc byte[StartSize];
        return TryReadStart(beginning, start) && TimestampOf(start) is var seconds && seconds <= (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            ? DateTimeOffset.FromUnixTimeSeconds((long)seconds)
            : null;
    }

    internal static byte[] Encrypt(FernetKey key, ReadOnlySpan<byte> message, DateTimeOffset now, ReadOnlySpan<byte> iv)
    {
        ArgumentNullException.ThrowIfNull(key);
        int signed = HeaderSize + (((message.Length / BlockSize) + 1) * BlockSize);
        var bytes = new byte[signed + TagSize];
        WriteHeader(bytes, now, iv);
        using Aes aes = CreateCipher(key);
        aes.EncryptCbc(message, iv, bytes.AsSpan(HeaderSize));
        HMACSHA256.HashData(key.Signing, bytes.AsSpan(0, signed), bytes.AsSpan(signed));
        var token = new byte[StrictBase64Url.LengthOf(bytes.Length)];
        StrictBase64Url.Encode(bytes, token);
        return token;
    }

    /// <summary>Whether a token may have so many bytes.</summary>
    internal static bool IsSize(long bytes) => bytes >= MinSize && (bytes - MinSize) % BlockSize == 0;

    /// <summary>Version and time from the first characters of a token.</summary>
    internal static bool TryReadStart(ReadOnlySpan<byte> beginning, Span<byte> start) =>
        beginning.Length >= StartText && StrictBase64Url.TryDecode(beginning[..StartText], last: false, start, out _) && start[0] == Version;

    internal static void WriteHeader(Span<byte> header, DateTimeOffset now, ReadOnlySpan<byte> iv)
    {
        header[0] = Version;
        BinaryPrimitives.WriteInt64BigEndian(header[1..], now.ToUnixTimeSeconds());
        iv.CopyTo(header[StartSize..]);
    }

    internal static FernetProblem CheckTime(ReadOnlySpan<byte> start, DateTimeOffset now, TimeSpan? timeToLive)
    {
        // As 128-bit integers, because a hostile time has 64 bits without a sign.
        Int128 made = TimestampOf(start);
        Int128 seconds = now.ToUnixTimeSeconds();
        return made > seconds + (long)ClockSkew.TotalSeconds ? FernetProblem.FromTheFuture
            : timeToLive is { } life && made + (long)life.TotalSeconds < seconds ? FernetProblem.Expired
            : FernetProblem.None;
    }

    /// <summary>Length of the padding (RFC 5652, 6.3) of the last block; null when it has none. For authentic blocks only.</summary>
    internal static int? PaddingOf(ReadOnlySpan<byte> block)
    {
        int padding = block[^1];
        return padding is >= 1 and <= BlockSize && !block[^padding..].ContainsAnyExcept((byte)padding) ? padding : null;
    }

    [SuppressMessage("Security", "CA5401", Justification = "Fernet is CBC with a fresh IV, and authenticated before it is decrypted.")]
    internal static Aes CreateCipher(FernetKey key)
    {
        var aes = Aes.Create();
        aes.SetKey(key.Encryption);
        return aes;
    }

    private static ulong TimestampOf(ReadOnlySpan<byte> start) => BinaryPrimitives.ReadUInt64BigEndian(start[1..]);
}
