using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Touchmark.Cryptography;

namespace Touchmark.Evidence.Verification;

/// <summary>The file form of a <see cref="TrustStore"/> (spec/certificate.md, Trust).</summary>
internal static class TrustStoreJson
{
    private const int MaxBytes = 1 << 20;
    private const int MaxKeys = 256;
    private const int Version = 1;

    /// <summary>With base64's plus signs left as they are: the file is read by people, not embedded in HTML.</summary>
    private static readonly TrustFileContext Strict =
        new(new JsonSerializerOptions(TrustFileContext.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    private static readonly (SignatureAlgorithm Algorithm, string Name)[] Algorithms =
        [(SignatureAlgorithm.Ed25519, "Ed25519"), (SignatureAlgorithm.Es256, "ES256"), (SignatureAlgorithm.MlDsa65, "ML-DSA-65")];

    public static string NameOf(SignatureAlgorithm algorithm) => Array.Find(Algorithms, entry => entry.Algorithm == algorithm).Name ?? "unknown";

    public static byte[] Write(TrustStore trust) => JsonSerializer.SerializeToUtf8Bytes(
        new TrustFile(Version, [.. trust.Keys.Select(key => new TrustFileKey(
            key.Name, NameOf(key.Algorithm), key.KeyIdText, Convert.ToBase64String(key.PublicKey.Span),
            key.ValidFrom.ToUniversalTime(), key.ValidUntil?.ToUniversalTime()))],
            trust.Log?.Text),
        Strict.TrustFile);

    public static TrustStore? Read(ReadOnlySpan<byte> json, out string? problem)
    {
        if (json.Length > MaxBytes)
        {
            problem = $"{json.Length} bytes, at most {MaxBytes} are accepted";
            return null;
        }
        TrustFile? file;
        try
        {
            file = JsonSerializer.Deserialize(json, Strict.TrustFile);
        }
        catch (JsonException error)
        {
            problem = $"not the JSON of a trust store (line {error.LineNumber + 1}, {error.Path})";
            return null;
        }
        if (file is not { Version: Version, Keys.Count: <= MaxKeys })
        {
            problem = $"not version {Version} of a trust store with at most {MaxKeys} keys";
            return null;
        }
        var keys = new List<TrustedKey>();
        foreach (var entry in file.Keys)
        {
            if (entry is null || Read(entry) is not { } key)
            {
                problem = $"key {keys.Count + 1}: name, algorithm, key id, public key and times do not fit together";
                return null;
            }
            keys.Add(key);
        }
        TrustedLog? log = null;
        if (file.Log is not null && !TrustedLog.TryParse(file.Log, out log, out problem))
        {
            problem = $"the policy of the log: {problem}";
            return null;
        }
        problem = null;
        return new(keys) { Log = log };
    }

    private static TrustedKey? Read(TrustFileKey entry)
    {
        var algorithm = Array.Find(Algorithms, known => known.Name == entry.Algorithm).Algorithm;
        var publicKey = new byte[TrustedKey.LengthOf(algorithm)];
        if (entry.Name.Length is 0 or > 256 || publicKey.Length == 0
            || !Convert.TryFromBase64String(entry.PublicKey, publicKey, out var length) || length != publicKey.Length
            || entry.ValidUntil <= entry.ValidFrom)
        {
            return null;
        }
        var key = new TrustedKey(entry.Name, algorithm, publicKey, entry.ValidFrom, entry.ValidUntil);
        return key.KeyIdText == entry.KeyId ? key : null;
    }
}

internal sealed record TrustFile(
    [property: JsonRequired] int Version,
    [property: JsonRequired] IReadOnlyList<TrustFileKey?> Keys,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Log);

internal sealed record TrustFileKey(
    [property: JsonRequired] string Name,
    [property: JsonRequired] string Algorithm,
    [property: JsonRequired] string KeyId,
    [property: JsonRequired] string PublicKey,
    [property: JsonRequired] DateTimeOffset ValidFrom,
    DateTimeOffset? ValidUntil);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, AllowDuplicateProperties = false,
    RespectNullableAnnotations = true, WriteIndented = true)]
[JsonSerializable(typeof(TrustFile))]
internal sealed partial class TrustFileContext : JsonSerializerContext;
