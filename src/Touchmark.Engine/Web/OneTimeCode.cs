using System.Security.Cryptography;
using System.Text;

namespace Touchmark.Engine.Web;

/// <summary>Codes that somebody reads to somebody else: 16 characters of Crockford's base32, 80 bits, so that even their hash, which is all that is kept, gives nothing away.</summary>
internal static class OneTimeCode
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int Length = 16;

    /// <summary>A new code: as it is shown, and its hash.</summary>
    public static (string Shown, byte[] Hash) Create()
    {
        var code = RandomNumberGenerator.GetString(Alphabet, Length);
        return (string.Join('-', code.Chunk(4).Select(group => new string(group))), HashOf(code));
    }

    /// <summary>The hash of a code as somebody typed it; null when it is none.</summary>
    public static byte[]? Read(string typed) => Normalise(typed) is { } code ? HashOf(code) : null;

    /// <summary>Crockford's rules: case, dashes and blanks do not count; I and L are 1, O is 0.</summary>
    internal static string? Normalise(string code)
    {
        var normal = new StringBuilder(Length);
        foreach (var c in code.ToUpperInvariant())
        {
            if (c is '-' or ' ')
            {
                continue;
            }

            if (normal.Length == Length)
            {
                return null;
            }

            normal.Append(c switch { 'I' or 'L' => '1', 'O' => '0', _ => c });
        }

        return normal.Length == Length ? normal.ToString() : null;
    }

    private static byte[] HashOf(string code) => SHA256.HashData(Encoding.UTF8.GetBytes(code));
}
