using System.Globalization;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Drawing;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Previews;

/// <summary>The pages of slices: one that is being made, and one with its figures and its layers.</summary>
internal static class PreviewPages
{
    public static void MapPreviewPages(this WebApplication app)
    {
        var pages = app.MapPagesFor(Role.Oem, Role.Manufacturer, Role.Operator, Role.Auditor, Role.Admin);
        pages.MapGet("/slices/{id:guid}", ShowAsync);
        pages.MapGet("/slices/{id:guid}/layers/{number:int}.png", PictureAsync);
        var shop = app.MapPagesFor(Role.Manufacturer, Role.Operator);
        shop.MapPost("/catalogue/{licence:guid}/slice", StartAsync).AsForm();
        shop.MapGet("/slices/runs/{id:guid}", FollowAsync);
        shop.MapGet("/slices/runs/{id:guid}/live", (Guid id, HttpContext context, Caller caller, SliceRuns runs, RateLimits limits, CancellationToken cancel) =>
            runs.Find(id, caller).ToResult(run => limits.OpenStream(context, caller) is { } refusal ? refusal : TypedResults.ServerSentEvents(runs.WatchAsync(run, cancel)))).DisableRequestTimeout();
    }

    private static async Task<IResult> StartAsync(Guid licence, HttpContext context, Visit visit, SliceRuns runs, CatalogueDesk desk, CancellationToken cancel)
    {
        var form = PrintForm.Read(await context.Request.ReadFormAsync(cancel));
        Refusal? refusal = null;
        if (!Guid.TryParseExact(form.Printer, "D", out var printer))
        {
            refusal = PrintForm.NoPrinter;
        }
        else if ((await runs.StartAsync(new NewSlice(licence, printer, form.Material, form.Quality), visit.Caller, cancel)).Has(out var run, out refusal))
        {
            return Results.Redirect($"/slices/runs/{run.Id:D}");
        }

        return await CataloguePages.ShowAsync(licence, visit, desk, form, refusal, cancel);
    }

    private static IResult FollowAsync(Guid id, Visit visit, SliceRuns runs, Jobs.JobFeed feed)
    {
        if (!runs.Find(id, visit.Caller).Has(out var run, out var refusal))
        {
            return visit.Refuse(refusal);
        }

        if (run.Outcome is { } outcome && outcome.Has(out var slice, out refusal))
        {
            return Results.Redirect($"/slices/{slice.Id:D}?licence={run.LicenceId:D}");
        }

        return visit.Show<SliceRunPage>(new SliceRunModel(run.Id, run.LicenceId, run.Design, run.Printer, run.Terms, feed.Read(run.Id).Percent, run.EndedAt is null), run.EndedAt is null ? null : refusal);
    }

    private static async Task<IResult> ShowAsync(Guid id, Guid? licence, int? layer, Visit visit, PreviewDesk desk, PriceList prices, LicenceLedger licences, PrintChecks checks, CancellationToken cancel)
    {
        if (!(await desk.FindAsync(id, visit.Caller, cancel)).Has(out var seen, out var refusal))
        {
            return visit.Refuse(refusal);
        }

        var pictures = await desk.PicturesAsync(seen);
        var chosen = Nearest(pictures, layer ?? (pictures.Layers + 1) / 2);
        var print = visit.Caller.Role is Role.Manufacturer or Role.Operator && licence is { } from && await licences.FindAsync(from, visit.Caller, cancel) is { } found && found.DesignId == seen.Design.Id ? licence : null;
        var price = seen.Printer.OrganisationId == visit.Caller.OrganisationId ? await prices.FindAsync(seen.Printer.Id, cancel) : null;
        return visit.Show<SlicePage>(new SlicePageModel(
            id, seen.Design.Name, seen.Printer.Id, seen.Printer.Name, seen.Slice.Material, seen.Slice.Quality, seen.Slice.MotionS, seen.Record.FilamentMm, seen.MassG, pictures.Layers, pictures.PixelMm, seen.Slice.Slicer.Split(" sha256:")[0],
            seen.Slice.SlicedAt, price?.Of(seen.Slice.MotionS, seen.MassG), price is null && visit.Caller.Role == Role.Manufacturer && seen.Printer.OrganisationId == visit.Caller.OrganisationId,
            [.. pictures.Pictures.Select(picture => new SliceLayer(picture.Number, picture.Z.ToString("0.00", CultureInfo.InvariantCulture)))], chosen, print,
            print is { } under && seen.Printer.OrganisationId == visit.Caller.OrganisationId ? await checks.LookAsync(seen, under, cancel) : [], SeesPrinter: visit.Caller.MaySee(seen.Printer.OrganisationId) && visit.Caller.Role != Role.Oem, IsFine: seen.Grade == PreviewGrade.Fine));
    }

    private static async Task<IResult> PictureAsync(Guid id, int number, Visit visit, HttpResponse response, PreviewDesk desk, CancellationToken cancel)
    {
        if (!(await desk.FindAsync(id, visit.Caller, cancel)).Has(out var seen, out _) || (await desk.PicturesAsync(seen)).Pictures.FirstOrDefault(picture => picture.Number == number) is not { } found)
        {
            return Results.NotFound();
        }

        response.Headers.CacheControl = "private, max-age=3600, immutable";
        return Results.Bytes(found.Png, Png.Type);
    }

    /// <summary>The place, among those that are shown, of the one nearest to a layer.</summary>
    private static int Nearest(LayerPictures pictures, int layer) => pictures.Pictures.Count == 0 ? 0 : pictures.Pictures.Index().MinBy(entry => Math.Abs(entry.Item.Number - layer)).Index;
}

/// <summary>A slice that is being made.</summary>
public sealed record SliceRunModel(Guid Id, Guid LicenceId, string Design, string Printer, string Terms, int Percent, bool IsRunning);

/// <summary>A layer that can be looked at, and its height in mm.</summary>
public sealed record SliceLayer(int Number, string Z);

/// <summary>A slice: time in s, length in mm, mass in g.</summary>
public sealed record SlicePageModel(
    Guid Id, string Design, Guid PrinterId, string Printer, string Material, string Quality, double MotionS, double FilamentMm, double? MassG, int LayerCount, double PixelMm, string Slicer,
    DateTimeOffset SlicedAt, SliceCost? Cost, bool AsksForPrice, IReadOnlyList<SliceLayer> Layers, int Chosen, Guid? LicenceId, IReadOnlyList<PrintCheck> Checks, bool SeesPrinter, bool IsFine)
{
    public bool CanPrint => Checks.All(check => check.Outcome != "refused");
}
