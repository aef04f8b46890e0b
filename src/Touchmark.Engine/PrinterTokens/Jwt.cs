using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Touchmark.Cryptography;

namespace Touchmark.Engine.PrinterTokens;

/// <summary>
/// Signed tokens in JWS's compact form (RFC 7515, 7.1) with ES256 (RFC 7518, 3.4) and one header. Whoever makes them is the only one who reads them, so the header is compared and never
/// interpreted: there is no algorithm, key or type that it could choose. Each token has one spelling.
/// </summary>
internal static class Jwt
{
    /// <summary><c>{"alg":"ES256","typ":"JWT"}</c>.</summary>
    public const string Header = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9";

    /// <summary>Longest token, characters.</summary>
    public const int MaxLength = 4096;

    public static string Sign(P256PrivateKey key, ReadOnlySpan<byte> claims)
    {
        var signed = $"{Header}.{Base64Url.EncodeToString(claims)}";
        Span<byte> signature = stackalloc byte[Es256.SignatureSize];
        Es256.Sign(key, Encoding.ASCII.GetBytes(signed), signature);
        return $"{signed}.{Base64Url.EncodeToString(signature)}";
    }

    /// <summary>The claims; null for anything but a token that the holder of this key signed. Never throws.</summary>
    public static byte[]? TryOpen(string token, ReadOnlySpan<byte> publicKey)
    {
        var end = token.LastIndexOf('.');
        if (token.Length > MaxLength || end <= Header.Length || !token.StartsWith($"{Header}.", StringComparison.Ordinal))
        {
            return null;
        }

        return Decode(token.AsSpan(Header.Length + 1, end - Header.Length - 1)) is { } claims && Decode(token.AsSpan(end + 1)) is { } signature
            && Es256.Verify(publicKey, Encoding.ASCII.GetBytes(token, 0, end), signature) ? claims : null;
    }

    private static byte[]? Decode(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        if (Base64Url.DecodeFromChars(text, bytes, out var read, out var written) != OperationStatus.Done || read != text.Length)
        {
            return null;
        }

        Array.Resize(ref bytes, written);
        // The platform also takes padding, blanks and bits that belong to no byte.
        return text.SequenceEqual(Base64Url.EncodeToString(bytes)) ? bytes : null;
    }
}
