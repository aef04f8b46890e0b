using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Touchmark.Engine.Accounts.SecondFactors;

/// <summary>
/// Codes of authenticator apps (RFC 6238): six digits, steps of 30 s, HMAC-SHA-1, which is what every app takes; as a MAC it is not broken by SHA-1's collisions. The framework has the same inside
/// its Identity, but tells not of which step a code was, and without that none can be refused the second time.
/// </summary>
internal static class Totp
{
    /// <summary>As RFC 4226 recommends: as long as the hash.</summary>
    public const int SecretBytes = 20;

    public const int Digits = 6;

    private const int StepSeconds = 30;
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <summary>The code of a step, as RFC 4226 section 5.3 truncates it.</summary>
    public static string Code(ReadOnlySpan<byte> secret, long step)
    {
        Span<byte> counter = stackalloc byte[8];
        Span<byte> mac = stackalloc byte[HMACSHA1.HashSizeInBytes];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
#pragma warning disable CA5350 // See above.
        HMACSHA1.HashData(secret, counter, mac);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadInt32BigEndian(mac[(mac[^1] & 0xF)..]) & 0x7FFF_FFFF;
        return (number % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }

    /// <summary>The step of which this is the code: the one that is now, the one before or the one after, for clocks that differ; null when it is none. Takes as long whichever it is.</summary>
    public static long? Match(ReadOnlySpan<byte> secret, string typed, DateTimeOffset now)
    {
        var given = Encoding.ASCII.GetBytes(typed);
        var current = now.ToUnixTimeSeconds() / StepSeconds;
        long? found = null;
        for (var step = current - 1; step <= current + 1; step++)
        {
            if (CryptographicOperations.FixedTimeEquals(given, Encoding.ASCII.GetBytes(Code(secret, step))))
            {
                found = step;
            }
        }

        return found;
    }

    /// <summary>As people type it into an app that has no camera (RFC 4648).</summary>
    public static string Text(ReadOnlySpan<byte> secret)
    {
        var text = new StringBuilder();
        var (bits, held) = (0, 0);
        foreach (var octet in secret)
        {
            bits = (bits << 8) | octet;
            for (held += 8; held >= 5; held -= 5)
            {
                text.Append(Base32[(bits >> (held - 5)) & 31]);
            }
        }

        return held > 0 ? text.Append(Base32[(bits << (5 - held)) & 31]).ToString() : text.ToString();
    }

    /// <summary>What a QR code tells an app.</summary>
    public static string Uri(string issuer, string account, string secret) =>
        $"otpauth://totp/{System.Uri.EscapeDataString(issuer)}:{System.Uri.EscapeDataString(account)}?secret={secret}&issuer={System.Uri.EscapeDataString(issuer)}";
}
