using Touchmark.Cryptography;

namespace Touchmark.Gateway.Engine;

/// <summary>What proves that it is this gateway that asks: a signature (ES256) by the key that it enrolled with.</summary>
internal static class DeviceProof
{
    public static byte[] Sign(P256PrivateKey device, ReadOnlySpan<byte> message)
    {
        var proof = new byte[Es256.SignatureSize];
        new Es256Signer(device).Sign(message, proof);
        return proof;
    }
}
