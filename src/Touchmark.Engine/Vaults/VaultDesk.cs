using System.Data.Common;
using System.Security.Cryptography;
using System.Threading.Channels;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Sessions;
using Touchmark.Engine.Slicing;
using Touchmark.Engine.Transparency;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Hosting.Storage;
using Touchmark.Streaming;
using Touchmark.Streaming.Wire;

namespace Touchmark.Engine.Vaults;

/// <summary>
/// Asks the vault beside a printer, through its gateway: for a bundle before a certificate is signed, which then refers to it, and for its endorsement afterwards. A bundle that does not come is not
/// waited for beyond <see cref="BundleLimit"/>: the certificate says so. An endorsement may come at any later time; it is asked for again whenever the gateway connects.
/// </summary>
internal sealed class VaultDesk(GatewayHub hub, Database database, Outbox outbox, FindingBook findings, TimeProvider time, ILogger<VaultDesk> log) : BackgroundService
{
    /// <summary>A gateway gives its vault 20 s.</summary>
    internal static readonly TimeSpan BundleLimit = TimeSpan.FromSeconds(25);

    private readonly Channel<(Guid Printer, TaskCompletionSource Done)> printers = Channel.CreateUnbounded<(Guid, TaskCompletionSource)>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Has the vault sign a bundle of a print that has ended, or gets the one that it signed before.</summary>
    public async Task<VaultWord> AskAsync(EnrolledPrinter printer, Job job, Slice slice, long gcodeBytes, SessionRecord record, CancellationToken cancel)
    {
        var order = new BundleOrder(job.Id, slice.Sha256, (ulong)gcodeBytes, slice.Slicer, job.Material, record.Started ?? record.Offered, record.Ended ?? record.Offered);
        if (!hub.HasVault(printer.Id))
        {
            return VaultWord.None;
        }

        var answer = hub.Find(printer.Id) is { } link ? await link.AskVaultAsync(job.Id, order.Encode(), BundleLimit, cancel) : null;
        if (answer is not { } frame)
        {
            return Silent("The printer's gateway did not hand on an answer of the vault in time.");
        }

        if (VaultRefusal.TryDecode(frame.Span) is { Code: VaultRefusal.NoVault })
        {
            return VaultWord.None;
        }

        if (BundleReport.TryDecode(frame.Span) is not { } report)
        {
            return Silent(VaultRefusal.TryDecode(frame.Span) is { } refusal ? $"{refusal.Code}: {refusal.Text}" : "The gateway's answer cannot be read.");
        }

        return Read<EvidenceBundle>(report.Bundle) is { } bundle && bundle.JobId == $"{job.Id:D}" && bundle.PrinterId == printer.Id && bundle.GCodeSha256.Span.SequenceEqual(slice.Sha256)
            ? new VaultWord(report.Bundle.ToArray(), new VaultReference(SHA256.HashData(report.Bundle.Span), bundle.VaultId), null)
            : Silent("What the gateway handed on is no bundle of this print on this printer.");

        VaultWord Silent(string why)
        {
            log.LogWarning("The vault beside printer {PrinterId} signed no bundle of job {JobId}: {Why}", printer.Id, job.Id, why);
            return new VaultWord(null, null, new Evidence.Documents.Alert(time.GetUtcNow(), "VAULT_SILENT", why));
        }
    }

    /// <summary>Keeps a bundle with the certificate that refers to it.</summary>
    public async Task KeepAsync(Transaction work, PrintCertificate certificate, byte[] bundle, CancellationToken cancel)
    {
        await outbox.EnterAsync(work, bundle, cancel);
        await work.ExecuteAsync(
            "insert into certificate_vaults (certificate_id, job_id, printer_id, bundle, made_at, findings_read) values (@CertificateId, @JobId, @PrinterId, @Bundle, @Now, true)",
            new { certificate.CertificateId, certificate.JobId, certificate.PrinterId, Bundle = bundle, Now = time.GetUtcNow() }, cancel);
        await FindingBook.EnterAsync(work, certificate.CertificateId, certificate.PrinterId, bundle, cancel);
    }

