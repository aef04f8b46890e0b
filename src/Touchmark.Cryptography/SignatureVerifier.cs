using System.Security.Cryptography;

namespace Touchmark.Cryptography;

/// <summary>Checks a signature by any of the algorithms.</summary>
public static class SignatureVerifier
{
    /// <summary>
    /// Whether the signature is valid. Anything else is false and nothing throws: wrong lengths, unknown algorithms, points off the curve, Ed25519 without
    /// libsodium (ask <see cref="Ed25519.WhyNotSupported"/> beforehand).
    /// </summary>
    public static bool Verify(SignatureAlgorithm algorithm, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        try
        {
            return algorithm switch
            {
                SignatureAlgorithm.Ed25519 => Ed25519.IsSupported && Ed25519.Verify(publicKey, message, signature),
                SignatureAlgorithm.Es256 => Es256.Verify(publicKey, message, signature),
                SignatureAlgorithm.MlDsa65 => MlDsa65.Verify(publicKey, message, signature),
                _ => false,
            };
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
