using Touchmark.Cryptography;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Keys;

/// <summary>An officer's own keys. The secret is the officer's id (16 bytes) and a seed (32 bytes): what a key file holds.</summary>
public sealed class OfficerKeys : IDisposable
{
    /// <summary>Length of the secret, bytes.</summary>
    public const int SecretSize = IdSize + PairedKeys.SeedSize;

    private const int IdSize = 16;

    private readonly PairedKeys _keys;

    private OfficerKeys(Guid officerId, PairedKeys keys)
    {
        (OfficerId, _keys) = (officerId, keys);
        Signer = keys.SignerFor(Issuers.OfOfficer(officerId));
    }

    public Guid OfficerId { get; }

    /// <summary>32 bytes.</summary>
    public ReadOnlyMemory<byte> Ed25519Key => _keys.Ed25519Key;

    /// <summary>1,952 bytes.</summary>
    public ReadOnlyMemory<byte> MlDsa65Key => _keys.MlDsa65Key;

    /// <summary>Signs as this officer.</summary>
    public StatementSigner Signer { get; }

    /// <summary>A new officer's keys.</summary>
    /// <param name="now">What the id begins with (UUIDv7).</param>
    /// <param name="secret"><see cref="SecretSize"/> bytes, to be disposed by the caller.</param>
    public static OfficerKeys Create(DateTimeOffset now, out LockedBuffer secret)
    {
        secret = LockedBuffer.Random(SecretSize);
        Guid.CreateVersion7(now).TryWriteBytes(secret.Span, bigEndian: true, out _);
        return Open(secret.Span)!;
    }

    /// <summary>The keys of a secret; null when it is none of an officer.</summary>
    /// <param name="secret">Wiping it stays the caller's job.</param>
    public static OfficerKeys? Open(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != SecretSize)
        {
            return null;
        }
        var id = new Guid(secret[..IdSize], bigEndian: true);
        return new(id, PairedKeys.Derive(secret[IdSize..], "officer", $"{id:D}"));
    }

    /// <summary>Both public keys as a reader pins them.</summary>
    public IReadOnlyList<TrustedKey> TrustedFrom(DateTimeOffset validFrom) => _keys.TrustedAs(Issuers.OfOfficer(OfficerId), validFrom);

    public void Dispose() => _keys.Dispose();
}
