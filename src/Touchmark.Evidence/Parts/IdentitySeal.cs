using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Touchmark.Cryptography;
using Touchmark.Evidence.Documents;

namespace Touchmark.Evidence.Parts;

/// <summary>
/// Seals a custodian's legal identity to a regulator, so that nobody else can read it, the registry included (spec/custody.md, Sealed identity): an ephemeral P-256 key agrees with that of the
/// regulator's certificate, HKDF-SHA-256 makes a key that is used once, AES-256-GCM seals.
/// </summary>
public static class IdentitySeal
{
    /// <summary>Longest identity, bytes of UTF-8.</summary>
    public const int MaxIdentity = CustodianAdmission.MaxSealed - P256.PublicKeySize - TagSize;

    private const int KeySize = 32;
    private const int NonceSize = 12;
    private const int TagSize = 16;

    /// <summary>The name of a regulator in an admission: SHA-256 of its certificate.</summary>
    public static byte[] NameOf(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return SHA256.HashData(certificate.RawData);
    }

    /// <summary>The P-256 key of a certificate, 65 bytes; null when it has another kind of key.</summary>
    public static byte[]? KeyOf(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        var key = certificate.PublicKey.EncodedKeyValue.RawData;
        return certificate.PublicKey.Oid.Value == "1.2.840.10045.2.1" && P256.IsPublicKey(key) ? key : null;
    }

    /// <summary>Seals an identity; null when the certificate has no P-256 key.</summary>
    /// <param name="identity">What the regulator will read, up to <see cref="MaxIdentity"/> bytes of UTF-8.</param>
    /// <param name="certificate">The regulator's.</param>
    /// <param name="part">For which part: it opens for no other.</param>
    /// <param name="pseudonym">For which custodian.</param>
    public static SealedIdentity? Seal(string identity, X509Certificate2 certificate, PartId part, string pseudonym)
    {
        var plain = Encoding.UTF8.GetBytes(identity);
        if (plain.Length > MaxIdentity)
        {
            throw new ArgumentException($"Has {plain.Length} bytes, {MaxIdentity} fit.", nameof(identity));
        }
        if (KeyOf(certificate) is not { } recipient)
        {
            return null;
        }
        using var ephemeral = P256.GenerateKey();
        using var key = Agree(ephemeral, recipient, ephemeral.PublicKey.Span, recipient, part, pseudonym);
        var box = new byte[P256.PublicKeySize + plain.Length + TagSize];
        ephemeral.PublicKey.Span.CopyTo(box);
        using var aes = new AesGcm(key!.Span, TagSize);
        // The key is used for this one message, so the nonce may be constant.
        aes.Encrypt(new byte[NonceSize], plain, box.AsSpan(P256.PublicKeySize, plain.Length), box.AsSpan(^TagSize..));
        return new(NameOf(certificate), box);
    }

    /// <summary>Opens what was sealed to this key; null when it was sealed to another, for another part or custodian, or altered.</summary>
    public static string? Open(ReadOnlySpan<byte> box, P256PrivateKey key, PartId part, string pseudonym)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (box.Length < P256.PublicKeySize + TagSize)
        {
            return null;
        }
        var ephemeral = box[..P256.PublicKeySize];
        using var agreed = Agree(key, ephemeral, ephemeral, key.PublicKey.Span, part, pseudonym);
        if (agreed is null)
        {
            return null;
        }
        var plain = new byte[box.Length - P256.PublicKeySize - TagSize];
        using var aes = new AesGcm(agreed.Span, TagSize);
        try
        {
            aes.Decrypt(new byte[NonceSize], box[P256.PublicKeySize..^TagSize], box[^TagSize..], plain);
            return Encoding.UTF8.GetString(plain);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    /// <summary>What a regulator signs (ES256) to be given a sealed identity.</summary>
    public static byte[] RequestOf(string challenge, PartId part, string pseudonym, string reason)
    {
        ArgumentNullException.ThrowIfNull(part);
        return Encoding.UTF8.GetBytes($"touchmark regulator reveal v1\n{challenge}\n{part.Value}\n{pseudonym}\n{reason}");
    }

    private static LockedBuffer? Agree(P256PrivateKey own, ReadOnlySpan<byte> peer, ReadOnlySpan<byte> ephemeral, ReadOnlySpan<byte> recipient, PartId part, string pseudonym)
    {
        ArgumentNullException.ThrowIfNull(part);
        using var secret = new LockedBuffer(P256.SharedSecretSize);
        if (!P256.TrySharedSecret(own, peer, secret.Span))
        {
            return null;
        }
        var key = new LockedBuffer(KeySize);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret.Span, key.Span, [.. ephemeral, .. recipient], Encoding.ASCII.GetBytes($"touchmark sealed identity v1 {part.Value} {pseudonym}"));
        return key;
    }
}
