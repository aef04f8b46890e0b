using System.Globalization;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Certificates;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Printers;
using Touchmark.Evidence.Documents;

namespace Touchmark.Engine.Pages;

/// <summary>What the home page lists, by role.</summary>
internal sealed class HomeTables(DesignLibrary designs, LicenceLedger licences, PrinterFleet printers, JobStore jobs, CertificateOffice certificates)
{
    public async Task<IReadOnlyList<PageTable>> ForAsync(Caller caller, CancellationToken cancel)
    {
        var tables = new List<PageTable>();
        if (caller.Role is Role.Oem || caller.SeesEverything)
        {
            tables.Add(Designs(await designs.ListAsync(caller, cancel)));
        }

        tables.Add(Licences(await licences.ListAsync(caller, cancel)));
        if (caller.Role is not Role.Oem)
        {
            tables.Add(Printers(await printers.ListAsync(caller, cancel)));
        }

        tables.Add(Jobs(await jobs.ListAsync(caller, cancel)));
        tables.Add(Certificates(await certificates.ListAsync(caller, cancel)));
        return tables;
    }

    internal static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static PageTable Designs(IReadOnlyList<Design> rows) => new(
        "Designs", "No design yet: upload one with touchmark design upload.", ["Name", "Format", "Size", "Volume", "Uploaded"],
        [.. rows.Select(design => new PageCell[]
        {
            design.Name,
            design.Format == DesignFormat.Stl ? "STL" : "3MF",
            string.Create(CultureInfo.InvariantCulture, $"{design.SizeXMm:0.#} × {design.SizeYMm:0.#} × {design.SizeZMm:0.#} mm"),
            string.Create(CultureInfo.InvariantCulture, $"{design.VolumeMm3 / 1000:0.##} cm³"),
            Time(design.CreatedAt),
        })]);

    private static PageTable Licences(IReadOnlyList<Licence> rows) => new(
        "Licences", "No licence yet.", ["Design", "Owner", "Prints left", "Materials", "Terms", "Until", "State"],
        [.. rows.Select(licence => new PageCell[]
        {
            licence.DesignName,
            licence.Organisation,
            string.Create(CultureInfo.InvariantCulture, $"{licence.Prints - licence.Taken} of {licence.Prints}"),
            licence.Of(LicenceScope.Material).ToList() is { Count: > 0 } materials ? string.Join(", ", materials) : "any",
            Terms(licence),
            licence.ExpiresAt is { } expires ? Time(expires) : "no end",
            licence.RevokedAt is { } revoked ? $"revoked {Time(revoked)}" : "granted",
        })]);

    private static string Terms(Licence licence) => string.Join("; ", new[]
    {
        licence.RevocationPolicy == RevocationPolicy.AtOnce ? "stops when revoked" : "finishes when revoked",
        string.Create(CultureInfo.InvariantCulture, $"slower by up to {licence.MaxSlowdownPercent:0.##} %"),
        string.Create(CultureInfo.InvariantCulture, $"heat changed by up to {licence.MaxTemperatureTrimC:0.##} °C"),
        licence.AllowScriptStore ? "also where Moonraker keeps scripts" : null,
        licence.AllowNoDeadMan ? "also without a dead-man timer" : null,
    }.OfType<string>());

    private static PageTable Printers(IReadOnlyList<EnrolledPrinter> rows) => new(
        "Printers", "No printer yet: make a pairing code, and enrol one with touchmark-gateway enrol.", ["Name", "Model", "Build volume", "Nozzle", "Enrolled", "State"],
        [.. rows.Select(printer => new PageCell[]
        {
            printer.Name,
            printer.Model,
            string.Create(CultureInfo.InvariantCulture,
                $"{printer.Profile.Limits.MaxX - printer.Profile.Limits.MinX:0} × {printer.Profile.Limits.MaxY - printer.Profile.Limits.MinY:0} × {printer.Profile.Limits.MaxZ - printer.Profile.Limits.MinZ:0} mm"),
            string.Create(CultureInfo.InvariantCulture, $"to {printer.Profile.Limits.MaxNozzleC:0} °C"),
            Time(printer.EnrolledAt),
            printer.RevokedAt is null ? "enrolled" : "revoked",
        })]);

    private static PageTable Jobs(IReadOnlyList<Job> rows) => new(
        "Jobs", "No job yet: start one with touchmark job start.", ["Design", "Printer", "Material", "State", "Ordered", "Ended"],
        [.. rows.Select(job => new PageCell[]
        {
            job.DesignName,
            job.PrinterName,
            $"{job.Material}, {job.Quality}",
            job.State.ToString().ToLowerInvariant() + (JobStore.FailureOf(job) is { } failure ? $": {failure.Text}" : ""),
            Time(job.CreatedAt),
            job.EndedAt is { } ended ? Time(ended) : "",
        })]);

    private static PageTable Certificates(IReadOnlyList<StoredCertificate> rows) => new(
        "Certificates", "No certificate yet.", ["Part", "Printer", "Result", "Issued"],
        [.. rows.Select(row => new PageCell[] { new(row.Part, $"/certificates/{row.Id:D}"), row.Printer, row.Result, Time(row.IssuedAt) })]);
}
