using System.Globalization;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Drawing;
using Touchmark.Engine.Pages;
using Touchmark.Engine.Printers;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Previews;

/// <summary>Slicing before a print is ordered: how long it takes, what it uses and costs, and what its layers look like.</summary>
internal static class PreviewsFeature
{
    public static void AddPreviews(this IServiceCollection services)
    {
        services.AddSingleton<PreviewDesk>();
        services.AddSingleton<SliceRuns>();
        services.AddSingleton<PriceList>();
    }

    public static void MapPreviews(this WebApplication app)
    {
        app.MapPreviewPages();
        app.MapPost("/api/slices", SliceAsync).For(Role.Manufacturer, Role.Operator).Produces<SliceView>().WithRequestTimeout(RequestTime.Upload)
            .WithSummary("Slice what a licence lets you print, without taking a print from it, and wait for the figures.");
        app.MapGet("/api/slices/{id:guid}", async (Guid id, Caller caller, PreviewDesk desk, PriceList prices, CancellationToken cancel) => await ViewAsync(id, caller, desk, prices, cancel))
            .For(Role.Oem, Role.Manufacturer, Role.Operator, Role.Auditor, Role.Admin).Produces<SliceView>().WithSummary("The figures of a slice, and which of its layers can be looked at.");
        app.MapGet("/api/slices/{id:guid}/layers/{number:int}", async (Guid id, int number, Caller caller, PreviewDesk desk, CancellationToken cancel) =>
            (await desk.FindAsync(id, caller, cancel)).Has(out var seen, out var refusal)
                ? (await desk.PicturesAsync(seen)).Pictures.FirstOrDefault(picture => picture.Number == number) is { } found ? Results.Bytes(found.Png, Png.Type) : Refusal.NotFound("layer") : refusal)
            .For(Role.Oem, Role.Manufacturer, Role.Operator, Role.Auditor, Role.Admin).Produces<byte[]>(StatusCodes.Status200OK, Png.Type).WithSummary("A layer of a slice from above, as coarse as whoever asks may see it.");
        app.MapPut("/api/printers/{id:guid}/prices", async (Guid id, Price price, Caller caller, PriceList prices, CancellationToken cancel) =>
            (await prices.SetAsync(id, price, caller, cancel)).ToResult(Results.Ok)).For(Role.Manufacturer).Produces<Price>().WithSummary("Say what an hour and a kilogram cost on a printer of yours.");
        var pages = app.MapPagesFor(Role.Manufacturer);
        pages.MapGet("/printers/{id:guid}/prices", (Guid id, Visit visit, PrinterFleet fleet, PriceList prices, CancellationToken cancel) => PricesAsync(id, visit, fleet, prices, null, cancel));
        pages.MapForm("/printers/{id:guid}/prices", SetPricesAsync);
    }

    private static async Task<IResult> SliceAsync(NewSlice request, Caller caller, SliceRuns runs, PreviewDesk desk, PriceList prices, CancellationToken cancel)
    {
        if (!(await runs.StartAsync(request, caller, cancel)).Has(out var run, out var refusal))
        {
            return refusal;
        }

        await run.Done.WaitAsync(cancel);
        return run.Outcome!.Value.Has(out var slice, out refusal) ? await ViewAsync(slice.Id, caller, desk, prices, cancel) : refusal;
    }

    private static async Task<IResult> ViewAsync(Guid id, Caller caller, PreviewDesk desk, PriceList prices, CancellationToken cancel)
    {
        if (!(await desk.FindAsync(id, caller, cancel)).Has(out var seen, out var refusal))
        {
            return refusal;
        }

        var pictures = await desk.PicturesAsync(seen);
        var price = seen.Printer.OrganisationId == caller.OrganisationId ? await prices.FindAsync(seen.Printer.Id, cancel) : null;
        return Results.Ok(new SliceView(
            id, seen.Design.Id, seen.Design.Name, seen.Printer.Id, seen.Printer.Name, seen.Slice.Material, seen.Slice.Quality, seen.Slice.MotionS, seen.Record.FilamentMm, seen.MassG, price?.Of(seen.Slice.MotionS, seen.MassG)?.Total,
            pictures.Layers, pictures.PixelMm, [.. pictures.Pictures.Select(picture => picture.Number)], seen.Slice.Slicer, seen.Slice.SlicedAt));
    }

    private static async Task<IResult> PricesAsync(Guid id, Visit visit, PrinterFleet fleet, PriceList prices, Refusal? refusal, CancellationToken cancel, IFormCollection? typed = null)
    {
        if (await fleet.FindAsync(id, cancel) is not { } printer || printer.OrganisationId != visit.Caller.OrganisationId)
        {
            return visit.Refuse(Refusal.NotFound("printer"));
        }

        var known = await prices.FindAsync(id, cancel);
        return visit.Show<PricePage>(
            new PriceModel(id, printer.Name, typed?["hour"].ToString() ?? Text(known?.PerHour), typed?["kg"].ToString() ?? Text(known?.PerKg), typed?["currency"].ToString() ?? known?.Currency ?? "EUR"), refusal);

        static string Text(double? number) => number?.ToString("0.##", CultureInfo.InvariantCulture) ?? "";
    }

    private static async Task<IResult> SetPricesAsync(Guid id, HttpContext context, Visit visit, PrinterFleet fleet, PriceList prices, CancellationToken cancel)
    {
        var form = await context.Request.ReadFormAsync(cancel);
        var price = new Price { PerHour = Number(form["hour"]), PerKg = Number(form["kg"]), Currency = form["currency"].ToString().Trim().ToUpperInvariant() };
        return (await prices.SetAsync(id, price, visit.Caller, cancel)).Has(out _, out var refusal) ? Results.Redirect($"/printers/{id:D}") : await PricesAsync(id, visit, fleet, prices, refusal, cancel, form);

        static double Number(string? text) => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) ? value : double.NaN;
    }
}

/// <summary>The prices of a printer, as they are typed.</summary>
public sealed record PriceModel(Guid PrinterId, string Printer, string PerHour, string PerKg, string Currency);

/// <summary>A slice as the API shows it: time in s, length in mm, mass in g.</summary>
internal sealed record SliceView(
    Guid Id, Guid DesignId, string DesignName, Guid PrinterId, string PrinterName, string Material, string Quality, double MotionS, double FilamentMm, double? MassG, string? Cost, int Layers, double PixelMm,
    IReadOnlyList<int> Shown, string Slicer, DateTimeOffset SlicedAt);
