using System.Diagnostics.CodeAnalysis;
using System.Text;
using Touchmark.Cryptography;
using Touchmark.Log.Verification;

namespace Touchmark.Evidence.Verification;

/// <summary>A public key that its holder is believed to sign with.</summary>
/// <param name="Name">The issuer that it signs for: the CWT claim <c>iss</c> of its statements.</param>
/// <param name="Algorithm">What it is for.</param>
/// <param name="PublicKey">Raw: 32 bytes (Ed25519), 65 bytes uncompressed (ES256), 1,952 bytes (ML-DSA-65).</param>
/// <param name="ValidFrom">Statements issued before this are not accepted.</param>
/// <param name="ValidUntil">Statements issued at or after this are not accepted; null while the key is in use.</param>
public sealed record TrustedKey(string Name, SignatureAlgorithm Algorithm, ReadOnlyMemory<byte> PublicKey, DateTimeOffset ValidFrom, DateTimeOffset? ValidUntil)
{
    /// <summary>8 bytes, see <see cref="Cryptography.KeyId.Of"/>.</summary>
    public ReadOnlyMemory<byte> KeyId => Cryptography.KeyId.Of(Algorithm, PublicKey.Span);

    /// <summary>The key id in lower-case hexadecimal, as people compare it.</summary>
    public string KeyIdText => Convert.ToHexStringLower(KeyId.Span);

    /// <summary>Whether the key may have signed a statement of this time. Statements tell whole seconds, so the one in which it came into use counts.</summary>
    public bool IsValidAt(DateTimeOffset time) => time.ToUnixTimeSeconds() >= ValidFrom.ToUnixTimeSeconds() && (ValidUntil is not { } until || time < until);

    internal static int LengthOf(SignatureAlgorithm algorithm) => algorithm switch
    {
        SignatureAlgorithm.Ed25519 => Ed25519.PublicKeySize,
        SignatureAlgorithm.Es256 => P256.PublicKeySize,
        SignatureAlgorithm.MlDsa65 => MlDsa65.PublicKeySize,
        _ => 0,
    };
}

/// <summary>The logs and witnesses that a verifier believes: every statement has to be in one of these logs.</summary>
public sealed record TrustedLog
{
    private TrustedLog(string text, LogPolicy policy) => (Text, Policy) = (text, policy);

    /// <summary>The policy file as it was written (C2SP tlog-policy, spec/log.md).</summary>
    public string Text { get; }

    /// <summary>What it says.</summary>
    public LogPolicy Policy { get; }

    /// <summary>Reads a policy file strictly; false and a problem in words when it is anything else.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out TrustedLog? log, [NotNullWhen(false)] out string? problem)
    {
        log = LogPolicy.TryParse(Encoding.UTF8.GetBytes(text), out var policy, out problem) ? new(text, policy) : null;
        return log is not null;
    }
}

/// <summary>The keys that a verifier believes. There is no other source of trust: a key that is not in here makes nothing valid.</summary>
/// <param name="Keys">In the order in which they were pinned.</param>
public sealed record TrustStore(IReadOnlyList<TrustedKey> Keys)
{
    public static TrustStore Empty { get; } = new([]);

    /// <summary>Null when statements stand on their signatures alone.</summary>
    public TrustedLog? Log { get; init; }

    /// <summary>The pinned key with this algorithm and id, or null.</summary>
    public TrustedKey? Find(SignatureAlgorithm algorithm, ReadOnlySpan<byte> keyId)
    {
        foreach (var key in Keys)
        {
            if (key.Algorithm == algorithm && key.KeyId.Span.SequenceEqual(keyId))
            {
                return key;
            }
        }
        return null;
    }

    /// <summary>With these keys as well; a key that is there already is replaced.</summary>
    public TrustStore With(IEnumerable<TrustedKey> keys)
    {
        var merged = Keys.ToList();
        foreach (var key in keys)
        {
            merged.RemoveAll(known => known.KeyIdText == key.KeyIdText);
            merged.Add(key);
        }
        return this with { Keys = merged };
    }

    /// <summary>Without the key of this id (hexadecimal).</summary>
    public TrustStore Without(string keyIdText) =>
        this with { Keys = [.. Keys.Where(key => !string.Equals(key.KeyIdText, keyIdText, StringComparison.OrdinalIgnoreCase))] };

    /// <summary>The JSON of trust.json and of <c>GET /api/trust</c>, UTF-8.</summary>
    public byte[] ToJson() => TrustStoreJson.Write(this);

    /// <summary>Reads that JSON strictly; false and a problem in words when it is anything else. Never throws.</summary>
    public static bool TryParse(ReadOnlySpan<byte> json, [NotNullWhen(true)] out TrustStore? trust, [NotNullWhen(false)] out string? problem)
    {
        trust = TrustStoreJson.Read(json, out problem);
        return trust is not null;
    }
}
