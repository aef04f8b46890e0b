using System.Diagnostics.CodeAnalysis;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Hosting.Storage;
using Touchmark.Log.Storage;
using Touchmark.Vault.Hsm;

namespace Touchmark.Vault.Manifest;

/// <summary>Who the vault is: the customer's root that it believes, and the certificate that the root has given it. A ceremony puts both into the data folder.</summary>
/// <param name="Trust">The root's keys, and nothing else.</param>
/// <param name="Certificate">What the root says of this vault.</param>
/// <param name="Envelope">The statement that says it.</param>
internal sealed record VaultIdentity(TrustStore Trust, VaultCertificate Certificate, ReadOnlyMemory<byte> Envelope)
{
    private const string TrustFile = "root.json";
    private const string CertificateFile = "certificate.cbor";

    private const int MostBytes = 1 << 20;

    /// <summary>What the vault signs as.</summary>
    public string Issuer => Issuers.OfVault(Certificate.VaultId);

    /// <summary>Whether the certificate is about these keys.</summary>
    public bool Fits(VaultKeys keys) => Is(Certificate.Keys.Primary, keys.Primary) && Is(Certificate.Keys.Shadow, keys.Shadow)
        && Is(Certificate.Keys.ManifestEd25519, keys.ManifestEd25519) && Is(Certificate.Keys.ManifestMlDsa65, keys.ManifestMlDsa65);

    /// <summary>Puts both where <see cref="TryLoad"/> finds them.</summary>
    public static void Save(string data, TrustStore trust, ReadOnlyMemory<byte> envelope)
    {
        DataFolder.Create(data);
        DurableFile.Write(Path.Combine(data, TrustFile), trust.ToJson());
        DurableFile.Write(Path.Combine(data, CertificateFile), envelope.Span);
    }

    /// <summary>False, and why, before the ceremony and when a file is not what it has to be.</summary>
    public static bool TryLoad(string data, DateTimeOffset now, [NotNullWhen(true)] out VaultIdentity? identity, [NotNullWhen(false)] out string? problem)
    {
        identity = null;
        if (Read(Path.Combine(data, TrustFile)) is not { } json || Read(Path.Combine(data, CertificateFile)) is not { } envelope)
        {
            problem = "no ceremony has given it a certificate";
            return false;
        }

        if (TrustStore.TryParse(json, out var trust, out problem))
        {
            var verdict = StatementVerifier.Verify<VaultCertificate>(new StatementPart(envelope, null), trust, now, out var certificate);
            problem = certificate is null ? $"its certificate does not verify: {verdict.Checks.First(check => check.Outcome == CheckOutcome.Failed).Words}" : null;
            identity = certificate is null ? null : new VaultIdentity(trust, certificate, envelope);
        }

        return identity is not null;
    }

    private static byte[]? Read(string file) => new FileInfo(file) is { Exists: true, Length: < MostBytes } ? File.ReadAllBytes(file) : null;

    private static bool Is(VaultKey certified, HeldKey held) =>
        certified.Algorithm == held.Signer.Algorithm && certified.PublicKey.Span.SequenceEqual(held.Signer.PublicKey.Span) && certified.Custody == (held.InToken ? KeyCustody.Token : KeyCustody.Software);
}
