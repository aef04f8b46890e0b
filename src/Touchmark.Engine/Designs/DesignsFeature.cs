using Touchmark.Engine.Accounts;
using Touchmark.Engine.Drawing;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Designs;

/// <summary>Designs: upload, check, seal, list.</summary>
internal static class DesignsFeature
{
    public static void AddDesigns(this IServiceCollection services)
    {
        services.AddSingleton<DesignLibrary>();
        services.AddSingleton<UploadQuota>();
        services.AddSingleton<DesignPictures>();
    }

    public static void MapDesigns(this WebApplication app)
    {
        app.MapDesignPages();
        app.MapPost("/api/designs", DesignUpload.PostAsync).For(Role.Oem).Produces<DesignView>(StatusCodes.Status201Created).WithRequestTimeout(RequestTime.Upload)
            .WithSummary("Upload a design as multipart/form-data: file (STL or 3MF), name, description.");
        app.MapGet("/api/designs", async (Caller caller, DesignLibrary library, CancellationToken cancel) =>
            (await library.ListAsync(caller, cancel)).Select(DesignView.Of)).For(Role.Oem, Role.Auditor, Role.Admin).WithSummary("List the designs of your organisation.");
        app.MapGet("/api/designs/{id:guid}", async (Guid id, Caller caller, DesignLibrary library, CancellationToken cancel) =>
            await library.FindAsync(id, cancel) is { } design && caller.MaySee(design.OrganisationId) ? Results.Ok(DesignView.Of(design)) : Refusal.NotFound("design"))
            .For(Role.Oem, Role.Auditor, Role.Admin).Produces<DesignView>().WithSummary("Show a design.");
        app.MapGet("/api/designs/{id:guid}/picture", async (Guid id, Caller caller, DesignPictures pictures, CancellationToken cancel) =>
            (await pictures.FindAsync(id, caller, cancel)).ToResult(picture => Results.Bytes(picture, Png.Type)))
            .For(Role.Oem, Role.Manufacturer, Role.Operator, Role.Auditor, Role.Admin).Produces<byte[]>(StatusCodes.Status200OK, Png.Type)
            .WithSummary("A small picture of a design, for its owner and for whoever can print it now.");
    }
}

/// <summary>A design as the API shows it.</summary>
internal sealed record DesignView(
    Guid Id, string Name, string Description, Guid OrganisationId, string Organisation, DesignFormat Format, long Bytes, string Sha256, long Facets, SizeMm SizeMm, double VolumeMm3, DateTimeOffset CreatedAt, string? Gtin)
{
    public static DesignView Of(Design design) => new(
        design.Id, design.Name, design.Description, design.OrganisationId, design.Organisation, design.Format, design.Bytes, Convert.ToHexStringLower(design.Sha256), design.Facets,
        new SizeMm(design.SizeXMm, design.SizeYMm, design.SizeZMm), design.VolumeMm3, design.CreatedAt, design.Gtin);
}

/// <summary>Extent of the bounding box, mm.</summary>
internal sealed record SizeMm(double X, double Y, double Z);
