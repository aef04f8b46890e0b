using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Transparency;
using Touchmark.Engine.Web;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Certificates;

/// <summary>Certificates: list them, show every field, hand out the file that verifies offline.</summary>
internal static class CertificatesFeature
{
    public static void AddCertificates(this IServiceCollection services) => services.AddSingleton<CertificateOffice>();

    public static void MapCertificates(this WebApplication app)
    {
        app.MapCertificatePages();
        app.MapGet("/api/certificates", async (Caller caller, CertificateOffice office, CancellationToken cancel) =>
            (await office.ListAsync(caller, cancel)).Select(CertificateSummary.Of)).ForAnyRole().WithSummary("List the certificates of what your organisation printed, or had printed.");
        app.MapGet("/api/certificates/{id:guid}", ShowAsync).ForAnyRole()
            .WithSummary("Show a certificate: every field as application/json, or as application/cbor the file that verifies offline.");
    }

    private static async Task<IResult> ShowAsync(Guid id, HttpRequest request, Caller caller, CertificateOffice office, EvidenceFiles files, CancellationToken cancel)
    {
        if (await office.FindAsync(id, caller, cancel) is not { } certificate)
        {
            return Refusal.NotFound("certificate");
        }

        request.HttpContext.Response.Headers.Vary = HeaderNames.Accept;
        if (WantsFile(request))
        {
            return await FileAsync(certificate, files, cancel);
        }

        return Document.TryDecode<PrintCertificate>(certificate.Document, out var document, out var problem)
            ? Results.Ok(CertificateView.Of(document, certificate))
            : throw new InvalidDataException($"The stored certificate {id:D} is damaged: {problem}.");
    }

    /// <summary>The file that a customer keeps, with all that offline verification needs.</summary>
    public static async Task<IResult> FileAsync(StoredCertificate certificate, EvidenceFiles files, CancellationToken cancel) =>
        (await files.BuildAsync(certificate.Subject, certificate.Papers, cancel)).ToResult(file => Results.Bytes(file, EvidenceFile.MediaType, $"{certificate.Id:D}.touchmark"));

    private static bool WantsFile(HttpRequest request)
    {
        foreach (var range in request.GetTypedHeaders().Accept.OrderByDescending(range => range.Quality ?? 1))
        {
            if (range.MediaType.Equals("application/cbor", StringComparison.OrdinalIgnoreCase) || range.MediaType.Equals(EvidenceFile.MediaType, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }

            if (range.MatchesMediaType("application/json"))
            {
                return false;
            }
        }

        return false;
    }
}

internal sealed record CertificateSummary(Guid Id, Guid JobId, string Part, string Printer, string Result, DateTimeOffset IssuedAt)
{
    public static CertificateSummary Of(StoredCertificate row) => new(row.Id, row.JobId, row.Part, row.Printer, row.Result, row.IssuedAt);
}

/// <summary>Every field of a certificate; bytes as hexadecimal text, motion in s, temperatures in °C.</summary>
internal sealed record CertificateView(
    Guid Id, Guid SessionId, Guid JobId, string? PartId, string Part, string Material, string Quality, string Owner, string Manufacturer, Guid PrinterId, string Printer, string PrinterModel,
    string MachineId, string ProfileSha256, Guid LicenceId, long PrintNumber, Guid DesignId, string DesignSha256, string SliceSha256, string Slicer,
    DateTimeOffset StartedAt, DateTimeOffset EndedAt, DateTimeOffset IssuedAt, string Result, string? ResultReason, string EngineTransport, string PrinterTransport,
    Exposure Exposure, IReadOnlyList<TemperatureRange> Temperatures, IReadOnlyList<Adjustment> Adjustments, Challenges? Challenges, IReadOnlyList<Alert> Alerts, long Segments,
    IReadOnlyList<string> SegmentIvs, string ChainHead, string? SessionMac, string LicenceStatement, string EnrolmentStatement, string SliceStatement, string StatementSha256)
{
    public static CertificateView Of(PrintCertificate document, StoredCertificate row) => new(
        document.CertificateId, document.SessionId, document.JobId, document.PartId?.ToString(), document.PartName, document.Material, document.Quality, document.Owner, document.Manufacturer, document.PrinterId,
        document.PrinterName, document.PrinterModel, Hex(document.MachineId), Hex(document.ProfileSha256), document.LicenceId, document.PrintNumber, document.DesignId,
        Hex(document.DesignSha256), Hex(document.SliceSha256), document.Slicer, document.StartedAt, document.EndedAt, row.IssuedAt, PrintCertificate.NameOf(document.Result),
        document.ResultReason, document.EngineTransport, document.PrinterTransport, document.Exposure, document.Temperatures, document.Adjustments, document.Challenges, document.Alerts, document.Segments,
        [.. Enumerable.Range(0, (int)document.Segments).Select(segment => Hex(document.SegmentIvs.Slice(segment * PrintCertificate.IvLength, PrintCertificate.IvLength)))],
        Hex(document.ChainHead), MacOf(row), Hex(document.LicenceStatement), Hex(document.EnrolmentStatement), Hex(document.SliceStatement),
        Convert.ToHexStringLower(SHA256.HashData(row.Envelope)));

    private static string? MacOf(StoredCertificate row) => Statement.TryParse(row.Envelope, out var statement, out _) && statement.SessionMac is { } mac ? Hex(mac) : null;

    private static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexStringLower(bytes.Span);
}
