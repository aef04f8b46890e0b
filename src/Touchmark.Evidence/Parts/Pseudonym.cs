using System.Security.Cryptography;
using Touchmark.Evidence.Cbor;

namespace Touchmark.Evidence.Parts;

/// <summary>
/// The name that a custodian has under one part and nowhere else: it follows from the keys made for that part, so nobody can carry another's, and two parts of one custodian show
/// nothing in common (spec/custody.md).
/// </summary>
public static class Pseudonym
{
    /// <summary>Characters of Crockford's base32.</summary>
    public const int Length = 16;

    /// <summary>Stands where a pseudonym stands, for the registry itself. It holds an I, so no keys have it as their pseudonym.</summary>
    public const string Registry = "REGISTRY";

    private const int Bytes = 10;

    /// <summary>The first 10 bytes of SHA-256(Ed25519 key || ML-DSA-65 key), as 16 characters.</summary>
    public static string Of(ReadOnlySpan<byte> ed25519Key, ReadOnlySpan<byte> mlDsa65Key)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(ed25519Key);
        hash.AppendData(mlDsa65Key);
        return Crockford.Encode(hash.GetHashAndReset().AsSpan(0, Bytes));
    }

    /// <summary>The issuer of what this custodian signs: CWT claim <c>iss</c>.</summary>
    public static string IssuerOf(string pseudonym) => $"custodian/{pseudonym}";

    internal static string Read(CborFields fields, string key)
    {
        var text = fields.Text(key, Length);
        if (!Crockford.Is(text, Length))
        {
            fields.Refuse(key, "not a pseudonym of 16 characters");
        }
        return text;
    }
}
