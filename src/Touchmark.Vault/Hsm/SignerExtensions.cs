using Touchmark.Cryptography;

namespace Touchmark.Vault.Hsm;

internal static class SignerExtensions
{
    /// <summary>A new signature.</summary>
    public static byte[] Sign(this ISigner signer, ReadOnlySpan<byte> message)
    {
        var signature = new byte[signer.Algorithm.SignatureSize()];
        signer.Sign(message, signature);
        return signature;
    }
}
