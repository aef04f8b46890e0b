using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Touchmark.Cryptography;
using Touchmark.Evidence.Documents;

namespace Touchmark.Evidence.Parts;

/// <summary>
/// Seals a custodian's legal identity to the P-256 key of a regulator's certificate, so that nobody else can read it, the registry included (spec/custody.md, Sealed identity).
/// </summary>
public static class IdentitySeal
{
    /// <summary>Longest identity, bytes of UTF-8.</summary>
    public const int MaxIdentity = CustodianAdmission.MaxSealed - DeviceSeal.Overhead;

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
        return new(NameOf(certificate), DeviceSeal.Seal(recipient, plain, Info(part, pseudonym)));
    }

    /// <summary>Opens what was sealed to this key; null when it was sealed to another, for another part or custodian, or altered.</summary>
    public static string? Open(ReadOnlySpan<byte> box, P256PrivateKey key, PartId part, string pseudonym)
    {
        if (box.Length < DeviceSeal.Overhead)
        {
            return null;
        }
        var plain = new byte[box.Length - DeviceSeal.Overhead];
        return DeviceSeal.TryOpen(box, key, Info(part, pseudonym), plain) ? Encoding.UTF8.GetString(plain) : null;
    }

    /// <summary>What a regulator signs (ES256) to be given a sealed identity.</summary>
    public static byte[] RequestOf(string challenge, PartId part, string pseudonym, string reason)
    {
        ArgumentNullException.ThrowIfNull(part);
        return Encoding.UTF8.GetBytes($"touchmark regulator reveal v1\n{challenge}\n{part.Value}\n{pseudonym}\n{reason}");
    }

    private static byte[] Info(PartId part, string pseudonym)
    {
        ArgumentNullException.ThrowIfNull(part);
        return Encoding.ASCII.GetBytes($"touchmark sealed identity v1 {part.Value} {pseudonym}");
    }
}
