using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Touchmark.Cryptography;

namespace Touchmark.Vault.Operators;

/// <summary>
/// A public key of an identity provider (RFC 7517). The key says which algorithm its signatures have, and the token does not: that is what makes <c>none</c>, and an HMAC with a public key
/// for its secret, impossible.
/// </summary>
/// <param name="KeyId">Null where the provider gives it no name.</param>
/// <param name="Algorithm">ES256, RS256 or EdDSA (RFC 7518, RFC 8037).</param>
internal sealed record JsonWebKey(string? KeyId, string Algorithm)
{
    /// <summary>Longest set that is read, bytes.</summary>
    public const int MaxSet = 64 * 1024;

    private const int MaxKeys = 32;
    private const int MinRsaBytes = 2048 / 8;
    private const int MaxRsaBytes = 8192 / 8;
    private const int CoordinateSize = 32;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    private readonly ReadOnlyMemory<byte> _public;
    private readonly RSAParameters _rsa;

    private JsonWebKey(string? keyId, string algorithm, ReadOnlyMemory<byte> publicKey)
        : this(keyId, algorithm) => _public = publicKey;

    private JsonWebKey(string? keyId, RSAParameters rsa)
        : this(keyId, "RS256") => _rsa = rsa;

    /// <summary>The keys of a set that we can use; null when it is none. Keys of other kinds, for other uses or of unsafe sizes are passed over, as RFC 7517 (5) has it.</summary>
    public static IReadOnlyList<JsonWebKey>? ReadSet(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("keys", out var keys) && keys is { ValueKind: JsonValueKind.Array }
                && keys.GetArrayLength() <= MaxKeys ? [.. keys.EnumerateArray().Select(Read).OfType<JsonWebKey>()] : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Whether this key made the signature.</summary>
    public bool Verifies(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (_rsa.Modulus is null)
        {
            return SignatureVerifier.Verify(Algorithm == "ES256" ? SignatureAlgorithm.Es256 : SignatureAlgorithm.Ed25519, _public.Span, message, signature);
        }

        try
        {
            using var rsa = RSA.Create(_rsa);
            return rsa.VerifyData(message, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static JsonWebKey? Read(JsonElement key)
    {
        if (key.ValueKind != JsonValueKind.Object || Text(key, "use") is not (null or "sig"))
        {
            return null;
        }

        var read = (Text(key, "kty"), Text(key, "crv")) switch
        {
            ("EC", "P-256") when Bytes(key, "x") is { Length: CoordinateSize } x && Bytes(key, "y") is { Length: CoordinateSize } y => new JsonWebKey(Text(key, "kid"), "ES256", (byte[])[4, .. x, .. y]),
            ("OKP", "Ed25519") when Bytes(key, "x") is { Length: Ed25519.PublicKeySize } x => new JsonWebKey(Text(key, "kid"), "EdDSA", x),
            ("RSA", _) when Bytes(key, "n") is { Length: >= MinRsaBytes and <= MaxRsaBytes } n && Bytes(key, "e") is { Length: >= 1 and <= 4 } e
                => new JsonWebKey(Text(key, "kid"), new RSAParameters { Modulus = n, Exponent = e }),
            _ => null,
        };
        return Text(key, "alg") is { } algorithm && algorithm != read?.Algorithm ? null : read;
    }

    private static string? Text(JsonElement key, string name) => key.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static byte[]? Bytes(JsonElement key, string name)
    {
        var text = Encoding.UTF8.GetBytes(Text(key, name) ?? "");
        return text.Length is > 0 and <= 2 * MaxRsaBytes && Base64Url.IsValid(text) ? Base64Url.DecodeFromUtf8(text) : null;
    }
}
