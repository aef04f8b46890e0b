using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Touchmark.Cryptography;

namespace Touchmark.Vault.Ceremony;

/// <summary>A PKCS#10 request (RFC 2986) for a vault's primary key, for customers who certify devices in a PKI of their own. Nothing of ours depends on it.</summary>
internal static class CertificateSigningRequest
{
    public static string Create(ISigner signer, string customerId, Guid vaultId)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationName(customerId);
        subject.AddCommonName($"vault {vaultId:D}");
        var generator = new Generator(signer);
        return new CertificateRequest(subject.Build(), generator.PublicKey, HashAlgorithmName.SHA256).CreateSigningRequestPem(generator) + "\n";
    }

    /// <summary>Ed25519 by RFC 8410, ECDSA on P-256 by RFC 5480 and RFC 5758.</summary>
    private sealed class Generator(ISigner signer) : X509SignatureGenerator
    {
        private const string Ed25519Id = "1.3.101.112";
        private const string EcPublicKeyId = "1.2.840.10045.2.1";
        private const string P256Id = "1.2.840.10045.3.1.7";
        private const string EcdsaWithSha256Id = "1.2.840.10045.4.3.2";

        private bool IsEd25519 => signer.Algorithm == SignatureAlgorithm.Ed25519;

        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm)
        {
            var identifier = new AsnWriter(AsnEncodingRules.DER);
            using (identifier.PushSequence())
            {
                identifier.WriteObjectIdentifier(IsEd25519 ? Ed25519Id : EcdsaWithSha256Id);
            }

            return identifier.Encode();
        }

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm)
        {
            var signature = new byte[signer.Algorithm.SignatureSize()];
            signer.Sign(data, signature);
            if (IsEd25519)
            {
                return signature;
            }

            var both = new AsnWriter(AsnEncodingRules.DER);
            using (both.PushSequence())
            {
                both.WriteIntegerUnsigned(signature.AsSpan(0, signature.Length / 2));
                both.WriteIntegerUnsigned(signature.AsSpan(signature.Length / 2));
            }

            return both.Encode();
        }

        protected override PublicKey BuildPublicKey()
        {
            var info = new AsnWriter(AsnEncodingRules.DER);
            using (info.PushSequence())
            {
                using (info.PushSequence())
                {
                    info.WriteObjectIdentifier(IsEd25519 ? Ed25519Id : EcPublicKeyId);
                    if (!IsEd25519)
                    {
                        info.WriteObjectIdentifier(P256Id);
                    }
                }

                info.WriteBitString(signer.PublicKey.Span);
            }

            return PublicKey.CreateFromSubjectPublicKeyInfo(info.Encode(), out _);
        }
    }
}
