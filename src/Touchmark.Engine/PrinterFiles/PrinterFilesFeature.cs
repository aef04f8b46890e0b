using Touchmark.Engine.Accounts;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Printers;
using Touchmark.Engine.PrinterTokens;
using Touchmark.Engine.Slicing;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.PrinterFiles;

/// <summary>Sealed files: made for people, opened for printers.</summary>
internal static class PrinterFilesFeature
{
    private const int MostListed = 500;

    public static void AddPrinterFiles(this IServiceCollection services)
    {
        services.AddSingleton<SealedFiles>();
        services.AddSingleton<KeyRelease>();
    }

    public static void MapPrinterFiles(this WebApplication app)
    {
        app.MapPost("/api/printers/{id:guid}/files", MakeAsync).For(Role.Manufacturer, Role.Operator).Produces(StatusCodes.Status200OK, contentType: "application/octet-stream").WithRequestTimeout(RequestTime.Upload)
            .WithSummary("Slice a licensed design for a printer, and get it as a file that only this printer prints. Takes no print.");
        app.MapGet("/api/printers/{id:guid}/files", async (Guid id, Caller caller, PrinterFleet fleet, SealedFiles files, CancellationToken cancel) =>
            await fleet.FindAsync(id, cancel) is { } printer && caller.MaySee(printer.OrganisationId) ? Results.Ok(await files.ListAsync(id, MostListed, cancel)) : Refusal.NotFound("printer"))
            .ForAnyRole().WithSummary($"List the last {MostListed} files that were sealed for a printer, newest first.");
        app.MapPost("/api/printer-keys/unwrap", async (UnwrapRequest request, PrinterCaller caller, KeyRelease release, CancellationToken cancel) =>
            (await release.ReleaseAsync(caller.Printer, request.FileId, request.PrintId, cancel)).ToResult(Results.Ok)).ForPrinters().Produces<ReleasedKey>()
            .WithSummary("Get the key of a sealed file for one print (called by the gateway): counts the print.");
        app.MapPost("/api/printer-keys/prints/{id:guid}/end", async (Guid id, EndRequest request, PrinterCaller caller, KeyRelease release, CancellationToken cancel) =>
            (await release.EndAsync(caller.Printer, id, request.Outcome, cancel)).ToResult(Results.Ok)).ForPrinters().Produces<EndedPrint>()
            .WithSummary("Report the end of a print (called by the gateway): its id opens nothing any more.");
    }

    private static async Task<IResult> MakeAsync(
        Guid id, FileRequest request, Caller caller, PrinterFleet fleet, LicenceLedger licences, Slicer slicer, SealedFiles files, CancellationToken cancel)
    {
        if (await fleet.FindAsync(id, cancel) is not { } printer || printer.OrganisationId != caller.OrganisationId)
        {
            return Refusal.NotFound("printer");
        }

        if (printer.WhyNotPrint() is { } refusal
            || !SlicerProfile.Create(printer.Profile, request.Material, request.Quality).Has(out var profile, out refusal)
            || !(await licences.CheckAsync(request.LicenceId, new PrintRequest(id, printer.OrganisationId, profile.Material.Name, profile.Quality.Name), cancel)).Has(out var licence, out refusal)
            || !(await slicer.SliceAsync(licence.DesignId, printer, profile.Material.Name, profile.Quality.Name, () => Task.CompletedTask, _ => { }, cancel)).Has(out var slice, out refusal)
            || !(await files.MakeAsync(slice, printer, new SealedFileTerms(request.Name ?? licence.DesignName) { LicenceId = licence.Id }, caller, cancel)).Has(out var file, out refusal))
        {
            return refusal;
        }

        return files.Answer(file, cancel);
    }
}

/// <summary>A file to seal for a printer. Without a name it gets the design's.</summary>
internal sealed record FileRequest(Guid LicenceId, string Material, string Quality, string? Name = null);

/// <summary>Of which file the key is wanted, and for which print.</summary>
internal sealed record UnwrapRequest(Guid FileId, Guid PrintId);

/// <summary>How a print ended.</summary>
internal sealed record EndRequest(PrintOutcome Outcome);
