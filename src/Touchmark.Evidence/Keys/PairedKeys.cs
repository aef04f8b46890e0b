using System.Security.Cryptography;
using System.Text;
using Touchmark.Cryptography;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Keys;

/// <summary>
/// An Ed25519 and an ML-DSA-65 key that follow from one seed: HKDF-SHA-256 without salt over <c>touchmark {purpose} v1 {ed25519 | ml-dsa-65} {name}</c>. So one seed on paper is both
/// keys, and under another purpose or name it is others. Keys are in locked memory and wiped.
/// </summary>
public sealed class PairedKeys : IDisposable
{
    /// <summary>Length of the seed, bytes.</summary>
    public const int SeedSize = 32;

    private readonly Ed25519Signer _primary;
    private readonly MlDsa65Signer _shadow;

    private PairedKeys(Ed25519Signer primary, MlDsa65Signer shadow) => (_primary, _shadow) = (primary, shadow);

    /// <summary>32 bytes.</summary>
    public ReadOnlyMemory<byte> Ed25519Key => _primary.PublicKey;

    /// <summary>1,952 bytes.</summary>
    public ReadOnlyMemory<byte> MlDsa65Key => _shadow.PublicKey;

    /// <summary>Derives the keys.</summary>
    /// <param name="seed"><see cref="SeedSize"/> bytes; wiping them stays the caller's job.</param>
    /// <param name="purpose">What the keys are for.</param>
    /// <param name="name">Whose they are.</param>
    /// <exception cref="PlatformNotSupportedException">libsodium is not installed.</exception>
    public static PairedKeys Derive(ReadOnlySpan<byte> seed, string purpose, string name)
    {
        if (seed.Length != SeedSize)
        {
            throw new ArgumentException($"Must be {SeedSize} bytes, is {seed.Length}.", nameof(seed));
        }
        using var derived = new LockedBuffer(SeedSize);
        DeriveSeed(seed, purpose, "ed25519", name, derived.Span);
        var primary = new Ed25519Signer(derived.Span);
        DeriveSeed(seed, purpose, "ml-dsa-65", name, derived.Span);
        return new(primary, new MlDsa65Signer(derived.Span));
    }

    /// <summary>Signs statements with both keys.</summary>
    /// <param name="issuer">The name under which readers pin them.</param>
    public StatementSigner SignerFor(string issuer) => new(_primary, _shadow, issuer);

    /// <summary>Both public keys as a reader pins them.</summary>
    public IReadOnlyList<TrustedKey> TrustedAs(string issuer, DateTimeOffset validFrom) =>
    [
        new(issuer, SignatureAlgorithm.Ed25519, Ed25519Key, validFrom, ValidUntil: null),
        new(issuer, SignatureAlgorithm.MlDsa65, MlDsa65Key, validFrom, ValidUntil: null),
    ];

    public void Dispose()
    {
        _primary.Dispose();
        _shadow.Dispose();
    }

    private static void DeriveSeed(ReadOnlySpan<byte> seed, string purpose, string algorithm, string name, Span<byte> derived) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, seed, derived, salt: [], Encoding.ASCII.GetBytes($"touchmark {purpose} v1 {algorithm} {name}"));
}
