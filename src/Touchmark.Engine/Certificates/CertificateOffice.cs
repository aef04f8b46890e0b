using System.Security.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Analytics;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Parts;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Slicing;
using Touchmark.Engine.Vaults;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Statements;
using Touchmark.Hosting.Storage;
using Touchmark.Streaming;

namespace Touchmark.Engine.Certificates;

/// <summary>Everything that a certificate is made of.</summary>
/// <param name="Job">What was ordered.</param>
/// <param name="Slice">What was streamed.</param>
/// <param name="Printer">Where.</param>
/// <param name="Transport">How the gateway was connected.</param>
/// <param name="End">How it ended.</param>
/// <param name="Record">The session's facts.</param>
/// <param name="Vault">What the vault beside the printer said of it.</param>
/// <param name="Mac">HMAC with the session's certificate key.</param>
internal sealed record PrintFacts(Job Job, Slice Slice, EnrolledPrinter Printer, string Transport, SessionEnd End, SessionRecord Record, VaultWord Vault, PrintFacts.MacFunction Mac)
{
    public delegate byte[] MacFunction(ReadOnlySpan<byte> document);
}

/// <summary>Makes, signs and keeps print certificates.</summary>
internal sealed class CertificateOffice(Database database, EngineStatements statements, DesignLibrary designs, LicenceLedger licences, VaultDesk vaults, TimeProvider time, ILogger<CertificateOffice> log)
{
    /// <summary>A gateway's words are in some texts; a certificate whose texts are longer than the document allows would be no certificate.</summary>
    private const int MaxText = 1000;

    /// <summary>Signs the certificate of a session from which at least one segment left, whatever its end, and stores it in the transaction that ends its job.</summary>
    public async Task<Guid?> IssueAsync(Transaction work, PrintFacts facts, CancellationToken cancel)
    {
        var (job, now) = (facts.Job, time.GetUtcNow());
        var design = (await designs.FindAsync(job.DesignId, cancel))!;
        var licence = (await licences.FindAsync(job.LicenceId, cancel))!;
        var certificate = Write(Guid.CreateVersion7(now), facts, design, licence);
        ReadOnlyMemory<byte> document = Document.Encode(certificate);
        var signed = await statements.SignAsync(work, certificate, facts.Mac(document.Span), cancel);
        await work.ExecuteAsync(
            """
            insert into certificates (id, job_id, licence_id, owner_id, organisation_id, part, printer, result, envelope, document, detached, licence_statement, enrolment_statement, slice_statement, issued_at)
            values (@Id, @JobId, @LicenceId, @OwnerId, @OrganisationId, @Part, @Printer, @Result, @Envelope, @Document, @Detached, @LicenceStatement, @EnrolmentStatement, @SliceStatement, @IssuedAt)
            """,
            new
            {
                Id = certificate.CertificateId,
                JobId = job.Id,
                job.LicenceId,
                job.OwnerId,
                job.OrganisationId,
                Part = certificate.PartName,
                Printer = certificate.PrinterName,
                Result = PrintCertificate.NameOf(certificate.Result),
                Envelope = signed.Envelope.ToArray(),
                Document = signed.Document.ToArray(),
                Detached = signed.IsDetached ? 1L : 0L,
                LicenceStatement = licence.Statement,
                EnrolmentStatement = facts.Printer.Statement,
                SliceStatement = facts.Slice.Statement,
                IssuedAt = now,
            }, cancel);
        if (facts.Vault.Bundle is { } bundle)
        {
            await vaults.KeepAsync(work, certificate, bundle, cancel);
        }

        await PrintCounts.AddAlertsAsync(work, certificate, job, cancel);
        await PartRegistry.EnterAsync(work, certificate, signed.Sha256, job, cancel);
        log.LogInformation("Certificate {CertificateId} issued for job {JobId}: {Result}", certificate.CertificateId, job.Id, PrintCertificate.NameOf(certificate.Result));
        return certificate.CertificateId;
    }

