using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Touchmark.Cryptography;

namespace Touchmark.Evidence.Verification;

/// <summary>The file form of a <see cref="TrustStore"/> (spec/certificate.md, Trust).</summary>
internal static class TrustStoreJson
{
    private const int MaxBytes = 1 << 20;
    private const int MaxKeys = 256;
    private const int Version = 1;

    // Written and read member by member: the serializer would cost a program that verifies one file a third of its time to get going.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 4 };

    /// <summary>With base64's plus signs left as they are: the file is read by people, not embedded in HTML.</summary>
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly (SignatureAlgorithm Algorithm, string Name)[] Algorithms =
        [(SignatureAlgorithm.Ed25519, "Ed25519"), (SignatureAlgorithm.Es256, "ES256"), (SignatureAlgorithm.MlDsa65, "ML-DSA-65")];

    public static string NameOf(SignatureAlgorithm algorithm) => Array.Find(Algorithms, entry => entry.Algorithm == algorithm).Name ?? "unknown";

    public static byte[] Write(TrustStore trust)
    {
        var json = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(json, Readable);
        writer.WriteStartObject();
        writer.WriteNumber("version", Version);
        writer.WriteStartArray("keys");
        foreach (var key in trust.Keys)
        {
            writer.WriteStartObject();
            writer.WriteString("name", key.Name);
            writer.WriteString("algorithm", NameOf(key.Algorithm));
            writer.WriteString("key_id", key.KeyIdText);
            writer.WriteString("public_key", Convert.ToBase64String(key.PublicKey.Span));
            writer.WriteString("valid_from", key.ValidFrom.ToUniversalTime());
            if (key.ValidUntil is { } until)
            {
                writer.WriteString("valid_until", until.ToUniversalTime());
            }
            else
            {
                writer.WriteNull("valid_until");
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        if (trust.Log is { } log)
        {
            writer.WriteString("log", log.Text);
        }
        writer.WriteEndObject();
        writer.Flush();
        return json.WrittenSpan.ToArray();
    }

    public static TrustStore? Read(ReadOnlySpan<byte> json, out string? problem)
    {
        if (json.Length > MaxBytes)
        {
            problem = $"{json.Length} bytes, at most {MaxBytes} are accepted";
            return null;
        }
        try
        {
            using var document = JsonDocument.Parse(json.ToArray(), Strict);
            return Read(document.RootElement, out problem);
        }
        catch (JsonException error)
        {
            problem = $"not the JSON of a trust store (line {error.LineNumber + 1})";
            return null;
        }
        catch (InvalidOperationException)
        {
            // What GetString throws for half a surrogate pair, and for bytes that are not UTF-8.
            problem = "a text that is not Unicode";
            return null;
        }
    }

    private static TrustStore? Read(JsonElement file, out string? problem)
    {
        if (!HasOnly(file, "version", "keys", "log") || !file.TryGetProperty("version", out var version) || version.ValueKind != JsonValueKind.Number
            || !version.TryGetInt32(out var number) || number != Version
            || !file.TryGetProperty("keys", out var entries) || entries.ValueKind != JsonValueKind.Array || entries.GetArrayLength() > MaxKeys)
        {
            problem = $"not version {Version} of a trust store with at most {MaxKeys} keys";
            return null;
        }
        var keys = new List<TrustedKey>();
        foreach (var entry in entries.EnumerateArray())
        {
            if (ReadKey(entry) is not { } key)
            {
                problem = $"key {keys.Count + 1}: name, algorithm, key id, public key and times do not fit together";
                return null;
            }
            keys.Add(key);
        }
        TrustedLog? log = null;
        problem = null;
        if (file.TryGetProperty("log", out var policy) && policy.ValueKind != JsonValueKind.Null && !TrustedLog.TryParse(TextOf(file, "log") ?? "", out log, out problem))
        {
            problem = $"the policy of the log: {problem}";
            return null;
        }
        return new(keys) { Log = log };
    }

    private static TrustedKey? ReadKey(JsonElement entry)
    {
        if (!HasOnly(entry, "name", "algorithm", "key_id", "public_key", "valid_from", "valid_until") || TextOf(entry, "name") is not { Length: > 0 and <= 256 } name
            || !entry.TryGetProperty("valid_from", out var from) || from.ValueKind != JsonValueKind.String || !from.TryGetDateTimeOffset(out var validFrom)
            || !TryReadUntil(entry, out var validUntil) || validUntil <= validFrom)
        {
            return null;
        }
        var algorithm = Array.Find(Algorithms, known => known.Name == TextOf(entry, "algorithm")).Algorithm;
        var publicKey = new byte[TrustedKey.LengthOf(algorithm)];
        if (publicKey.Length == 0 || !Convert.TryFromBase64String(TextOf(entry, "public_key") ?? "", publicKey, out var length) || length != publicKey.Length)
        {
            return null;
        }
        var key = new TrustedKey(name, algorithm, publicKey, validFrom, validUntil);
        return key.KeyIdText == TextOf(entry, "key_id") ? key : null;
    }

    /// <summary>Null, or nothing, is a key without an end.</summary>
    private static bool TryReadUntil(JsonElement entry, out DateTimeOffset? until)
    {
        until = null;
        if (!entry.TryGetProperty("valid_until", out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return true;
        }
        if (value.ValueKind != JsonValueKind.String || !value.TryGetDateTimeOffset(out var time))
        {
            return false;
        }
        until = time;
        return true;
    }

    private static bool HasOnly(JsonElement value, params ReadOnlySpan<string> names)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return false;
        }
        foreach (var member in value.EnumerateObject())
        {
            if (!names.Contains(member.Name))
            {
                return false;
            }
        }
        return true;
    }

    private static string? TextOf(JsonElement value, string name) => value.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;
}
