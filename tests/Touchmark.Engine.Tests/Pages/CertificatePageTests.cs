using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Keys;
using Touchmark.Engine.Tests.Server;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;

namespace Touchmark.Engine.Tests.Pages;

public sealed class CertificatePageTests
{
    [Fact]
    public async Task A_certificate_is_shown_and_handed_out_to_those_it_concerns_only()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var rival = await server.JoinAsync(Role.Oem, "Rival Works");
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        var id = await StoreAsync(server, oem, manufacturer);

        foreach (var person in new[] { oem, manufacturer })
        {
            using var browser = Signed(server, person);
            Assert.Contains($"/certificates/{id:D}", await browser.GetStringAsync("/"), StringComparison.Ordinal);
            var page = await browser.GetStringAsync($"/certificates/{id:D}");
            Assert.Contains("Certificate of Bracket", page, StringComparison.Ordinal);
            Assert.Contains(new string('a', 64), page, StringComparison.Ordinal);
            Assert.True(EvidenceFile.TryDecode(await browser.GetByteArrayAsync($"/certificates/{id:D}/file"), out _, out var problem), problem);
        }

        using var other = Signed(server, rival);
        using var refused = await other.GetAsync($"/certificates/{id:D}");
        using var refusedFile = await other.GetAsync($"/certificates/{id:D}/file");
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (refused.StatusCode, refusedFile.StatusCode));
    }

    private static HttpClient Signed(ServerFactory server, Person person)
    {
        var client = server.Client();
        client.DefaultRequestHeaders.Add("Cookie", $"{TokenAuthentication.Cookie}={person.Token}");
        return client;
    }

    private static async Task<Guid> StoreAsync(ServerFactory server, Person oem, Person manufacturer)
    {
        var design = await oem.NewDesignAsync();
        var licence = (await oem.GrantAsync(design, manufacturer)).IsGood().Id;
        var printer = await server.EnrolPrinterAsync(manufacturer);
        var account = (await manufacturer.GetAsync("/api/me")).Id;
        var (job, now) = (Guid.CreateVersion7(), server.Time.GetUtcNow());
        await using var work = await server.Database.BeginAsync(default);
        await JobStore.InsertAsync(work, new Job
        {
            Id = job,
            LicenceId = licence,
            PrintNumber = 1,
            DesignId = design,
            OwnerId = oem.OrganisationId,
            PrinterId = printer,
            OrganisationId = manufacturer.OrganisationId,
            Material = "PLA",
            Quality = "standard",
            State = JobState.Done,
            CreatedAt = now,
        }, account, default);
        var document = Certificate(job, licence, design, printer, now);
        var signed = await server.Services.GetRequiredService<EngineStatements>().SignAsync(work, document, null, default);
        await work.ExecuteAsync(
            """
            insert into certificates (id, job_id, licence_id, owner_id, organisation_id, part, printer, result, envelope, document, detached, licence_statement, enrolment_statement, slice_statement, issued_at)
            values (@CertificateId, @JobId, @LicenceId, @Owner, @Manufacturer, @PartName, @PrinterName, 'completed', @Envelope, @Document, 0, @Envelope, @Envelope, @Envelope, @EndedAt)
            """,
            new
            {
                document.CertificateId,
                document.JobId,
                document.LicenceId,
                Owner = oem.OrganisationId,
                Manufacturer = manufacturer.OrganisationId,
                document.PartName,
                document.PrinterName,
                Envelope = signed.Envelope.ToArray(),
                Document = signed.Document.ToArray(),
                document.EndedAt,
            }, default);
        await work.CommitAsync(default);
        return document.CertificateId;
    }

    private static PrintCertificate Certificate(Guid job, Guid licence, Guid design, Guid printer, DateTimeOffset now)
    {
        ReadOnlyMemory<byte> hash = Convert.FromHexString(new string('a', 64));
        return new PrintCertificate
        {
            CertificateId = Guid.CreateVersion7(),
            SessionId = Guid.CreateVersion7(),
            JobId = job,
            PartName = "Bracket",
            Material = "PLA",
            Quality = "standard",
            Owner = "Bracket Works",
            Manufacturer = "Print Shop",
            PrinterId = printer,
            PrinterName = "Bench 1",
            PrinterModel = "Bench Printer",
            MachineId = hash,
            ProfileSha256 = hash,
            LicenceId = licence,
            PrintNumber = 1,
            DesignId = design,
            DesignSha256 = hash,
            SliceSha256 = hash,
            Slicer = "PrusaSlicer 2.5.0",
            StartedAt = now,
            EndedAt = now,
            Result = PrintResult.Completed,
            EngineTransport = "ws",
            PrinterTransport = "ws",
            Exposure = new Exposure(2.5, 12),
            Temperatures = [new TemperatureRange("extruder", 24.5, 215.2)],
            Adjustments = [],
            Alerts = [],
            SegmentIvs = RandomNumberGenerator.GetBytes(2 * PrintCertificate.IvLength),
            ChainHead = hash,
            LicenceStatement = hash,
            EnrolmentStatement = hash,
            SliceStatement = hash,
        };
    }
}