    /// <summary>The certificates of what the caller's organisation printed, or had printed; newest first, those before one of them, and so many.</summary>
    public Task<IReadOnlyList<StoredCertificate>> ListAsync(Caller caller, CancellationToken cancel, int most = 500, Guid? before = null) => database.QueryAsync<StoredCertificate>(
        "select id, job_id, owner_id, organisation_id, part, printer, result, issued_at from certificates where "
        + (caller.SeesEverything ? "id < @Before " : OwnRows.Newest("certificates")) + "order by id desc limit @Most",
        new { Organisation = caller.OrganisationId, Before = before ?? Guid.AllBitsSet, Most = most }, cancel);

    /// <summary>The certificates of some prints, whoever asks.</summary>
    public async Task<IReadOnlyList<StoredCertificate>> ListOfJobsAsync(IReadOnlyList<Guid> jobs, CancellationToken cancel) => jobs.Count == 0 ? [] : await database.QueryAsync<StoredCertificate>(
        "select id, job_id, owner_id, organisation_id, part, printer, result, issued_at from certificates where " + database.Dialect.IsAnyOf("job_id", "@Jobs") + " order by id desc", new { Jobs = jobs.Select(id => $"{id:D}").ToArray() }, cancel);

    /// <summary>A certificate, whoever asks.</summary>
    public Task<StoredCertificate?> FindAsync(Guid id, CancellationToken cancel) => database.FirstOrDefaultAsync<StoredCertificate>(
        """
        select certificates.*, licences.revocation_statement, certificate_vaults.bundle, certificate_vaults.endorsement, certificate_vaults.vault_certificate
        from certificates join licences on licences.id = certificates.licence_id left join certificate_vaults on certificate_vaults.certificate_id = certificates.id where certificates.id = @Id
        """, new { Id = id }, cancel);

    public async Task<StoredCertificate?> FindAsync(Guid id, Caller caller, CancellationToken cancel) =>
        await FindAsync(id, cancel) is { } found && (caller.MaySee(found.OrganisationId) || caller.MaySee(found.OwnerId)) ? found : null;

    private static PrintCertificate Write(Guid id, PrintFacts facts, Design design, Licence licence)
    {
        var (job, slice, printer, record) = (facts.Job, facts.Slice, facts.Printer, facts.Record);
        var profile = record.Profile ?? printer.Profile;
        return new PrintCertificate
        {
            CertificateId = id,
            SessionId = record.SessionId,
            JobId = job.Id,
            PartName = design.Name,
            Material = job.Material,
            Quality = job.Quality,
            Owner = design.Organisation,
            Manufacturer = printer.Organisation,
            PrinterId = printer.Id,
            PrinterName = printer.Name,
            PrinterModel = printer.Model,
            MachineId = profile.MachineId(),
            ProfileSha256 = SHA256.HashData(profile.Encode()),
            LicenceId = job.LicenceId,
            PrintNumber = job.PrintNumber,
            DesignId = design.Id,
            DesignSha256 = design.Sha256,
            SliceSha256 = slice.Sha256,
            Slicer = slice.Slicer,
            StartedAt = record.Started ?? record.Offered,
            EndedAt = record.Ended ?? record.Offered,
            Result = ResultOf(facts.End.Reason),
            PartId = facts.End.Reason == EndReason.Completed ? PartId.Create() : null,
            ResultReason = facts.End.Reason == EndReason.Completed ? null : facts.End.Code,
            EngineTransport = facts.Transport,
            PrinterTransport = record.PrinterTransport,
            Exposure = new Exposure(record.MaxExposure, record.MaxSegmentsOut),
            Temperatures = [.. Temperatures(record)],
            Adjustments = [.. record.Adjustments.Select(change => new Evidence.Documents.Adjustment(
                change.Time, change.What, change.From, change.To, change.By, change.Why.Length > 0 ? Cut(change.Why) : null))],
            Challenges = record.Challenges is { Asked: > 0 } tally ? new Challenges(tally.Asked, tally.Answered, tally.Missed) : null,
            Alerts = [.. record.Alerts.Select(alert => new Evidence.Documents.Alert(alert.Time, alert.Code, Cut(alert.Text))), .. Reasons(facts.End, record.Ended ?? record.Offered), .. facts.Vault.Alert is { } silent ? [silent with { Text = Cut(silent.Text) }] : Array.Empty<Evidence.Documents.Alert>()],
            SegmentIvs = record.Ivs,
            ChainHead = record.ChainHead,
            LicenceStatement = SHA256.HashData(licence.Statement),
            EnrolmentStatement = SHA256.HashData(printer.Statement),
            SliceStatement = SHA256.HashData(slice.Statement),
            Vault = facts.Vault.Reference,
        };
    }

