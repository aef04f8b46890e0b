using System.Formats.Cbor;
using System.Security.Cryptography;
using Touchmark.Cryptography;

namespace Touchmark.Cli.Verification;

/// <summary>
/// Loads what a verification needs while the command line is still being read: the system's libraries and the code of the signatures take longer to get ready than to do their work once, and there
/// mostly is a second core. Nothing depends on it.
/// </summary>
internal static class Preload
{
    public static void Begin()
    {
        if (Environment.ProcessorCount > 1)
        {
            _ = Task.Run(Signatures);
            _ = Task.Run(Hashes);
        }
    }

    private static void Signatures()
    {
        // No signature is all zeros; it takes the way of a real one to find that out.
        SignatureVerifier.Verify(SignatureAlgorithm.MlDsa65, new byte[MlDsa65.PublicKeySize], [], new byte[MlDsa65.SignatureSize]);
        SignatureVerifier.Verify(SignatureAlgorithm.Ed25519, new byte[Ed25519.PublicKeySize], [], new byte[Ed25519.SignatureSize]);
    }

    private static void Hashes()
    {
        SHA256.HashData([]);
        new CborReader(new byte[] { 0x80 }).ReadStartArray();
    }
}
