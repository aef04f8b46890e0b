using Touchmark.Evidence.Keys;
using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Parts;

/// <summary>
/// A custodian's keys for one part, derived from the root seed that it keeps for all of them (spec/custody.md, Keys). Whoever sees the keys of two parts cannot tell that one root
/// stands behind both. Seeds are in locked memory and wiped.
/// </summary>
public sealed class CustodianKeys : IDisposable
{
    /// <summary>Length of the root seed, bytes.</summary>
    public const int RootSize = PairedKeys.SeedSize;

    private readonly PairedKeys _keys;

    private CustodianKeys(PairedKeys keys)
    {
        _keys = keys;
        Pseudonym = Parts.Pseudonym.Of(keys.Ed25519Key.Span, keys.MlDsa65Key.Span);
        Signer = keys.SignerFor(Parts.Pseudonym.IssuerOf(Pseudonym));
    }

    /// <summary>Who the custodian is under this part.</summary>
    public string Pseudonym { get; }

    /// <summary>32 bytes.</summary>
    public ReadOnlyMemory<byte> Ed25519Key => _keys.Ed25519Key;

    /// <summary>1,952 bytes.</summary>
    public ReadOnlyMemory<byte> MlDsa65Key => _keys.MlDsa65Key;

    /// <summary>Signs custody events of this part.</summary>
    public StatementSigner Signer { get; }

    /// <summary>Derives the keys of one part.</summary>
    /// <param name="root"><see cref="RootSize"/> bytes; wiping them stays the caller's job.</param>
    /// <param name="part">The part.</param>
    /// <exception cref="PlatformNotSupportedException">libsodium is not installed.</exception>
    public static CustodianKeys Derive(ReadOnlySpan<byte> root, PartId part)
    {
        ArgumentNullException.ThrowIfNull(part);
        return new(PairedKeys.Derive(root, "custody", part.Value));
    }

    public void Dispose() => _keys.Dispose();
}
