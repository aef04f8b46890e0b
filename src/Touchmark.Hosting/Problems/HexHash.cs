using System.Security.Cryptography;

namespace Touchmark.Hosting.Problems;

/// <summary>A SHA-256 as callers write it.</summary>
public static class HexHash
{
    /// <summary>Its 32 bytes; null unless it is 64 hexadecimal digits.</summary>
    public static byte[]? TryRead(string? text) =>
        text is { Length: 2 * SHA256.HashSizeInBytes } && text.All(char.IsAsciiHexDigit) ? Convert.FromHexString(text) : null;
}
