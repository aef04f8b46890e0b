using System.Security.Cryptography;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Vaults;

/// <summary>The findings in the bundles that certificates refer to, as far as this engine was told what became of them.</summary>
internal sealed class FindingBook(Database database)
{
    /// <summary>A signal with this score or more is a finding, as the vault has it (spec/bundle.md).</summary>
    private const double Finding = 0.5;

    private const string Columns =
        "select vault_findings.*, printers.name as printer, certificates.part, accounts.email as reviewer from vault_findings join printers on printers.id = vault_findings.printer_id "
        + "join certificates on certificates.id = vault_findings.certificate_id left join accounts on accounts.id = vault_findings.account_id ";

    /// <summary>Enters the findings of a bundle in the transaction that keeps it.</summary>
    public static async Task EnterAsync(Transaction work, Guid certificateId, Guid printerId, byte[] bundle, CancellationToken cancel)
    {
        if (VaultDesk.Read<EvidenceBundle>(bundle) is not { } said)
        {
            return;
        }

        foreach (var signal in said.Signals.Where(signal => signal.Score >= Finding).DistinctBy(signal => signal.Name))
        {
            await work.ExecuteAsync(
                """
                insert into vault_findings (bundle_id, signal, bundle_sha256, certificate_id, printer_id, score, reason, signed_at, state)
                values (@BundleId, @Name, @Sha256, @CertificateId, @PrinterId, @Score, @Reason, @SignedAt, 0) on conflict do nothing
                """,
                new { said.BundleId, signal.Name, Sha256 = SHA256.HashData(bundle), CertificateId = certificateId, PrinterId = printerId, signal.Score, signal.Reason, said.SignedAt }, cancel);
        }
    }

    /// <summary>Enters the findings of bundles that were kept before there was a table for them, once, a few at a time. What was decided of them at the vault meanwhile, only the vault knows: they are open here.</summary>
    public async Task CatchUpAsync(CancellationToken cancel)
    {
        const int AtOnce = 100;
        for (var read = AtOnce; read == AtOnce;)
        {
            await using var work = await database.BeginAsync(cancel);
            var rows = await work.QueryAsync<KeptBundle>("select certificate_id, printer_id, bundle from certificate_vaults where findings_read = false order by certificate_id limit @AtOnce", new { AtOnce }, cancel);
            foreach (var row in rows)
            {
                await EnterAsync(work, row.CertificateId, row.PrinterId, row.Bundle, cancel);
                await work.ExecuteAsync("update certificate_vaults set findings_read = true where certificate_id = @CertificateId", new { row.CertificateId }, cancel);
            }

            await work.CommitAsync(cancel);
            read = rows.Count;
        }
    }

    /// <summary>The newest first; all of them, or those in one state.</summary>
    public Task<IReadOnlyList<VaultFinding>> ListAsync(long? state, int most, CancellationToken cancel) => database.QueryAsync<VaultFinding>(
        $"{Columns}{(state is null ? "" : "where vault_findings.state = @State ")}order by vault_findings.signed_at desc, vault_findings.signal limit @Most", new { State = state, Most = most }, cancel);

    public Task<VaultFinding?> FindAsync(Guid bundleId, string signal, CancellationToken cancel) =>
        database.FirstOrDefaultAsync<VaultFinding>(Columns + "where vault_findings.bundle_id = @BundleId and vault_findings.signal = @Signal", new { BundleId = bundleId, Signal = signal }, cancel);

    private sealed record KeptBundle
    {
        public Guid CertificateId { get; init; }

        public Guid PrinterId { get; init; }

        public byte[] Bundle { get; init; } = [];
    }
}

internal sealed record VaultFinding
{
    /// <summary>In the order of their numbers.</summary>
    public static readonly IReadOnlyList<string> States = ["open", "accepted", "rejected"];

    public Guid BundleId { get; init; }

    public string Signal { get; init; } = "";

    public byte[] BundleSha256 { get; init; } = [];

    public Guid CertificateId { get; init; }

    public Guid PrinterId { get; init; }

    public string Printer { get; init; } = "";

    /// <summary>What was printed.</summary>
    public string Part { get; init; } = "";

    /// <summary>0.5 to 1.</summary>
    public double Score { get; init; }

    public string Reason { get; init; } = "";

    public DateTimeOffset SignedAt { get; init; }

    public long State { get; init; }

    /// <summary>By the e-mail address of today.</summary>
    public string? Reviewer { get; init; }

    public string? Comment { get; init; }

    public DateTimeOffset? DecidedAt { get; init; }

    /// <summary>The vault's signed decision.</summary>
    public byte[]? Statement { get; init; }
}
