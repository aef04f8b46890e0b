using System.Security.Cryptography;
using System.Text;
using Touchmark.Cryptography;
using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Parts;

/// <summary>
/// A custodian's keys for one part, derived from the root seed that it keeps for all of them (spec/custody.md, Keys). Whoever sees the keys of two parts cannot tell that one root
/// stands behind both. Seeds are in locked memory and wiped.
/// </summary>
public sealed class CustodianKeys : IDisposable
{
    /// <summary>Length of the root seed, bytes.</summary>
    public const int RootSize = 32;

    private readonly Ed25519Signer _primary;
    private readonly MlDsa65Signer _shadow;

    private CustodianKeys(Ed25519Signer primary, MlDsa65Signer shadow)
    {
        _primary = primary;
        _shadow = shadow;
        Pseudonym = Parts.Pseudonym.Of(primary.PublicKey.Span, shadow.PublicKey.Span);
        Signer = new(primary, shadow, Parts.Pseudonym.IssuerOf(Pseudonym));
    }

    /// <summary>Who the custodian is under this part.</summary>
    public string Pseudonym { get; }

    /// <summary>32 bytes.</summary>
    public ReadOnlyMemory<byte> Ed25519Key => _primary.PublicKey;

    /// <summary>1,952 bytes.</summary>
    public ReadOnlyMemory<byte> MlDsa65Key => _shadow.PublicKey;

    /// <summary>Signs custody events of this part.</summary>
    public StatementSigner Signer { get; }

    /// <summary>Derives the keys of one part.</summary>
    /// <param name="root"><see cref="RootSize"/> bytes; wiping them stays the caller's job.</param>
    /// <param name="part">The part.</param>
    /// <exception cref="PlatformNotSupportedException">libsodium is not installed.</exception>
    public static CustodianKeys Derive(ReadOnlySpan<byte> root, PartId part)
    {
        ArgumentNullException.ThrowIfNull(part);
        if (root.Length != RootSize)
        {
            throw new ArgumentException($"Must be {RootSize} bytes, is {root.Length}.", nameof(root));
        }
        using var seed = new LockedBuffer(RootSize);
        DeriveSeed(root, "ed25519", part, seed.Span);
        var primary = new Ed25519Signer(seed.Span);
        DeriveSeed(root, "ml-dsa-65", part, seed.Span);
        return new(primary, new MlDsa65Signer(seed.Span));
    }

    public void Dispose()
    {
        _primary.Dispose();
        _shadow.Dispose();
    }

    private static void DeriveSeed(ReadOnlySpan<byte> root, string algorithm, PartId part, Span<byte> seed) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, root, seed, salt: [], Encoding.ASCII.GetBytes($"touchmark custody v1 {algorithm} {part.Value}"));
}
