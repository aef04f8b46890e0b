using Touchmark.Engine.Accounts;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Transparency;
using Touchmark.Evidence.Documents;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Certificates;

/// <summary>The pages of certificates: the list, one with every field, and its evidence file.</summary>
internal static class CertificatePages
{
    public static void MapCertificatePages(this WebApplication app)
    {
        var pages = app.MapPagesFor(Role.Oem, Role.Manufacturer, Role.Operator, Role.Auditor, Role.Admin);
        pages.MapGet("/certificates", ListAsync);
        pages.MapGet("/certificates/{id:guid}", ShowAsync);
        pages.MapGet("/certificates/{id:guid}/file", async (Guid id, Visit visit, CertificateOffice office, EvidenceFiles files, CancellationToken cancel) =>
            await office.FindAsync(id, visit.Caller, cancel) is { } certificate ? await CertificatesFeature.FileAsync(certificate, files, cancel) : visit.Refuse(Refusal.NotFound("certificate")));
    }

    private static async Task<IResult> ListAsync(Guid? before, Visit visit, CertificateOffice office, CancellationToken cancel)
    {
        var page = ListPage.Of(await office.ListAsync(visit.Caller, cancel, ListPage.Asked, before), certificate => certificate.Id, before, "/certificates");
        return visit.Show<CertificatesPage>(new CertificatesModel([.. page.Rows.Select(CertificateRow.Of)], page.Newer, page.Older));
    }

    private static async Task<IResult> ShowAsync(Guid id, Visit visit, CertificateOffice office, CancellationToken cancel)
    {
        if (await office.FindAsync(id, visit.Caller, cancel) is not { } stored)
        {
            return visit.Refuse(Refusal.NotFound("certificate"));
        }

        if (!Document.TryDecode<PrintCertificate>(stored.Document, out var document, out var problem))
        {
            throw new InvalidDataException($"The stored certificate {id:D} is damaged: {problem}.");
        }

        return visit.Show<CertificatePage>(new CertificateModel(id, stored.Part, document.PartId?.Value, CertificateTables.Of(CertificateView.Of(document, stored))));
    }
}

/// <summary>A certificate in a list.</summary>
public sealed record CertificateRow(Guid Id, string Part, string Printer, string Result, string Tone, DateTimeOffset IssuedAt)
{
    internal static CertificateRow Of(StoredCertificate row) =>
        new(row.Id, row.Part, row.Printer, row.Result, row.Result == PrintCertificate.NameOf(PrintResult.Completed) ? "good" : "bad", row.IssuedAt);
}

/// <summary>A page of the list.</summary>
public sealed record CertificatesModel(IReadOnlyList<CertificateRow> Rows, string? Newer, string? Older);

/// <summary>One certificate.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Part">The name of what was printed.</param>
/// <param name="PartId">The part's id, where a part came of it.</param>
/// <param name="Tables">Every field.</param>
public sealed record CertificateModel(Guid Id, string Part, string? PartId, IReadOnlyList<PageTable> Tables);
