using Touchmark.Cryptography;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Vault.Hsm;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Tests.Server;

/// <summary>A customer with a root, who certifies vaults without ceremony.</summary>
internal sealed class Customer : IDisposable
{
    public const string Id = "falkner.example";

    private readonly Ed25519Signer ed25519 = new(Seed(1));
    private readonly MlDsa65Signer mlDsa65 = new(Seed(2));

    public StatementSigner Root => new(ed25519, mlDsa65, Issuers.OfCustomer(Id));

    public TrustStore Trust => new(
    [
        new(Issuers.OfCustomer(Id), ed25519.Algorithm, ed25519.PublicKey, DateTimeOffset.UnixEpoch, null),
        new(Issuers.OfCustomer(Id), mlDsa65.Algorithm, mlDsa65.PublicKey, DateTimeOffset.UnixEpoch, null),
    ]);

    /// <summary>Puts a certificate of these keys into a vault's data folder.</summary>
    public VaultCertificate Certify(string data, VaultKeys keys, DateTimeOffset now)
    {
        var certificate = new VaultCertificate
        {
            VaultId = Guid.CreateVersion7(now),
            CustomerId = Id,
            PrinterId = Guid.CreateVersion7(now),
            RequestSha256 = new byte[32],
            Keys = new VaultKeySet(Of(keys.Primary), Of(keys.Shadow), Of(keys.ManifestEd25519), Of(keys.ManifestMlDsa65)),
            Token = new TokenFacts("Touchmark", "memory", "1", "tests"),
            ValidFrom = now,
        };
        VaultIdentity.Save(data, Trust, Root.Sign(certificate, now).Envelope);
        return certificate;
    }

    public void Dispose()
    {
        ed25519.Dispose();
        mlDsa65.Dispose();
    }

    private static byte[] Seed(byte fill)
    {
        var seed = new byte[32];
        seed.AsSpan().Fill(fill);
        return seed;
    }

    private static VaultKey Of(HeldKey key) => new(key.Signer.Algorithm, key.Signer.PublicKey, key.InToken ? KeyCustody.Token : KeyCustody.Software);
}