    /// <summary>The sentence behind the code of an ending, and, where telemetry was not believed, the samples, so that the suspicion can be judged.</summary>
    private static IEnumerable<Evidence.Documents.Alert> Reasons(SessionEnd end, DateTimeOffset at)
    {
        if (end.Reason != EndReason.Completed)
        {
            yield return new(at, end.Code, Cut(end.Text));
        }

        foreach (var sample in end.Evidence)
        {
            yield return new(at, "PROXY_EVIDENCE", FormattableString.Invariant(
                $"At {sample.EventTime:F3} s of its clock the printer reported X {sample.X:F3} Y {sample.Y:F3} Z {sample.Z:F3} mm and {sample.E:F3} mm of filament, {sample.DistanceMm:F3} mm from the plan."));
        }
    }

    private static string Cut(string text) => text.Length <= MaxText ? text : text[..MaxText];

    private static IEnumerable<Evidence.Documents.TemperatureRange> Temperatures(SessionRecord record)
    {
        foreach (var (heater, range) in new[] { ("extruder", record.Nozzle), ("heater_bed", record.Bed), ("chamber", record.Chamber) })
        {
            if (range is { } seen)
            {
                yield return new(heater, seen.MinC, seen.MaxC);
            }
        }
    }

    private static PrintResult ResultOf(EndReason reason) => reason switch
    {
        EndReason.Completed => PrintResult.Completed,
        EndReason.Cancelled => PrintResult.Cancelled,
        EndReason.Revoked => PrintResult.Revoked,
        EndReason.ProxySuspected => PrintResult.ProxySuspected,
        _ => PrintResult.Failed,
    };
}

/// <summary>A certificate as it is kept.</summary>
internal sealed record StoredCertificate
{
    public Guid Id { get; init; }

    public Guid JobId { get; init; }

    public Guid OwnerId { get; init; }

    public Guid OrganisationId { get; init; }

    public string Part { get; init; } = "";

    public string Printer { get; init; } = "";

    public string Result { get; init; } = "";

    public DateTimeOffset IssuedAt { get; init; }

    public byte[] Envelope { get; init; } = [];

    public byte[] Document { get; init; } = [];

    /// <summary>1: the envelope holds the document's hash only.</summary>
    public long Detached { get; init; }

    public byte[] LicenceStatement { get; init; } = [];

    public byte[] EnrolmentStatement { get; init; } = [];

    public byte[] SliceStatement { get; init; } = [];

    public byte[]? RevocationStatement { get; init; }

    /// <summary>What the vault beside the printer signed of the print; null where there was none.</summary>
    public byte[]? Bundle { get; init; }

    /// <summary>Its counter-signature, once it came.</summary>
    public byte[]? Endorsement { get; init; }

    public byte[]? VaultCertificate { get; init; }

    public StatementPart Subject => new(Envelope, Detached == 1 ? (ReadOnlyMemory<byte>?)Document : null);

    /// <summary>What it refers to, and a revocation of its licence: what its evidence file holds beside it.</summary>
    public IReadOnlyList<StatementPart> Papers =>
        [.. new[] { LicenceStatement, EnrolmentStatement, SliceStatement, RevocationStatement, Bundle, Endorsement, VaultCertificate }.OfType<byte[]>().Select(envelope => new StatementPart(envelope, null))];
}
