using Touchmark.Cryptography;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Documents.Vault;

/// <summary>Where a private key is. The names on the wire are frozen.</summary>
public enum KeyCustody
{
    /// <summary>Made in the token, and it never leaves it.</summary>
    Token,

    /// <summary>In the vault's memory while it runs; at rest a seed that a key of the token wraps.</summary>
    Software,
}

/// <summary>One public key of a vault, and where its private half is.</summary>
/// <param name="Algorithm">What it is for.</param>
/// <param name="PublicKey">Raw: 32 bytes (Ed25519), 65 bytes uncompressed (ES256), 1,952 bytes (ML-DSA-65).</param>
/// <param name="Custody">As the vault found it.</param>
public sealed record VaultKey(SignatureAlgorithm Algorithm, ReadOnlyMemory<byte> PublicKey, KeyCustody Custody)
{
    private static readonly (SignatureAlgorithm, string)[] Algorithms =
        [(SignatureAlgorithm.Ed25519, "Ed25519"), (SignatureAlgorithm.Es256, "ES256"), (SignatureAlgorithm.MlDsa65, "ML-DSA-65")];

    internal static readonly (KeyCustody, string)[] Custodies = [(KeyCustody.Token, "token"), (KeyCustody.Software, "software")];

    /// <summary>The name that a custody has in statements.</summary>
    public static string NameOf(KeyCustody custody) => Wire.NameOf(Custodies, custody);

    internal CborMap ToCbor() => CborMap.Of(
        ("algorithm", Wire.NameOf(Algorithms, Algorithm)),
        ("public_key", PublicKey),
        ("custody", NameOf(Custody)));

    internal static VaultKey Read(CborFields fields)
    {
        var algorithm = fields.Choice("algorithm", Algorithms);
        return new(algorithm, fields.Bytes("public_key", TrustedKey.LengthOf(algorithm)), fields.Choice("custody", Custodies));
    }
}

/// <summary>The token as it describes itself (PKCS#11 CK_TOKEN_INFO), and the library that speaks to it. Nothing proves it.</summary>
/// <param name="Manufacturer">Of the token.</param>
/// <param name="Model">Of the token.</param>
/// <param name="Serial">Of the token.</param>
/// <param name="Library">Name and version of the PKCS#11 module.</param>
public sealed record TokenFacts(string Manufacturer, string Model, string Serial, string Library)
{
    internal CborMap ToCbor() => CborMap.Of(("manufacturer", Manufacturer), ("model", Model), ("serial", Serial), ("library", Library));

    internal static TokenFacts Read(CborFields fields) => new(fields.Text("manufacturer"), fields.Text("model"), fields.Text("serial"), fields.Text("library"));
}

/// <summary>The keys of a vault: two that sign its statements, two that sign the checkpoints of its manifest.</summary>
/// <param name="Primary">Ed25519, or ES256 where the token has no Ed25519 (a TPM).</param>
/// <param name="Shadow">ML-DSA-65.</param>
/// <param name="ManifestEd25519">Signs checkpoints.</param>
/// <param name="ManifestMlDsa65">Signs the same checkpoints.</param>
public sealed record VaultKeySet(VaultKey Primary, VaultKey Shadow, VaultKey ManifestEd25519, VaultKey ManifestMlDsa65)
{
    internal CborMap ToCbor() => CborMap.Of(
        ("primary", Primary.ToCbor()),
        ("shadow", Shadow.ToCbor()),
        ("manifest_ed25519", ManifestEd25519.ToCbor()),
        ("manifest_ml_dsa_65", ManifestMlDsa65.ToCbor()));

    internal static VaultKeySet Read(CborFields fields)
    {
        var keys = new VaultKeySet(
            fields.Map("primary", VaultKey.Read), fields.Map("shadow", VaultKey.Read),
            fields.Map("manifest_ed25519", VaultKey.Read), fields.Map("manifest_ml_dsa_65", VaultKey.Read));
        if (keys.Primary.Algorithm is not (SignatureAlgorithm.Ed25519 or SignatureAlgorithm.Es256) || keys.Shadow.Algorithm != SignatureAlgorithm.MlDsa65)
        {
            fields.Refuse("primary", "statements are signed by Ed25519 or ES256, and by ML-DSA-65");
        }
        if (keys.ManifestEd25519.Algorithm != SignatureAlgorithm.Ed25519 || keys.ManifestMlDsa65.Algorithm != SignatureAlgorithm.MlDsa65)
        {
            fields.Refuse("manifest_ed25519", "checkpoints are signed by Ed25519 and by ML-DSA-65");
        }
        return keys;
    }
}