    /// <summary>Asks for the endorsements that are missing; nobody has to wait for it. Ends when they were asked for, whatever came of it.</summary>
    public Task EndorseAsync(Guid printerId)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return printers.Writer.TryWrite((printerId, done)) ? done.Task : Task.CompletedTask;
    }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        hub.Arrived += OnArrived;
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        hub.Arrived -= OnArrived;
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await CatchUpAsync(stoppingToken);
            await foreach (var (printer, done) in printers.Reader.ReadAllAsync(stoppingToken))
            {
                try
                {
                    await AskForMissingAsync(printer, stoppingToken);
                }
                catch (DbException failure)
                {
                    log.LogWarning(failure, "Endorsements of printer {PrinterId} could not be asked for; they are when its gateway connects again", printer);
                }
                finally
                {
                    done.TrySetResult();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The engine stops; what is missing is asked for when it is back.
        }
    }

    private async Task CatchUpAsync(CancellationToken cancel)
    {
        try
        {
            await findings.CatchUpAsync(cancel);
        }
        catch (DbException failure)
        {
            log.LogWarning(failure, "Findings of older bundles could not be entered; they are when the engine starts again");
        }
    }

    private void OnArrived(Guid printerId) => _ = EndorseAsync(printerId);

    private async Task AskForMissingAsync(Guid printerId, CancellationToken cancel)
    {
        var missing = await database.QueryAsync<Unendorsed>(
            """
            select certificate_vaults.certificate_id, certificate_vaults.job_id, certificate_vaults.bundle, certificates.envelope
            from certificate_vaults join certificates on certificates.id = certificate_vaults.certificate_id
            where certificate_vaults.printer_id = @PrinterId and certificate_vaults.endorsement is null order by certificate_vaults.made_at limit 100
            """, new { PrinterId = printerId }, cancel);
        foreach (var row in missing)
        {
            if (hub.Find(printerId) is not { } link)
            {
                return;
            }

            var order = new EndorsementOrder(row.JobId, row.CertificateId, SHA256.HashData(row.Envelope), SHA256.HashData(row.Bundle));
            if (await link.AskVaultAsync(row.JobId, order.Encode(), BundleLimit, cancel) is not { } frame)
            {
                return;
            }

            if (EndorsementReport.TryDecode(frame.Span) is { } report && IsOf(order, report))
            {
                await KeepAsync(row.CertificateId, report, cancel);
                continue;
            }

            log.LogWarning("The vault beside printer {PrinterId} did not endorse certificate {CertificateId}: {Why}", printerId, row.CertificateId,
                VaultRefusal.TryDecode(frame.Span) is { } refusal ? $"{refusal.Code}: {refusal.Text}" : "the gateway's answer is no endorsement of it");
        }
    }

    private async Task KeepAsync(Guid certificateId, EndorsementReport report, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        await outbox.EnterAsync(work, report.Endorsement, cancel);
        await outbox.EnterAsync(work, report.VaultCertificate, cancel);
        await work.ExecuteAsync("update certificate_vaults set endorsement = @Endorsement, vault_certificate = @Certificate where certificate_id = @Id",
            new { Id = certificateId, Endorsement = report.Endorsement.ToArray(), Certificate = report.VaultCertificate.ToArray() }, cancel);
        await work.CommitAsync(cancel);
        log.LogInformation("Certificate {CertificateId} is endorsed by the vault beside the printer", certificateId);
    }

    /// <summary>Whether the statements are about what was ordered. Who signed them is for those to judge who have pinned the customer's root.</summary>
    private static bool IsOf(EndorsementOrder order, EndorsementReport report) =>
        Read<CertificateEndorsement>(report.Endorsement) is { } endorsement && endorsement.CertificateId == order.CertificateId
        && endorsement.CertificateSha256.Span.SequenceEqual(order.CertificateSha256.Span) && endorsement.BundleSha256.Span.SequenceEqual(order.BundleSha256.Span)
        && Read<VaultCertificate>(report.VaultCertificate) is { } certificate && certificate.VaultId == endorsement.VaultId;

    internal static T? Read<T>(ReadOnlyMemory<byte> envelope)
        where T : class, IDocument<T> =>
        Statement.TryParse(envelope, out var statement, out _) && !statement.IsHashEnvelope && statement.ContentType == T.ContentType
            && Document.TryDecode<T>(statement.Payload, out var document, out _) ? document : null;

    private sealed record Unendorsed
    {
        public Guid CertificateId { get; init; }

        public Guid JobId { get; init; }

        public byte[] Bundle { get; init; } = [];

        public byte[] Envelope { get; init; } = [];
    }
}
