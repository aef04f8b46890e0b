using Microsoft.AspNetCore.Antiforgery;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Drawing;
using Touchmark.Engine.Jobs;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Designs;

/// <summary>The pages of designs: the list, the upload, and one design with who may print it.</summary>
internal static class DesignPages
{
    public static void MapDesignPages(this WebApplication app)
    {
        var pages = app.MapPagesFor(Role.Oem, Role.Auditor, Role.Admin);
        pages.MapGet("/designs", ListAsync);
        pages.MapGet("/designs/{id:guid}", ShowAsync);
        app.MapPagesFor(Role.Oem, Role.Manufacturer, Role.Operator, Role.Auditor, Role.Admin).MapGet("/designs/{id:guid}/picture.png", PictureAsync);
        var owner = app.MapPagesFor(Role.Oem);
        owner.MapGet("/designs/new", (Visit visit, EngineOptions options) => visit.Show<NewDesignPage>(NewDesignModel.Of(options)));
        // Not a form as others: the file is read as it arrives, and the token before it.
        owner.MapPost("/designs/new", AddAsync).WithRequestTimeout(RequestTime.Upload).DisableAntiforgery();
    }

    private static async Task<IResult> ListAsync(string? q, Guid? before, Visit visit, DesignLibrary library, CancellationToken cancel)
    {
        var search = q?.Trim() ?? "";
        var page = ListPage.Of(
            await library.ListAsync(visit.Caller, cancel, search, before, ListPage.Asked), design => design.Id, before, "/designs", search.Length > 0 ? $"q={Uri.EscapeDataString(search)}" : "");
        return visit.Show<DesignsPage>(new DesignsModel([.. page.Rows.Select(DesignRow.Of)], search, visit.Caller.Role == Role.Oem, visit.Caller.SeesEverything, page.Newer, page.Older));
    }

    private static async Task<IResult> ShowAsync(Guid id, Visit visit, DesignLibrary library, LicenceLedger licences, JobStore jobs, JobFeed feed, TimeProvider time, CancellationToken cancel)
    {
        if (await library.FindAsync(id, cancel) is not { } design || !visit.Caller.MaySee(design.OrganisationId))
        {
            return visit.Refuse(Refusal.NotFound("design"));
        }

        return visit.Show<DesignPage>(new DesignPageModel(
            DesignRow.Of(design), design.Description, design.Organisation, Convert.ToHexStringLower(design.Sha256), design.Facets, design.Gtin,
            [.. (await licences.ListOfDesignAsync(id, cancel)).Select(licence => LicenceRow.Of(licence, time.GetUtcNow()))],
            [.. (await jobs.ListOfDesignAsync(id, 10, cancel)).Select(job => JobRow.Of(JobView.Of(job, feed.Read(job.Id))))],
            CanLicense: visit.Caller.Role == Role.Oem && visit.Caller.OrganisationId == design.OrganisationId));
    }

    private static async Task<IResult> PictureAsync(Guid id, Visit visit, HttpResponse response, DesignPictures pictures, CancellationToken cancel)
    {
        if (!(await pictures.FindAsync(id, visit.Caller, cancel)).Has(out var picture, out _))
        {
            return Results.NotFound();
        }

        // A list of fifty asks for fifty of them: a browser asks once an hour.
        response.Headers.CacheControl = "private, max-age=3600, immutable";
        return Results.Bytes(picture, Png.Type);
    }

    private static async Task<IResult> AddAsync(HttpContext context, Visit visit, DesignLibrary library, UploadQuota quota, EngineOptions options, IAntiforgery antiforgery, CancellationToken cancel)
    {
        if ((await DesignUpload.ReadAsync(context, visit.Caller, library, quota, options, antiforgery, cancel)).Has(out var design, out var refusal))
        {
            return Results.Redirect($"/designs/{design.Id:D}");
        }

        return visit.Show<NewDesignPage>(NewDesignModel.Of(options), refusal);
    }
}

/// <summary>A design in a list.</summary>
public sealed record DesignRow(Guid Id, string Name, string Organisation, string Format, string Size, string Volume, string File, bool HasPicture, DateTimeOffset CreatedAt)
{
    internal static DesignRow Of(Design design) => new(
        design.Id, design.Name, design.Organisation, design.Format == DesignFormat.Stl ? "STL" : "3MF", Say.Size(design.SizeXMm, design.SizeYMm, design.SizeZMm), Say.Volume(design.VolumeMm3), Say.Bytes(design.Bytes), design.Pictures > 0, design.CreatedAt);
}

/// <summary>A page of the list.</summary>
public sealed record DesignsModel(IReadOnlyList<DesignRow> Rows, string Search, bool CanAdd, bool ShowsOwner, string? Newer, string? Older);

/// <param name="MostBytes">A model may have.</param>
/// <param name="MostFacets">A model may have.</param>
/// <param name="MostMm">A model may measure along an axis.</param>
public sealed record NewDesignModel(long MostBytes, long MostFacets, double MostMm)
{
    internal static NewDesignModel Of(EngineOptions options) => new(options.DesignBytes, ModelLimits.Facets, ModelLimits.ExtentMm);
}

/// <summary>A design, and what became of it.</summary>
public sealed record DesignPageModel(
    DesignRow Row, string Description, string Organisation, string Sha256, long Facets, string? Gtin, IReadOnlyList<LicenceRow> Licences, IReadOnlyList<JobRow> Jobs, bool CanLicense);
