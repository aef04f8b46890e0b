using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>ECDSA on P-256 with SHA-256 (COSE ES256, RFC 9053): 64-byte signatures, r and s side by side (IEEE P1363).</summary>
public static class Es256
{
    public const int SignatureSize = 64;

    public static void Sign(P256PrivateKey key, ReadOnlySpan<byte> message, Span<byte> signature)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (signature.Length != SignatureSize)
            throw new ArgumentException($"Must be {SignatureSize} bytes, is {signature.Length}.", nameof(signature));
        lock (key.Gate)
        {
            if (!key.Signing.TrySignData(message, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation, out _))
                throw new CryptographicException("The platform could not sign with ES256.");
        }
    }

    /// <summary>False for anything but a valid signature, also for a key that is no point of the curve.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != SignatureSize || !P256.TryParameters(publicKey, out ECParameters? parameters))
            return false;
        using var key = ECDsa.Create(parameters.Value);
        return key.VerifyData(message, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }
}
